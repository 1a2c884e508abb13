"""Faults in where actions lead, and in what is offered at all."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

from contract import load_contract
from tests.faulty_servers.faults import SLOW, add, fault, free_state, is_shown, on, put
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal

# ---- an action that does what another does, where it is legal

MEANT = (
    ("_pause", "RUNNING", ("_off",), "lifecycle.pause-leads", "A pause that leads to STOPPED"),
    ("_resume", "PAUSED", ("_off",), "lifecycle.resume-leads", "A resume that switches the machine off"),
    ("_shutdown", "RUNNING", ("_pause",), "lifecycle.shutdown-leads", "A shutdown that leads to PAUSED"),
    ("_stop", "RUNNING", ("_pause",), "operations.stop-is-shutdown", "A _stop that leads to PAUSED"),
    ("_stop", "RUNNING", ("_reboot",), "operations.stop-is-shutdown", "A _stop that reboots"),
    ("_reboot", "RUNNING", ("_off",), "lifecycle.reboot-leads", "A reboot that leads to STOPPED"),
    ("_off", "RUNNING", ("_pause",), "lifecycle.off-leads", "An off that leads to PAUSED"),
    ("_off", "PAUSED", ("_resume",), "lifecycle.off-leads", "An off that lets a paused machine run"),
    ("_start", "STOPPED", ("_start", "_pause"), "lifecycle.start-leads", "A start that leads to PAUSED"),
)


def _does(action: str, state: str, instead: tuple[str, ...]) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        if free_state(call, forward) != state:
            return forward(call)
        return [forward(call.at(one)) for one in instead][-1]

    return on("PUT", action, answer)


for _action, _state, _instead, _rule, _says in MEANT:
    add(
        f"{_action[1:]}-leads-elsewhere-by-{_instead[-1][1:]}-from-{_state}",
        f"{_says}.",
        (_rule,),
        partial(_does, _action, _state, _instead),
    )

# ---- an action that is accepted and forgotten, where it is legal

FORGOTTEN = (
    ("PUT", "_start", "STOPPED", 202, "lifecycle.start-leads"),
    ("PUT", "_pause", "RUNNING", 202, "lifecycle.pause-leads"),
    ("PUT", "_resume", "PAUSED", 202, "lifecycle.resume-leads"),
    ("PUT", "_shutdown", "RUNNING", 202, "lifecycle.shutdown-leads"),
    ("PUT", "_stop", "RUNNING", 202, "operations.stop-is-shutdown"),
    ("PUT", "_off", "PAUSED", 202, "lifecycle.off-leads"),
    ("PUT", "_forget", "STOPPED", 202, "lifecycle.forget-leads"),
    ("DELETE", "", "RUNNING", 204, "lifecycle.delete-leads"),
    ("DELETE", "", "UNDEFINED", 204, "lifecycle.delete-leads"),
)


def _nothing(method: str, action: str, state: str, status: int) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        return Answer(status) if free_state(call, forward) == state else forward(call)

    return on(method, action, answer)


for _method, _action, _state, _status, _rule in FORGOTTEN:
    add(
        f"{_action[1:] or 'delete'}-in-{_state}-does-nothing",
        f"{_method} .../{_action or 'instance'} in {_state} is accepted and forgotten.",
        (_rule,),
        partial(_nothing, _method, _action, _state, _status),
    )


@fault("lifecycle.provision-leads")
def provision_leads_to_stopped() -> Change:
    """A provision makes a machine that nobody has started yet."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 200:
            forward(call.at("_off", "PUT"))
        return honest

    return on("POST", "", answer)


@fault("lifecycle.provision-leads", settings=SLOW)
def provision_never_ends() -> Change:
    """A machine that was provisioned stays PENDING."""
    made: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if (call.method, call.action, honest.status) == ("POST", "", 200):
            made.add(call.root)
        elif call.method not in ("GET", "HEAD") and honest.status < 300:
            made.discard(call.root)
        if call.root in made and is_shown(honest):
            shown = honest.value
            put(shown, "PENDING")
            return honest.saying(shown)
        return honest

    return answer


@fault("operations.provision-makes-instance")
def provision_makes_nothing() -> Change:
    """A provision answers with an instance that is nowhere then."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 200:
            forward(call.at("", "DELETE"))
        return honest

    return on("POST", "", answer)


@fault("operations.import-makes-instance")
def import_makes_nothing() -> Change:
    """An import answers with an instance that is nowhere then."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 200:
            forward(call.at("", "DELETE"))
        return honest

    return on("POST", "properties", answer)


@fault("lifecycle.import-leads")
def import_provisions_a_machine() -> Change:
    """An import of a machine that no hypervisor knows makes one, which runs and has the properties that were sent."""
    sent: dict[str, list[dict[str, str]]] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if (call.method, call.action, honest.status) == ("POST", "properties", 200):
            if honest.value["state"] == "UNDEFINED":
                forward(call.at("", "DELETE"))
                honest = forward(replace(call.at(""), body=b""))
                sent[call.root] = json.loads(call.body)
        elif call.method not in ("GET", "HEAD") and honest.status in (200, 204):
            sent.pop(call.root, None)
        rows = sent.get(call.root)
        if not rows or not is_shown(honest):
            return honest
        keys = {row["key"] for row in rows}
        own = [row for row in honest.value["properties"] if row["key"] not in keys]
        return honest.saying({**honest.value, "properties": [*own, *rows]})

    return answer


@fault("lifecycle.import-leads")
def import_finds_a_running_machine_stopped() -> Change:
    """An import switches off what it finds running."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 200:
            forward(call.at("_off", "PUT"))
            return forward(call.at("", "GET"))
        return honest

    return on("POST", "properties", answer)


def hides(state: str, looks: int) -> Change:
    """A delete that hides an instance in a state for so many looks, and deletes nothing."""
    hidden: dict[str, int] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        if (call.method, call.action) == ("DELETE", "") and free_state(call, forward) == state:
            hidden[call.root] = looks
            return Answer(204)
        if call.method == "GET" and hidden.get(call.root, 0) > 0:
            hidden[call.root] -= 1
            return refusal(404, "there is no instance")
        return forward(call)

    return answer


for _name, _looks in (("delete-is-hidden-for-a-look", 1), ("delete-is-hidden-for-two-looks", 2)):
    add(
        _name,
        f"A machine that is deleted while STOPPED is there again after {_looks} looks.",
        ("lifecycle.delete-leads",),
        partial(hides, "STOPPED", _looks),
    )


# ---- forget


@fault("lifecycle.forget-keeps-machine")
def forget_deletes_the_machine() -> Change:
    """A forget that is a delete."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call.at("", "DELETE"))
        return Answer(202) if honest.status == 204 else honest

    return on("PUT", "_forget", answer)


@fault("lifecycle.import-leads")
def forget_switches_off() -> Change:
    """A running machine that was forgotten is stopped, as a later import shows."""

    def answer(call: Call, forward: Forward) -> Answer:
        if free_state(call, forward) == "RUNNING":
            forward(call.at("_off"))
        return forward(call)

    return on("PUT", "_forget", answer)


# ---- what is not offered


def _missing(method: str, action: str, status: int) -> Change:
    return on(method, action, lambda _, __: refusal(status, "no such path"))


for _name, _method, _action, _status, _rule in (
    ("alias-is-missing", "PUT", "_stop", 404, "operations.stop-is-shutdown"),
    ("pause-is-missing", "PUT", "_pause", 404, "operations.offered"),
    ("start-is-missing", "PUT", "_start", 404, "operations.offered"),
    ("off-is-missing", "PUT", "_off", 404, "operations.offered"),
    ("delete-is-missing", "DELETE", "", 404, "operations.offered"),
):
    add(
        _name,
        f"{_method} .../{_action or 'instance'} gets {_status}, always.",
        (_rule,),
        partial(_missing, _method, _action, _status),
    )


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


@fault("representation.read-only-ignored")
def provision_takes_the_state_of_the_body() -> Change:
    """A provision with a `state` of PAUSED makes a machine that is PAUSED."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 200 and _member(call.body, "state") == "PAUSED":
            forward(call.at("_pause", "PUT"))
        return honest

    return on("POST", "", answer)


@fault("representation.read-only-ignored")
def provision_takes_the_lock_of_the_body() -> Change:
    """A provision with `locked` makes an instance that is locked."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 200 and _member(call.body, "locked") is True:
            forward(call.at("lock"))
        return honest

    return on("POST", "", answer)


@fault("representation.read-only-ignored")
def provision_takes_the_properties_of_the_body() -> Change:
    """A provision with properties makes a machine with these values of them."""
    taken: dict[str, dict[str, str]] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if (call.method, call.action, honest.status) == ("POST", "", 200):
            rows = _member(call.body, "properties")
            taken[call.root] = {row["key"]: row["value"] for row in rows} if isinstance(rows, list) else {}
        if not is_shown(honest):
            return honest
        shown = honest.value
        for row in shown["properties"]:
            row["value"] = taken.get(call.root, {}).get(row["key"], row["value"])
        return honest.saying(shown)

    return answer


def _member(body: bytes, name: str) -> object:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value.get(name) if isinstance(value, dict) else None
