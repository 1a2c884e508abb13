"""Faults that show only when requests come together: who looks first and acts later, without a lock in between."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from threading import Condition
from typing import Any

from tests.faulty_servers.faults import fault, free_state
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal

LINGER = 0.03
"""Seconds for which a request waits for another that comes together with it, so that chance has no part in the race."""

BUSY = refusal(409, "busy")


def _in(state: str) -> Mapping[str, Any]:
    """A run that judges the races from a state, and every trigger alone."""
    return {"only": (f"race[{state}]", f"burst[{state}]", "legal", "refused", "pending")}


class Meeting:
    """Where requests that come together meet. Each waits for another kind; if there is one kind only, for its like."""

    def __init__(self, kinds: Collection[str]) -> None:
        self._changed = Condition()
        self._kinds = frozenset(kinds)
        self._present = 0
        self._came: list[str] = []

    @property
    def is_held(self) -> bool:
        """Whether a request is here."""
        with self._changed:
            return self._present > 0

    @contextmanager
    def another(self, kind: str) -> Iterator[bool]:
        """Wait a little for a request that this one races with; whether one came."""
        with self._changed:
            self._present += 1
            self._came.append(kind)
            self._changed.notify_all()
            met = self._changed.wait_for(lambda: self._has_partner(kind), LINGER)
        try:
            yield met
        finally:
            with self._changed:
                self._present -= 1
                if not self._present:
                    self._came.clear()

    def _has_partner(self, kind: str) -> bool:
        partners = (self._kinds - {kind}) or {kind}
        others = list(self._came)
        others.remove(kind)
        return any(other in partners for other in others)


def _racing(legal_in: str | None, calls: tuple[tuple[str, str], ...], late: Change) -> Change:
    """Look at the state, wait for another of these calls, then act. `late` answers for one that is refused by then.

    `legal_in` None: where there is no instance.
    """
    meeting = Meeting([action for _, action in calls])

    def answer(call: Call, forward: Forward) -> Answer:
        if (call.method, call.action) not in calls:
            return forward(call)
        was_legal = _state(call, forward) == legal_in
        with meeting.another(call.action) as met:
            honest = forward(call)
            return late(call, forward) if met and was_legal and honest.status in (404, 409) else honest

    return answer


def _state(call: Call, forward: Forward) -> str | None:
    """The state of the instance; None without one, LOCKED when it is locked."""
    shown = forward(call.at("", "GET"))
    if shown.status == 404:
        return None
    return free_state(call, forward) or "LOCKED"


def _show(call: Call, forward: Forward) -> Answer:
    """The instance that is there, as if it were the one that was asked for."""
    shown = forward(call.at("", "GET"))
    return shown.saying({**shown.value, "state": "RUNNING" if call.action == "" else shown.value["state"]})


def _always(answer: Answer) -> Change:
    def change(call: Call, forward: Forward) -> Answer:
        return answer

    return change


@fault("race.linearizable", options=_in("STOPPED"))
def two_starts_both_win() -> Change:
    """Of two starts that come together both are accepted."""
    return _racing("STOPPED", (("PUT", "_start"),), _always(Answer(202)))


@fault("race.linearizable", options=_in("ABSENT"))
def two_provisions_both_win() -> Change:
    """Of two provisions that come together both are accepted."""
    return _racing(None, (("POST", ""),), _show)


@fault("race.linearizable", options=_in("ABSENT"))
def provision_and_import_both_win() -> Change:
    """Of a provision and an import that come together both are accepted."""
    return _racing(None, (("POST", ""), ("POST", "properties")), _show)


@fault("race.linearizable", options=_in("RUNNING"))
def two_deletes_both_win() -> Change:
    """Of two deletes that come together both say that they deleted."""
    return _racing("RUNNING", (("DELETE", ""),), _always(Answer(204)))


@fault("race.linearizable", options=_in("RUNNING"))
def pause_and_shutdown_both_win() -> Change:
    """A pause and a shutdown that come together are both accepted, and one of them is lost."""
    return _racing("RUNNING", (("PUT", "_pause"), ("PUT", "_shutdown")), _always(Answer(202)))


@fault("race.linearizable", options=_in("RUNNING"))
def alias_has_a_lock_of_its_own() -> Change:
    """A shutdown and a stop that come together are both accepted, as if they were two things."""
    return _racing("RUNNING", (("PUT", "_shutdown"), ("PUT", "_stop")), _always(Answer(202)))


@fault("race.linearizable", options=_in("RUNNING"))
def two_pauses_both_lose() -> Change:
    """Of two pauses that come together none is accepted: each is told that the other is on its way."""
    return _together(("_pause",), _always(BUSY))


@fault("race.linearizable", options=_in("PAUSED"))
def off_is_lost_to_a_resume() -> Change:
    """Switching off while a resume is on its way is accepted, and the resume wins in the end."""

    def lost(call: Call, forward: Forward) -> Answer:
        return Answer(202) if call.action == "_off" else forward(call)

    return _together(("_resume", "_off"), lost, legal_in="PAUSED")


@fault("race.linearizable", options=_in("RUNNING"))
def a_refused_pause_takes_effect() -> Change:
    """A pause that comes together with a reboot is refused, and the machine is paused all the same."""

    def refused(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return BUSY if call.action == "_pause" else honest

    return _together(("_pause", "_reboot"), refused)


@fault("race.whole-reads", options=_in("RUNNING"))
def a_look_during_a_reboot_sees_it_paused() -> Change:
    """A look while a reboot is being accepted shows a state that no way leads through."""
    return _torn("_reboot", lambda shown: {**shown, "state": "PAUSED", "synapseState": "Down"})


@fault("race.whole-reads", options=_in("RUNNING"))
def a_look_during_a_reboot_sees_half() -> Change:
    """A look while a reboot is being accepted shows an instance without its properties."""
    return _torn("_reboot", lambda shown: {name: value for name, value in shown.items() if name != "properties"})


def _together(actions: tuple[str, ...], change: Change, legal_in: str = "RUNNING") -> Change:
    """Another answer to one of these actions, when it is legal and comes together with another of them."""
    meeting = Meeting(actions)

    def answer(call: Call, forward: Forward) -> Answer:
        if call.method != "PUT" or call.action not in actions:
            return forward(call)
        was_legal = _state(call, forward) == legal_in
        with meeting.another(call.action) as met:
            return (change if met and was_legal else _pass_on)(call, forward)

    return answer


def _pass_on(call: Call, forward: Forward) -> Answer:
    return forward(call)


def _torn(action: str, change: Callable[[dict[str, object]], object]) -> Change:
    """Another representation in looks that come while an action lingers."""
    meeting = Meeting((action,))

    def answer(call: Call, forward: Forward) -> Answer:
        if (call.method, call.action) == ("PUT", action) and _state(call, forward) == "RUNNING":
            with meeting.another(action):
                return forward(call)
        honest = forward(call)
        torn = (call.method, call.action) == ("GET", "") and honest.status == 200 and meeting.is_held
        return honest.saying(change(honest.value)) if torn else honest

    return answer
