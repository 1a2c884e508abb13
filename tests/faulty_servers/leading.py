"""Faults in where actions lead, and in what is offered at all."""

from __future__ import annotations

from collections import defaultdict

from contract import load_contract
from tests.faulty_servers.faults import fault, free_state, on
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal


@fault("lifecycle.pause-leads")
def pause_switches_off() -> Change:
    """A pause that leads to STOPPED."""
    return on("PUT", "_pause", lambda call, forward: forward(call.at("_off")))


@fault("lifecycle.resume-leads")
def resume_does_nothing() -> Change:
    """A resume that is accepted and forgotten."""

    def answer(call: Call, forward: Forward) -> Answer:
        return Answer(202) if free_state(call, forward) == "PAUSED" else forward(call)

    return on("PUT", "_resume", answer)


@fault("lifecycle.delete-leads")
def delete_keeps_the_instance() -> Change:
    """A delete that is accepted and forgotten."""

    def answer(call: Call, forward: Forward) -> Answer:
        return Answer(204) if free_state(call, forward) == "RUNNING" else forward(call)

    return on("DELETE", "", answer)


@fault("lifecycle.path")
def start_goes_back() -> Change:
    """After a start: RUNNING, then STOPPED once more, then RUNNING for good."""
    looks: dict[str, int] = defaultdict(lambda: 9)

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if (call.method, call.action) == ("PUT", "_start") and honest.status == 202:
            looks[call.root] = 0
        if (call.method, call.action) == ("GET", ""):
            looks[call.root] += 1
            if looks[call.root] == 2:
                return honest.saying({**honest.value, "state": "STOPPED", "synapseState": "Down"})
        return honest

    return answer


@fault("lifecycle.forget-keeps-machine")
def forget_deletes_the_machine() -> Change:
    """A forget that is a delete."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call.at("", "DELETE"))
        return Answer(202) if honest.status == 204 else honest

    return on("PUT", "_forget", answer)


@fault("operations.stop-is-shutdown")
def alias_is_missing() -> Change:
    """A server that never heard of _stop."""
    return lambda call, forward: refusal(404, "no such path") if call.action == "_stop" else forward(call)


@fault(
    "operations.offered",
    "operations.forget-code",
    "operations.import-code",
    "operations.stop-is-shutdown",
    "lock.sets",
)
def nothing_can_be_changed() -> Change:
    """404 for every write that the contract has."""
    writes = {
        (operation.method, operation.path.rpartition("/")[2]) for operation in load_contract().operations.values()
    }

    def answer(call: Call, forward: Forward) -> Answer:
        is_write = call.method != "GET" and (call.method, call.action or "instance") in writes
        return refusal(404, "nothing here") if is_write else forward(call)

    return answer
