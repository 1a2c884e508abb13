"""Whether a trigger may fire here now, and if not, why, and how one gets there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from emulator.call import Call, Performer
from emulator.clock import iso
from emulator.errors import Malformed
from emulator.instances import explain, settle
from emulator.instances.shortest_path import Step, shortest_path
from emulator.records import Host
from emulator.store import Unit
from emulator.world import World

ASKED = ("organization", "environment", "host", "trigger")


def explain_trigger(call: Call) -> dict[str, Any]:
    """Whether a trigger is legal for a host now, the words of its refusal, and the shortest way to it."""
    *names, trigger = (_asked(call.query, name) for name in ASKED)
    world = call.world
    known = world.machine.lifecycle.triggers
    if trigger not in known:
        raise Malformed(f"there is no trigger {trigger!r}; the contract has {', '.join(known)}")

    def work(unit: Unit) -> dict[str, Any]:
        return _explained(world, unit.host(*names), trigger, world.clock.now_in(unit))

    return world.store.run(work, writes=False)


def _asked(query: Mapping[str, str], name: str) -> str:
    if name not in query:
        raise Malformed(f"{name} is missing in the query; say {'&'.join(f'{one}=...' for one in ASKED)}")
    return query[name]


def _explained(world: World, host: Host, trigger: str, now: float) -> dict[str, Any]:
    instance = host.instance
    if instance is not None:
        settle(world, host, instance, now)
    steps = shortest_path(world.contract, instance, trigger)
    reason = _reason(world, host, trigger, now)
    return {
        "state": world.machine.lifecycle.absent if instance is None else instance.state,
        "allowed": reason is None,
        "reason": reason,
        "way": None if steps is None else [_shown(step, host) for step in steps],
    }


def _reason(world: World, host: Host, trigger: str, now: float) -> str | None:
    """The words with which the API would refuse; None when it would not."""
    lifecycle, instance = world.machine.lifecycle, host.instance
    if instance is None:
        return None if lifecycle.edge(lifecycle.absent, trigger) else explain.no_instance(host.name)
    if lifecycle.edge(instance.state, trigger) is None and (
        not instance.locked or lifecycle.edge(lifecycle.absent, trigger)
    ):
        return explain.refused(world, host, instance, trigger, now)
    return explain.locked(world, host, trigger) if instance.locked else None


def _shown(step: Step, host: Host) -> dict[str, Any]:
    """A step as schemas/Step of control.openapi.yaml has it."""
    names = [parameter.name for parameter in step.operation.parameters if parameter.location == "path"]
    path = step.operation.path.format_map(
        {name: quote(value, safe="") for name, value in zip(names, host.path, strict=False)}
    )
    return {
        "operation": step.operation.id,
        "trigger": step.trigger,
        "method": step.operation.method,
        "path": path,
        "from": step.state,
        "to": list(step.to),
        "due": None if step.due is None else iso(step.due),
    }


PERFORMERS: Mapping[str, Performer] = {"explainTrigger": explain_trigger}
