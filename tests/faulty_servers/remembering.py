"""Faults that only a history shows: these servers are right the first time, and remember too much or too little.

A memory is that of one instance, from its provision or import to its end, unless a fault says otherwise.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.faulty_servers.faults import fault, free_state
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal

WALKED = {"only": ("histories",), "max_examples": 12}
"""Options of a run that sees them: walks at random, long enough to meet what was there before."""

POWER = ("_start", "_pause", "_resume", "_shutdown", "_stop", "_reboot", "_off")


class Past:
    """What was accepted for each instance, in its order; empty again when the instance goes."""

    def __init__(self) -> None:
        self._accepted: dict[str, list[str]] = defaultdict(list)

    def of(self, call: Call) -> list[str]:
        """The accepted actions on this instance."""
        return self._accepted[call.root]

    def note(self, call: Call, answer: Answer) -> None:
        """Remember what was accepted."""
        if call.method == "GET" or not 200 <= answer.status < 300:
            return
        if call.method == "DELETE" or call.action in ("", "properties", "_forget"):
            self._accepted[call.root].clear()
        else:
            self._accepted[call.root].append(call.action)


def after(enough: Callable[[list[str]], bool], instead: Change) -> Change:
    """A server that is right until an instance has seen enough."""
    past = Past()

    def answer(call: Call, forward: Forward) -> Answer:
        given = (instead if enough(past.of(call)) else _honest)(call, forward)
        past.note(call, given)
        return given

    return answer


def _honest(call: Call, forward: Forward) -> Answer:
    return forward(call)


def _shown(change: Callable[[dict[str, Any]], None]) -> Change:
    """A fault in the representation that GET shows."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if (call.method, call.action, honest.status) != ("GET", "", 200) or not honest.body:
            return honest
        shown = honest.value
        change(shown)
        return honest.saying(shown)

    return answer


def _instead_of(action: str, state: str, give: Callable[[Call, Forward], Answer]) -> Change:
    """Another answer to an action in the state in which it is legal."""

    def answer(call: Call, forward: Forward) -> Answer:
        hit = call.method == "PUT" and call.action == action and free_state(call, forward) == state
        return give(call, forward) if hit else forward(call)

    return answer


@fault("lifecycle.pause-leads", options=WALKED)
def an_instance_pauses_once() -> Change:
    """The second pause of an instance is a conflict."""
    conflict = _instead_of("_pause", "RUNNING", lambda _, __: refusal(409, "it was paused before"))
    return after(lambda past: "_pause" in past, conflict)


@fault("lifecycle.resume-leads", options=WALKED)
def the_second_resume_gets_lost() -> Change:
    """The second resume of an instance is accepted and forgotten."""
    return after(lambda past: "_resume" in past, _instead_of("_resume", "PAUSED", lambda _, __: Answer(202)))


@fault("lifecycle.start-leads", options=WALKED)
def actions_are_counted_to_eight() -> Change:
    """After eight actions a start leaves the machine off: a counter that overflows."""
    return after(
        lambda past: sum(action in POWER for action in past) >= 8,
        _instead_of("_start", "STOPPED", lambda _, __: Answer(202)),
    )


@fault("properties.kept", options=WALKED)
def mac_changes_with_the_third_restart() -> Change:
    """The machine gets another mac when it was started or rebooted three times."""

    def renumber(shown: dict[str, Any]) -> None:
        for row in shown["properties"]:
            row["value"] = "00:50:56:ff:ff:ff" if row["key"] == "mac" else row["value"]

    return after(lambda past: sum(action in ("_start", "_reboot") for action in past) == 3, _shown(renumber))


@fault("properties.kept", options=WALKED)
def four_power_cycles_wear_the_queue_out() -> Change:
    """After four starts the machine has no message queue any more."""

    def lose(shown: dict[str, Any]) -> None:
        shown["properties"] = [row for row in shown["properties"] if row["key"] != "amqp.user_queue"]

    return after(lambda past: past.count("_start") >= 4, _shown(lose))


@fault("identity.new-on-provision", options=WALKED)
def machines_come_back_from_a_pool() -> Change:
    """Every third provision gets the mac of the machine before it."""
    made: Counter[str] = Counter()

    def answer(call: Call, forward: Forward) -> Answer:
        given = forward(call)
        if (call.method, call.action) == ("POST", "") and given.status == 200:
            made[call.root] += 1
        if given.status != 200 or not given.body or "properties" not in given.value:
            return given
        shown, number = given.value, made[call.root]
        for row in shown["properties"]:
            if row["key"] == "mac":
                row["value"] = f"00:50:56:00:00:{number - (number % 3 == 0):02x}"
        return given.saying(shown)

    return answer


@fault("identity.new-on-provision", options=WALKED)
def an_imported_uuid_outlives_its_instance() -> Change:
    """A machine that is made after an import was deleted has the libvirt.uuid of that import."""
    last: dict[str, str] = {}
    names: dict[str, tuple[bytes, bytes]] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        real, shown = names.get(call.root, (b"", b""))
        given = forward(replace(call, body=call.body.replace(shown, real) if shown else call.body))
        if given.status == 200 and call.method == "POST" and call.action in ("", "properties"):
            machine = next((row["value"] for row in given.value["properties"] if row["key"] == "libvirt.uuid"), "")
            if call.action and not shown:
                last[call.root] = machine
            elif not call.action and last.get(call.root):
                real, shown = names[call.root] = (machine.encode(), last.pop(call.root).encode())
        if given.status == 204:
            names.pop(call.root, None)
        return replace(given, body=given.body.replace(real, shown) if shown else given.body)

    return answer


@fault("lock.refuses-triggers", options=WALKED)
def a_lock_wears_out() -> Change:
    """The second trigger under a lock is refused, and takes the lock off."""
    refused: Counter[str] = Counter()

    def answer(call: Call, forward: Forward) -> Answer:
        locked = forward(call.at("", "GET"))
        under = locked.status == 200 and locked.value["locked"]
        given = forward(call)
        if call.action in ("lock", "unlock"):
            refused[call.root] = 0
        elif under and given.status == 409 and call.method != "GET":
            refused[call.root] += 1
            if refused[call.root] == 2:
                forward(call.at("unlock", "POST"))
        return given

    return answer


@fault("lock.sets", options=WALKED)
def a_lock_locks_once() -> Change:
    """An instance that was locked and unlocked is never locked again, whatever is answered."""

    def deaf(call: Call, forward: Forward) -> Answer:
        return forward(call.at("", "GET") if call.action == "lock" else call)

    return after(lambda past: "unlock" in past and "lock" in past[: past.index("unlock")], deaf)


@fault("lifecycle.forget-keeps-machine", options=WALKED)
def a_machine_is_forgotten_once() -> Change:
    """A machine that was forgotten, found and forgotten again is lost."""
    times: Counter[str] = Counter()

    def answer(call: Call, forward: Forward) -> Answer:
        if (call.method, call.action) != ("PUT", "_forget"):
            return forward(call)
        shown = forward(call.at("", "GET"))
        machine = next((row["value"] for row in _rows(shown) if row["key"] == "libvirt.uuid"), "")
        if times[machine] and free_state(call, forward) not in (None, "UNDEFINED"):
            gone = forward(call.at("", "DELETE"))
            return Answer(202) if gone.status == 204 else gone
        given = forward(call)
        times[machine] += given.status == 202
        return given

    return answer


def _rows(answer: Answer) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = answer.value["properties"] if answer.status == 200 else []
    return rows


@fault("agent.down-unless-running", options=WALKED)
def the_agent_stays_up_once_resumed() -> Change:
    """The agent of a machine that was resumed before is Up in every state."""
    return after(lambda past: "_resume" in past, _shown(lambda shown: shown.update(synapseState="Up")))


@fault("lifecycle.pause-leads", options=WALKED)
def a_refused_resume_is_made_up_for() -> Change:
    """A resume that was refused is remembered, and made as soon as the machine is paused."""
    owed: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        given = forward(call)
        if call.action == "_resume" and given.status == 409 and free_state(call, forward) == "RUNNING":
            owed.add(call.root)
        if given.status == 204:
            owed.discard(call.root)
        if call.root in owed and call.action == "_pause" and given.status == 202:
            owed.discard(call.root)
            forward(call.at("_resume", "PUT"))
        return given

    return answer


@fault("robustness.no-server-error", options=WALKED)
def the_log_of_an_instance_is_full() -> Change:
    """After a dozen actions an instance answers 500 to the next pause."""
    return after(
        lambda past: len(past) >= 12,
        _instead_of("_pause", "RUNNING", lambda _, __: refusal(500, "Internal Server Error")),
    )
