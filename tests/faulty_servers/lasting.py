"""Faults in what lasts: a machine that was forgotten, what is shown of it, and what becomes of it with time."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from functools import partial
from typing import Any

from tests.faulty_servers.faults import READS, add, fault, free_state, is_shown, on, once_done, per_instance
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal

MOVED = {"only": ("legal", "forgotten-machine")}
"""Options of a run that sees what is wrong after a move only."""

# ---- what an answer shows


def _stale(answer: Answer) -> Answer:
    shown = answer.value
    state = "STOPPED" if shown["state"] == "RUNNING" else shown["state"]
    return answer.saying({**shown, "state": state, "synapseState": "Down"})


@fault("lock.answers-representation")
def lock_answers_another_state() -> Change:
    """The answer to a lock shows a running machine as STOPPED."""
    return once_done("POST", "lock", _stale)


@fault("lock.answers-representation")
def lock_answers_without_properties() -> Change:
    """The answer to a lock has no properties."""
    return once_done("POST", "lock", lambda honest: honest.saying({**honest.value, "properties": []}))


@fault("operations.provision-answers-representation")
def provision_answers_the_machine_before() -> Change:
    """The answer to a provision has the libvirt.uuid of the machine that the host had before."""
    last: dict[str, str] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if not is_shown(honest):
            return honest
        before, now = last.get(call.root), _machine(honest)
        last[call.root] = now
        if before is None or (call.method, call.action) != ("POST", ""):
            return honest
        rows = [{**row, "value": before} if row["key"] == "libvirt.uuid" else row for row in honest.value["properties"]]
        return honest.saying({**honest.value, "properties": rows})

    return answer


# ---- a machine that was forgotten


@fault("properties.values-kept")
def a_known_machine_is_shown_as_the_platform_has_it() -> Change:
    """An import of a machine that the hypervisor knows shows what it was known by, and nothing else that was sent."""
    known: dict[str, set[str]] = {}

    def change(kept: dict[str, Any], call: Call, honest: Answer) -> Answer | None:
        if not is_shown(honest):
            return None
        rows = {row["key"]: row["value"] for row in honest.value["properties"]}
        machine = rows.get("libvirt.uuid", "")
        if (call.method, call.action) == ("POST", ""):
            known[machine] = set(rows)
        kept["imported"] = kept.get("imported") or (call.action == "properties" and machine in known)
        if not kept["imported"]:
            return None
        shown = [row for row in honest.value["properties"] if row["key"] in known[machine] or row["key"][:3] == "ip."]
        return honest.saying({**honest.value, "properties": shown})

    return per_instance(change)


@fault("lifecycle.forget-keeps-machine")
def a_provision_takes_the_place_of_what_was_forgotten() -> Change:
    """A machine that was forgotten is gone once another was made on its host: its storage has the name of the host."""
    forgotten: dict[str, str] = {}
    gone: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        if (call.method, call.action) == ("PUT", "_forget") and free_state(call, forward):
            machine = _machine(forward(call.at("", "GET")))
            honest = forward(call)
            if honest.status == 202:
                forgotten[call.root] = machine
            return honest
        if (call.method, call.action) == ("POST", "properties") and any(
            one in call.body.decode("latin-1") for one in gone
        ):
            return _unknown(call, forward)
        honest = forward(call)
        if honest.status == 200 and call.method == "POST" and call.action in ("", "properties"):
            machine = forgotten.pop(call.root, "")
            if machine and not call.action:
                gone.add(machine)
        return honest

    return answer


def _unknown(call: Call, forward: Forward) -> Answer:
    """An import under another name, shown under its own: the machine stays where nobody finds it."""
    honest = forward(call)
    if honest.status != 200:
        return honest
    forward(call.at("", "DELETE"))
    rows = [row for row in json.loads(call.body) if row["key"] != "libvirt.uuid"]
    return forward(_with_body(call, rows))


def _with_body(call: Call, rows: list[dict[str, str]]) -> Call:
    return replace(call, body=json.dumps(rows).encode())


def _machine(shown: Answer) -> str:
    return next((row["value"] for row in shown.value["properties"] if row["key"] == "libvirt.uuid"), "")


# ---- after a restart


def _after(action: str, change: Change) -> Change:
    """A fault in what is read, from an accepted action on until the instance goes or a start ends it."""
    hit: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        given = (change if call.root in hit and call.method == "GET" else _honest)(call, forward)
        if call.method not in READS and given.status < 300 and call.action not in ("lock", "unlock"):
            if call.action == action:
                hit.add(call.root)
            elif call.method == "DELETE" or call.action in ("_start", "_forget", "_off"):
                hit.discard(call.root)
        return given

    return answer


def _honest(call: Call, forward: Forward) -> Answer:
    return forward(call)


@fault("console.access", options=MOVED)
def the_console_is_lost_by_a_reboot() -> Change:
    """409 for the console from a reboot on, until the machine is started anew."""
    return _after("_reboot", on("GET", "vnc", lambda call, forward: _lost(forward(call))))


def _lost(honest: Answer) -> Answer:
    return refusal(409, "no display while RUNNING") if honest.status == 200 else honest


def _without(*keys: str) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if not is_shown(honest):
            return honest
        rows = [row for row in honest.value["properties"] if row["key"] not in keys]
        return honest.saying({**honest.value, "properties": rows})

    return answer


@fault("identity.address", options=MOVED)
def a_machine_gets_its_address_once() -> Change:
    """A machine that was started again never shows an address."""
    return _after("_start", _without("ip.eth0"))


@fault("properties.kept", options=MOVED)
def a_start_writes_the_properties_anew() -> Change:
    """A start leaves the properties that the platform knows: what a client added is gone."""
    return _after("_start", _without("contract-tests"))


# ---- with time

LATER = 1.0
"""Seconds after which something comes by itself, to an instance that nobody has changed since."""


def _by_itself(state: str, action: str) -> Change:
    since: dict[str, float] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        now = time.monotonic()
        if call.method not in READS:
            since[call.root] = now
        elif now - since.get(call.root, now) > LATER and free_state(call, forward) == state:
            since[call.root] = now
            forward(call.at(action, "PUT"))
        return forward(call)

    return answer


for _seed, (_state, _action, _says) in enumerate(
    (
        ("RUNNING", "_pause", "an idle machine is held"),
        ("PAUSED", "_resume", "a machine that is held goes on"),
        ("STOPPED", "_start", "a machine that is off is switched on again"),
    )
):
    add(
        f"after-a-second-{_action[1:]}-comes-by-itself",
        f"A second after the last change {_says}.",
        ("lifecycle.quiet",),
        partial(_by_itself, _state, _action),
        options={"settle_timeout": 22.0, "random_seed": _seed},
    )


@fault("lifecycle.quiet", options={"settle_timeout": 22.0})
def the_console_wakes_a_paused_machine() -> Change:
    """A while after the console of a paused machine was read, the machine goes on."""
    read: dict[str, float] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        if call.method not in READS:
            read.pop(call.root, None)
        elif call.action == "vnc" and free_state(call, forward) == "PAUSED":
            read.setdefault(call.root, time.monotonic())
        elif time.monotonic() - read.get(call.root, time.monotonic()) > WAKING:
            read.pop(call.root)
            if free_state(call, forward) == "PAUSED":
                forward(call.at("_resume", "PUT"))
        return forward(call)

    return answer


WAKING = 0.15
"""Seconds from the reading of a console to what it does."""
