"""Hypervisors out of reach: their machines read the state that nobody can tell, and what they are when it is back.

Which state that is, is said by the contract (its kind is unknown). What is on its way goes on unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from emulator.errors import Conflict, NotFound, Unavailable
from emulator.records import AuditEntry, Host, Hypervisor, Instance, Task
from emulator.store import Unit
from emulator.world import World

WORLD = "world"
"""Who did what nobody asked for, in audits."""

GONE, BACK = "hypervisor-gone", "hypervisor-back"


def reachable(world: World) -> Sequence[Hypervisor]:
    """The hypervisors on which a machine can be made. Unavailable when all are out of reach."""
    if not world.outages:
        return world.hypervisors
    found = [one for one in world.hypervisors if one.name not in world.outages]
    if not found:
        raise Unavailable("every hypervisor is out of reach, and none can make a machine; wait until one is back")
    return found


def hypervisor(world: World, name: str) -> Hypervisor:
    """The hypervisor of that name. NotFound when there is none."""
    found = next((one for one in world.hypervisors if one.name == name), None)
    if found is None:
        raise NotFound(f"there is no hypervisor {name!r}; GET /_emulator/hypervisors lists them")
    return found


def begin(world: World, unit: Unit, name: str, now: float, until: float = inf) -> None:
    """Put a hypervisor out of reach until a time (seconds since the epoch), or for good.

    NotFound when there is none; Conflict when the contract has no state for machines that nobody can tell.
    """
    hypervisor(world, name)
    if world.machine.lifecycle.unknown is None:
        raise Conflict("the contract has no state of the kind unknown: a hypervisor cannot get out of its reach")
    if name not in world.outages:
        world.outages[name] = until
        for host, instance in _machines(unit, name):
            source = instance.state
            is_known = world.machine.lifecycle.states[source].kind != "unknown" or instance.pending is not None
            if is_known and hide(world, instance):
                instance.since, instance.cause = now, GONE
                world.moved(host, source, instance, now)
                note(host, instance, GONE, "The hypervisor is out of reach", f"{source} -> {instance.state}", now)
    world.outages[name] = until


def end(world: World, unit: Unit, name: str, now: float) -> None:
    """A hypervisor is back, and its machines read what they are. NotFound when there is none."""
    hypervisor(world, name)
    if world.outages.pop(name, None) is None:
        return
    for host, instance in _machines(unit, name):
        if instance.unseen is not None:
            source, instance.state, instance.unseen = instance.state, instance.unseen, None
            instance.since, instance.cause = now, BACK
            world.moved(host, source, instance, now)
            kind = world.machine.lifecycle.states[instance.state].kind
            instance.settled = instance.settled or kind == "stable"
            note(host, instance, BACK, "The hypervisor is back", f"{source} -> {instance.state}", now)


def end_due(world: World, unit: Unit, now: float) -> None:
    """Let come back what is to be back by `now`, earliest first."""
    for name, until in sorted(world.outages.items(), key=lambda outage: outage[1]):
        if until <= now:
            end(world, unit, name, until)


def hide(world: World, instance: Instance) -> bool:
    """Let a machine be seen no more if its hypervisor is out of reach; whether that made a difference."""
    unknown = world.machine.lifecycle.unknown
    if unknown is None or instance.hypervisor.name not in world.outages:
        return False
    instance.state, instance.unseen = unknown, instance.state
    return True


def note(host: Host, instance: Instance, what: str, says: str, came: str, at: float, by: str = WORLD) -> None:
    """Remember what happened to a host that nobody asked this platform for."""
    history = host.chronicle()
    history.add_audit(AuditEntry(at, f"{what}: {came}", by, by.capitalize()))
    history.add_change(what, says, Task(f"{what} on the hypervisor {instance.hypervisor.name}", "OK"))


def _machines(unit: Unit, hypervisor: str) -> Iterator[tuple[Host, Instance]]:
    """The machines on a hypervisor that are instances of hosts."""
    organizations = unit.organizations()
    for organization in organizations.part(0, len(organizations)):
        occupied = unit.occupied(organization)
        for host in occupied.part(0, len(occupied)):
            if host.instance is not None and host.instance.hypervisor.name == hypervisor:
                yield host, host.instance
