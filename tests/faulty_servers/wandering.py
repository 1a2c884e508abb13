"""Faults in the states that a poller sees on the way, afterwards, and in what is taken on the way."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.faulty_servers.faults import (
    READS,
    SLOW,
    add,
    fault,
    free_state,
    is_shown,
    on,
    per_instance,
    script,
    shows_late,
    state_of,
)
from tests.faulty_servers.leading import hides
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal

# ---- what an action really does: at once, then before the looks that follow

SCRIPTS: tuple[tuple[str, str, str, tuple[tuple[str, ...], ...]], ...] = (
    ("start-goes-back", "PUT", "_start", ((), (), ("_off",), ("_start",))),
    ("start-is-paused-on-its-way", "PUT", "_start", (("_pause",), (), ("_resume",))),
    ("reboot-goes-by-stopped", "PUT", "_reboot", (("_off",), (), ("_start",))),
    ("reboot-ends-and-goes-by-stopped", "PUT", "_reboot", ((), (), ("_off",), ("_start",))),
    ("pause-goes-by-stopped", "PUT", "_pause", (("_off",), (), ("_start", "_pause"))),
    ("resume-is-paused-again", "PUT", "_resume", ((), (), ("_pause",), ("_resume",))),
    ("shutdown-runs-again", "PUT", "_shutdown", ((), (), ("_start",), ("_shutdown",))),
    ("off-runs-again", "PUT", "_off", ((), (), ("_start",), ("_off",))),
    ("provision-is-stopped-on-its-way", "POST", "", (("_off",), (), ("_start",))),
)

for _name, _method, _action, _steps in SCRIPTS:
    add(
        _name,
        f"{_method} .../{_action or 'instance'} does, before the looks that follow: "
        f"{'; '.join(', '.join(step) or 'nothing' for step in _steps)}.",
        ("lifecycle.path",),
        partial(script, _method, _action, *_steps),
    )


@fault("lifecycle.path", settings=SLOW)
def provision_reboots_when_it_has_arrived() -> Change:
    """A new machine is RUNNING in one look, and PENDING once more in the next."""
    fresh: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if call.method not in READS and honest.status < 300:
            (fresh.add if (call.method, call.action) == ("POST", "") else fresh.discard)(call.root)
        elif call.root in fresh and call.action == "" and b'"RUNNING"' in honest.body:
            fresh.discard(call.root)
            forward(call.at("_reboot", "PUT"))
        return honest

    return answer


@fault("lifecycle.path", settings={"timing": "polls:2"})
def every_way_is_shown_as_undefined() -> Change:
    """UNDEFINED instead of PENDING."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if call.method != "GET" or not is_shown(honest) or honest.value["state"] != "PENDING":
            return honest
        return honest.saying({**honest.value, "state": "UNDEFINED"})

    return answer


@fault("lifecycle.path", settings=SLOW)
def a_reboot_looks_stopped_after_a_refusal() -> Change:
    """A machine that reboots is STOPPED in the one look that comes after a refusal."""

    def change(kept: dict[str, Any], call: Call, honest: Answer) -> Answer | None:
        if call.method not in READS:
            kept["reboots"] = call.action == "_reboot" if honest.status < 300 else kept.get("reboots", False)
            kept["refused"] = honest.status == 409
            return None
        if not kept.get("reboots") or not is_shown(honest) or not kept.pop("refused", False):
            return None
        return honest.saying({**honest.value, "state": "STOPPED"}) if honest.value["state"] == "PENDING" else None

    return per_instance(change)


@fault("representation.known-state", settings=SLOW)
def a_way_has_a_state_of_its_own() -> Change:
    """STARTING instead of PENDING after a start."""

    def change(kept: dict[str, Any], call: Call, honest: Answer) -> Answer | None:
        if call.method not in READS and honest.status < 300:
            kept["starts"] = call.action == "_start"
        if not kept.get("starts") or not is_shown(honest) or honest.value["state"] != "PENDING":
            return None
        return honest.saying({**honest.value, "state": "STARTING"})

    return per_instance(change)


# ---- settled, and then not


@fault("lifecycle.start-leads")
def start_falls_back() -> Change:
    """A start arrives in RUNNING, and before the third look the machine is STOPPED."""
    return script("PUT", "_start", (), (), (), ("_off",))


@fault("lifecycle.quiet")
def a_paused_machine_wakes_when_looked_at() -> Change:
    """A paused machine that is looked at five times in a row goes on."""
    return _at_look(5, "PAUSED", "_resume")


@fault("lifecycle.quiet")
def a_running_machine_falls_asleep_when_looked_at() -> Change:
    """A running machine that is looked at five times in a row is paused."""
    return _at_look(5, "RUNNING", "_pause")


def _at_look(number: int, state: str, action: str) -> Change:
    looks: dict[str, int] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        if (call.method, call.action) != ("GET", ""):
            looks[call.root] = 0
            return forward(call)
        looks[call.root] = looks.get(call.root, 0) + 1
        if looks[call.root] >= number and free_state(call, forward) == state:
            forward(call.at(action, "PUT"))
        return forward(call)

    return answer


@fault("lifecycle.quiet")
def a_stopped_machine_counts_its_looks() -> Change:
    """A property has another value in each look, once a stopped machine was looked at five times in a row."""
    looks = counted = 0

    def answer(call: Call, forward: Forward) -> Answer:
        nonlocal looks, counted
        honest = forward(call)
        looks = looks + 1 if (call.method, call.action) == ("GET", "") else 0
        if not is_shown(honest):
            return honest
        if looks >= 5 and b'"STOPPED"' in honest.body:
            counted += 1
        others = [row for row in honest.value["properties"] if row["key"] != COUNTER]
        return honest.saying({**honest.value, "properties": [*others, {"key": COUNTER, "value": str(counted)}]})

    return answer


COUNTER = "statistics.reads"


# ---- what is taken, and what is refused, on the way


def _pending(method: str, action: str, instead: Answer) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        return instead if state_of(call, forward) == "PENDING" else forward(call)

    return on(method, action, answer)


def _taken(method: str, action: str, instead: Answer) -> Change:
    """Take what is refused while PENDING, without a look: it would bring the end of the way nearer."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return instead if honest.status == 409 and b"it is PENDING" in honest.body else honest

    return on(method, action, answer)


ON_ITS_WAY = (
    ("off-is-refused-on-the-way", "PUT", "_off", refusal(409, "PENDING"), "lifecycle.pending-accepts"),
    ("delete-is-refused-on-the-way", "DELETE", "", refusal(409, "PENDING"), "lifecycle.pending-accepts"),
    ("forget-is-refused-on-the-way", "PUT", "_forget", refusal(409, "PENDING"), "lifecycle.pending-accepts"),
    ("start-is-taken-on-the-way", "PUT", "_start", Answer(202), "lifecycle.pending-refuses"),
    ("pause-is-taken-on-the-way", "PUT", "_pause", Answer(202), "lifecycle.pending-refuses"),
    ("resume-is-taken-on-the-way", "PUT", "_resume", Answer(202), "lifecycle.pending-refuses"),
    ("reboot-is-taken-on-the-way", "PUT", "_reboot", Answer(202), "lifecycle.pending-refuses"),
    ("shutdown-is-taken-on-the-way", "PUT", "_shutdown", Answer(202), "lifecycle.pending-refuses"),
)

for _name, _method, _action, _instead, _rule in ON_ITS_WAY:
    add(
        _name,
        f"{_method} .../{_action or 'instance'} gets {_instead.status} while PENDING.",
        (_rule,),
        partial(_taken if _instead.status == 202 else _pending, _method, _action, _instead),
        SLOW,
    )


@fault("lifecycle.pending-accepts", settings=SLOW)
def off_is_refused_on_a_way_that_shows_late() -> Change:
    """For 5 ms after an action the state before it is shown, then PENDING, in which off gets 409."""
    return shows_late(_pending("PUT", "_off", refusal(409, "PENDING")))


@fault("lifecycle.pending-refuses", settings=SLOW)
def provision_is_taken_on_the_way() -> Change:
    """A second provision while PENDING shows the instance that is being made."""

    def answer(call: Call, forward: Forward) -> Answer:
        shown = forward(call.at("", "GET"))
        return shown if b'"PENDING"' in shown.body and b'"locked":false' in shown.body else forward(call)

    return on("POST", "", answer)


@fault("lifecycle.pending-delete", settings=SLOW)
def delete_on_the_way_is_undone_by_its_end() -> Change:
    """An instance that is deleted while PENDING is hidden for a look, and there again as the action ends."""
    return hides("PENDING", 1)


@fault("lifecycle.forget-lets-settle", settings=SLOW)
def forget_on_the_way_stops_the_machine() -> Change:
    """A machine that is forgotten while PENDING is switched off."""

    def answer(call: Call, forward: Forward) -> Answer:
        if free_state(call, forward) == "PENDING":
            forward(call.at("_off"))
        return forward(call)

    return on("PUT", "_forget", answer)


@fault("lifecycle.off-leads", settings=SLOW)
def off_on_the_way_is_lost() -> Change:
    """An off while PENDING is accepted, and the machine arrives where it was going."""
    return _pending("PUT", "_off", Answer(202))
