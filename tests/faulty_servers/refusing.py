"""Faults in what is refused, and in what a refusal leaves behind."""

from __future__ import annotations

import json
from typing import Any

from tests.faulty_servers.faults import fault, free_state, on
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal


@fault("lifecycle.start-refused")
def start_is_accepted_while_running() -> Change:
    """A start of what runs: 202, and nothing happens."""

    def answer(call: Call, forward: Forward) -> Answer:
        return Answer(202) if free_state(call, forward) == "RUNNING" else forward(call)

    return on("PUT", "_start", answer)


@fault("lifecycle.provision-refused", "operations.provision-code")
def provision_is_accepted_twice() -> Change:
    """A provision of a host with an instance shows that instance."""

    def answer(call: Call, forward: Forward) -> Answer:
        exists = free_state(call, forward) is not None
        return forward(call.at("", "GET")) if exists else forward(call)

    return on("POST", "", answer)


@fault("refused.illegal-trigger")
def refused_resume_starts_the_machine() -> Change:
    """A resume in STOPPED says 409, and starts the machine."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 409:
            forward(call.at("_start"))
        return honest

    return on("PUT", "_resume", answer)


@fault("errors.no-instance", "lifecycle.forget-refused")
def conflict_without_an_instance() -> Change:
    """409 where there is no instance."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return refusal(409, "no instance") if honest.status == 404 and call.method == "PUT" else honest

    return answer


@fault("lock.refuses-triggers")
def lock_locks_nothing() -> Change:
    """`locked` is shown, and everything goes on."""
    locked: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        if call.action in ("lock", "unlock"):
            honest = forward(call.at("unlock"))
            if honest.status != 200:
                return honest
            (locked.add if call.action == "lock" else locked.discard)(call.root)
            return honest.saying({**honest.value, "locked": call.root in locked})
        honest = forward(call)
        if honest.status == 200 and honest.body and "locked" in honest.value:
            return honest.saying({**honest.value, "locked": call.root in locked})
        return honest

    return answer


@fault("refused.bad-body")
def refused_import_makes_an_instance() -> Change:
    """A bad import says 400, and makes an instance without properties."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 400:
            forward(_with_body(call, []))
        return honest

    return on("POST", "properties", answer)


@fault(
    "errors.refused-by-schema",
    "errors.not-json",
    "properties.members-refused",
    "properties.bounds-refused",
    "properties.repeated-key-refused",
)
def import_takes_anything() -> Change:
    """A bad import is taken as one without properties."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return forward(_with_body(call, [])) if honest.status == 400 else honest

    return on("POST", "properties", answer)


def _with_body(call: Call, value: Any) -> Call:
    return Call(call.method, call.path, call.query, json.dumps(value).encode(), call.environ)


@fault("http.unknown-query")
def unknown_queries_are_refused() -> Change:
    """400 for a query parameter."""
    return lambda call, forward: refusal(400, "no parameters, please") if call.query else forward(call)
