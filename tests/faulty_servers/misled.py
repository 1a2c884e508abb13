"""Faults of actions that a query or a body changes, though they read neither."""

from __future__ import annotations

from dataclasses import replace

from tests.faulty_servers.faults import READS, fault, free_state, is_shown
from tests.faulty_servers.middle import Answer, Call, Change, Forward

BY_NOISE = {"only": ("noise",)}


@fault("http.unknown-query", options=BY_NOISE)
def any_query_makes_an_action_a_power_off() -> Change:
    """A resume, a start or a pause with a query powers the machine off."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if call.query and call.action in ("_start", "_pause", "_resume") and honest.status == 202:
            forward(replace(call.at("_off", "PUT"), query="", body=b""))
        return honest

    return answer


@fault("operations.action-body")
def a_body_makes_a_pause_a_power_off() -> Change:
    """A pause with a body powers the machine off."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if call.body and call.action == "_pause" and honest.status == 202:
            forward(replace(call.at("_off", "PUT"), query="", body=b""))
        return honest

    return answer


@fault("http.unknown-query", options=BY_NOISE)
def force_that_is_false_does_nothing() -> Change:
    """202 for a power action with `?force=False`, as the platform's own client sends it, and nothing happens."""

    def answer(call: Call, forward: Forward) -> Answer:
        legal = {"_start": "STOPPED", "_pause": "RUNNING", "_resume": "PAUSED", "_shutdown": "RUNNING"}
        idle = "force=False" in call.query and legal.get(call.action) == free_state(call, forward)
        return Answer(202) if idle and call.method == "PUT" else forward(call)

    return answer


@fault("http.unknown-query", options=BY_NOISE)
def a_delete_with_a_query_only_powers_off() -> Change:
    """204 for a DELETE with a query, and the machine stays, stopped."""

    def answer(call: Call, forward: Forward) -> Answer:
        if (call.method, call.action) != ("DELETE", "") or not call.query:
            return forward(call)
        done = free_state(call, forward) in ("RUNNING", "PAUSED")
        off = forward(replace(call.at("_off", "PUT"), query="", body=b""))
        return Answer(204) if done and off.status == 202 else forward(call)

    return answer


@fault("http.unknown-query", options=BY_NOISE)
def secrets_only_shows_no_properties() -> Change:
    """GET with `?secret_only=True` shows an instance without properties."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if call.method in READS and "secret_only" in call.query and is_shown(honest):
            return honest.saying({**honest.value, "properties": []})
        return honest

    return answer
