"""Hypervisors: out of reach, and back."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isinf
from typing import Any

from emulator.call import Call, Performer
from emulator.clock import END, iso
from emulator.errors import Conflict, Malformed
from emulator.instances import outages, settle_due
from emulator.memory import MemoryStore
from emulator.records import Hypervisor
from emulator.store import Unit
from emulator.world import World


def show(world: World, one: Hypervisor) -> dict[str, Any]:
    """As schemas/Hypervisor of control.openapi.yaml has it."""
    until = world.outages.get(one.name)
    known = None if until is None or isinf(until) else iso(min(until, END))
    return {"name": one.name, "uuid": one.uuid, "reachable": until is None, "until": known}


def list_all(call: Call) -> dict[str, Any]:
    """All of them, as they are by now."""
    world = call.world
    if world.outages:
        world.store.run(lambda unit: settle_due(world, unit, call.now))
    return {"hypervisors": [show(world, one) for one in world.hypervisors]}


def reach(call: Call) -> dict[str, Any]:
    """Put one out of reach, or back. Conflict over a database, whose other processes would not know."""
    world, wish, (name,) = call.world, call.body, call.names
    if not isinstance(world.store, MemoryStore):
        raise Conflict("a hypervisor gets out of reach in memory only: serve with --store memory")

    if wish["reachable"] and "for" in wish:
        raise Malformed("for says how long a hypervisor is out of reach; leave it out, or say reachable: false")

    def work(unit: Unit) -> None:
        call.now = world.clock.now_in(unit)
        settle_due(world, unit, call.now)
        if wish["reachable"]:
            outages.end(world, unit, name, call.now)
        else:
            outages.begin(world, unit, name, call.now, call.now + wish.get("for", inf))

    world.store.run(work)
    return show(world, outages.hypervisor(world, name))


PERFORMERS: Mapping[str, Performer] = {"listHypervisors": list_all, "reachHypervisor": reach}
