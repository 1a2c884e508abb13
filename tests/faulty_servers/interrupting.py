"""Faults of what comes while an instance is on its way: a lock, a power off, a delete, a forget, an import."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.faulty_servers.faults import READS, SLOW, add, fault, free_state, is_shown, on, per_instance, state_of
from tests.faulty_servers.leading import hides
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal

# ---- the lock


@fault("lock.sets", "operations.documented-answers", settings=SLOW)
def lock_on_the_way_conflicts() -> Change:
    """409 for the lock of an instance that is PENDING."""

    def answer(call: Call, forward: Forward) -> Answer:
        return refusal(409, "not while PENDING") if state_of(call, forward) == "PENDING" else forward(call)

    return on("POST", "lock", answer)


@fault("lock.sets", settings=SLOW)
def a_lock_falls_off_as_the_action_ends() -> Change:
    """The end of an action writes the record as it was when the action began: a lock that came meanwhile is lost."""
    locked: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if not is_shown(honest):
            return honest
        if call.action == "unlock":
            locked.discard(call.root)
        elif call.action == "lock" and honest.value["state"] == "PENDING":
            locked.add(call.root)
        elif call.root in locked and honest.value["state"] != "PENDING":
            locked.discard(call.root)
            forward(call.at("unlock", "POST"))
            return forward(call.at("", "GET"))
        return honest

    return answer


@fault("lock.refuses-triggers", settings=SLOW)
def off_is_taken_on_the_way_though_locked() -> Change:
    """The way out of an action that hangs is open under a lock, too."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status != 409 or state_of(call, forward) != "PENDING" or free_state(call, forward):
            return honest
        forward(call.at("unlock", "POST"))
        taken = forward(call)
        forward(call.at("lock", "POST"))
        return taken

    return on("PUT", "_off", answer)


# ---- the end, after one kind of action


def _after(action: str, method: str, at: str, instead: Change) -> Change:
    """Another answer on an instance that is on its way by this action, unlocked."""
    last: dict[str, str] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        hit = (call.method, call.action) == (method, at) and last.get(call.root) == action
        change = instead if hit and free_state(call, forward) == "PENDING" else _honest
        given = change(call, forward)
        if call.method not in READS and given.status < 300 and call.action not in ("lock", "unlock"):
            last[call.root] = call.action
        return given

    return answer


def _honest(call: Call, forward: Forward) -> Answer:
    return forward(call)


@fault("lifecycle.pending-delete", settings=SLOW)
def the_end_of_a_reboot_undoes_a_delete() -> Change:
    """A machine that is deleted while it reboots is there again after a look."""
    hidden = hides("PENDING", 1)
    last: dict[str, str] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        mine = call.method != "DELETE" or last.get(call.root) == "_reboot"
        given = (hidden if mine else _honest)(call, forward)
        if call.method not in READS and given.status < 300:
            last[call.root] = call.action
        return given

    return answer


def _switched_off(call: Call, forward: Forward) -> Answer:
    forward(call.at("_off"))
    return forward(call)


for _action in ("_reboot", "_resume", "_start"):
    add(
        f"forget-ends-a-{_action[1:]}",
        f"A machine that is forgotten during a {_action[1:]} is switched off.",
        ("lifecycle.forget-lets-settle",),
        partial(_after, _action, "PUT", "_forget", _switched_off),
        SLOW,
    )


@fault("identity.complete", settings=SLOW)
def off_during_a_provision_leaves_half_a_machine() -> Change:
    """A machine that is switched off while it is made never gets its mac."""

    def change(kept: dict[str, Any], call: Call, honest: Answer) -> Answer | None:
        if honest.status == 200 and (call.method, call.action) == ("POST", ""):
            kept["making"] = True
        elif is_shown(honest) and honest.value["state"] != "PENDING":
            kept["making"] = False
        if kept.get("making") and (call.action, honest.status) == ("_off", 202):
            kept["half"] = True
        if not kept.get("half") or not is_shown(honest):
            return None
        rows = [row for row in honest.value["properties"] if row["key"] != "mac"]
        return honest.saying({**honest.value, "properties": rows})

    return per_instance(change)


@fault("lifecycle.path", settings=SLOW)
def an_import_on_the_way_is_shown_as_pending() -> Change:
    """A machine that was forgotten on its way reads PENDING in the first look after its import."""
    on_way: set[str] = set()
    fresh: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        if (call.method, call.action) == ("PUT", "_forget") and free_state(call, forward) == "PENDING":
            on_way.add(_machine(forward(call.at("", "GET"))))
        honest = forward(call)
        if (call.method, call.action) == ("POST", "properties") and is_shown(honest) and _machine(honest) in on_way:
            fresh.add(call.root)
        elif (call.method, call.action) == ("GET", "") and call.root in fresh:
            fresh.discard(call.root)
            if is_shown(honest) and honest.value["state"] == "UNDEFINED":
                return honest.saying({**honest.value, "state": "PENDING"})
        return honest

    return answer


def _machine(shown: Answer) -> str:
    return next((row["value"] for row in shown.value["properties"] if row["key"] == "libvirt.uuid"), "")
