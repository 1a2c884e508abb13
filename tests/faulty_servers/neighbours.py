"""Faults that reach the instance of another host: an update without the host, a lock or a queue for all."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from tests.faulty_servers.faults import READS, add, fault, free_state, is_shown
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal
from tests.suite.judging import HOST, VACANT

TWO: dict[str, Any] = {"hosts": (HOST, VACANT)}


class Roots:
    """The instances that were asked for, by any call."""

    def __init__(self) -> None:
        self._seen: dict[str, Call] = {}

    def others(self, call: Call) -> list[Call]:
        """A call at each of the others."""
        self._seen[call.root] = call
        return [other for root, other in self._seen.items() if root != call.root]


def _for_all(action: str, state: str) -> Change:
    """An accepted action is done to the machines of all hosts that are in the state."""
    roots = Roots()

    def answer(call: Call, forward: Forward) -> Answer:
        others = roots.others(call)
        hit = (call.method, call.action) == ("PUT", action) and free_state(call, forward) == state
        honest = forward(call)
        if hit and honest.status == 202:
            for other in others:
                if free_state(other, forward) == state:
                    forward(other.at(action, "PUT"))
        return honest

    return answer


for _action, _state in (("_start", "STOPPED"), ("_resume", "PAUSED"), ("_off", "PAUSED")):
    add(
        f"{_action[1:]}-of-all-that-are-{_state}",
        f"PUT .../{_action} in {_state} is done to the machines of all hosts in {_state}.",
        ("isolation.other-hosts",),
        partial(_for_all, _action, _state),
        options=TWO,
    )


@fault("isolation.other-hosts", options=TWO)
def one_lock_for_all_hosts() -> Change:
    """While an instance is locked, no action on any other host is accepted."""
    roots = Roots()

    def answer(call: Call, forward: Forward) -> Answer:
        others = roots.others(call)
        if call.method == "PUT" and free_state(call, forward):
            shown = [forward(other.at("", "GET")) for other in others]
            if any(one.status == 200 and one.value["locked"] for one in shown):
                return refusal(409, "locked")
        return forward(call)

    return answer


@fault("isolation.other-hosts", options=TWO)
def one_worker_for_all_hosts() -> Change:
    """An action is refused while the one before it, on another host, was not looked at yet."""
    busy: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        if call.method in READS:
            busy.discard(call.root)
            return forward(call)
        if call.method == "PUT" and busy - {call.root} and free_state(call, forward):
            return refusal(409, "busy")
        honest = forward(call)
        if call.method == "PUT" and honest.status == 202:
            busy.add(call.root)
        return honest

    return answer


@fault("identity.distinct", options={**TWO, "only": ("legal", "two-hosts", "new-machine")})
def macs_are_counted_for_each_host() -> Change:
    """The n-th machine of a host has the n-th mac, whichever the host."""
    made: Counter[str] = Counter()

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if (call.method, call.action, honest.status) == ("POST", "", 200):
            made[call.root] += 1
        if not is_shown(honest) or b'"mac"' not in honest.body:
            return honest
        shown = honest.value
        for row in shown["properties"]:
            if row["key"] == "mac" and row["value"]:
                row["value"] = f"00:50:56:00:{made[call.root] >> 8:02x}:{made[call.root] & 255:02x}"
        return honest.saying(shown)

    return answer
