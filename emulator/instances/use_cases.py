"""The use cases of an instance, in plain Python: refuse first, change after.

Each function runs inside a unit of work of the store. Time is lazy: what is due is settled when it is looked
at, and stamped with the time when it was due.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from math import inf
from typing import Any

from contract import Edge
from emulator import simulated
from emulator.call import Call, UseCase
from emulator.errors import Conflict, NotFound
from emulator.instances import explain, outages
from emulator.machine import IllegalTrigger
from emulator.records import AuditEntry, Host, Hypervisor, Instance, Pending, Task
from emulator.store import Unit
from emulator.timing import AGENT
from emulator.trouble import bending
from emulator.world import World

OK, PENDING, ERROR = "OK", "PENDING", "ERROR"


def find(call: Call, unit: Unit) -> tuple[Host, Instance]:
    """The host that the path names and its instance, settled up to now. NotFound when there is none."""
    host = unit.host(*call.names)
    instance = host.instance
    if instance is None:
        call.before = call.after = call.world.machine.lifecycle.absent
        raise NotFound(explain.no_instance(host.name))
    settle(call.world, host, instance, call.now)
    call.before = call.after = instance.state
    return host, instance


def represent(world: World, host: Host, instance: Instance, now: float) -> dict[str, Any]:
    """The representation of an instance, as components/schemas/Instance of openapi.yaml has it."""
    organization, environment, name = host.path
    state = world.machine.lifecycle.states[instance.state]
    is_up = state.guest_runs and instance.agent_at is not None and instance.agent_at <= now
    key, value = world.wire.property["key"], world.wire.property["value"]
    content: dict[str, Any] = {
        "organization": organization,
        "environment": environment,
        "host": name,
        "state": instance.state,
        "properties": [{key: a, value: b} for a, b in zip(instance.keys, instance.values, strict=True)],
        "agent": "Up" if is_up else "Down",
        "locked": instance.locked,
        "hostname": instance.hostname,
    }
    members = world.wire.instance
    return {members[role]: shown for role, shown in content.items() if shown is not None and role in members}


def look(call: Call, unit: Unit) -> dict[str, Any]:
    """GET: the representation. A look counts for an action that settles after so many polls."""
    host, instance = find(call, unit)
    pending = instance.pending
    if pending is not None and pending.polls is not None:
        if pending.polls == 0:
            _complete(call.world, host, instance, pending, call.now)
            call.after = instance.state
        else:
            pending.polls -= 1
    shown = represent(call.world, host, instance, call.now)
    trouble = call.world.trouble
    if trouble is not None and (state := trouble.state_shown(host.path, call.hits)) is not None:
        members = call.world.wire.instance
        shown |= {members["state"]: state, members["agent"]: "Down"}
    return shown


def vnc(call: Call, unit: Unit) -> dict[str, Any]:
    """Where the screen of the machine is; Conflict in a state that has no console."""
    host, instance = find(call, unit)
    legal_in = call.operation.legal_in
    if legal_in is not None and instance.state not in legal_in:
        raise Conflict(explain.no_console(call.world, host, instance, legal_in, call.now))
    console = simulated.console(call.world.random_seed, host, instance)
    members = call.world.wire.vnc
    return {
        members["token"]: console.token,
        members["hostname"]: instance.hypervisor.name,
        members["port"]: console.port,
    }


def lock(call: Call, unit: Unit) -> dict[str, Any]:
    """Lock the instance: it refuses every trigger until it is unlocked."""
    return _set_lock(call, unit, locked=True)


def unlock(call: Call, unit: Unit) -> dict[str, Any]:
    """Unlock the instance."""
    return _set_lock(call, unit, locked=False)


def _set_lock(call: Call, unit: Unit, *, locked: bool) -> dict[str, Any]:
    """Lock or unlock; no change when it is so already."""
    host, instance = find(call, unit)
    if instance.locked is not locked:
        instance.locked = locked
        audit(call, host, "locked" if locked else "unlocked")
    return represent(call.world, host, instance, call.now)


def fire(call: Call, unit: Unit) -> None:
    """A power action: accepted at once, in effect when it settles. Conflict when it is not legal now."""
    settle_due(call.world, unit, call.now)
    host, instance = find(call, unit)
    source = instance.state
    edge = _fire(call, host, instance)
    _begin(call, unit, host, instance, edge, source, edge.to[0])


def provision(call: Call, unit: Unit) -> dict[str, Any]:
    """A new machine on this host, with an identity of its own. Conflict when there is one."""
    settle_due(call.world, unit, call.now)
    host = _vacant(call, unit)
    world = call.world
    hypervisor = simulated.place(outages.reachable(world), world.random_seed, host)
    instance = Instance(world.machine.lifecycle.absent, call.now, call.operation.id, hypervisor)
    edge = world.machine.fire(instance, _trigger(call))
    instance.set_properties(_new_identity(world, unit, host, hypervisor))
    host.instance = instance
    unit.hold(host)
    _begin(call, unit, host, instance, edge, world.machine.lifecycle.absent, edge.to[0])
    return represent(world, host, instance, call.now)


def import_(call: Call, unit: Unit) -> dict[str, Any]:
    """An instance with the properties of the body, for a machine that is there already, or is not known.

    A known machine keeps its state; one still on its way is UNDEFINED until it has settled. Conflict when the
    host has an instance, or when another host's instance is that machine.
    """
    settle_due(call.world, unit, call.now)
    host = _vacant(call, unit)
    world = call.world
    lifecycle = world.machine.lifecycle
    key, value = world.wire.property["key"], world.wire.property["value"]
    properties = [(item[key], item[value]) for item in call.body]
    uuid = dict(properties).get("libvirt.uuid", "")
    if holder := unit.holder(uuid):
        raise Conflict(explain.held_elsewhere(uuid, holder.path))
    hypervisor = simulated.place(world.hypervisors, world.random_seed, host)
    instance = Instance(lifecycle.absent, call.now, call.operation.id, hypervisor)
    edge = world.machine.fire(instance, _trigger(call))
    instance.set_properties(properties)
    host.instance = instance
    unit.hold(host)
    world.moved(host, lifecycle.absent, instance, call.now)
    machine = unit.stray(uuid)
    if machine is None:
        _note(call, host, instance, lifecycle.absent, OK)
    else:
        unit.take_in(uuid)
        _adopt(call, unit, host, instance, edge, machine)
    return represent(world, host, instance, call.now)


def delete(call: Call, unit: Unit) -> None:
    """The machine and its storage are gone, at once."""
    _leave(call, unit)


def forget(call: Call, unit: Unit) -> None:
    """The record goes; the machine goes on, and settles where it was going."""
    machine = _leave(call, unit)
    kind = call.world.machine.lifecycle.states[machine.unseen or machine.state].kind
    if machine.pending is not None or kind != "unknown":
        unit.set_adrift(machine)


def settle(world: World, host: Host, instance: Instance, now: float) -> None:
    """Let a pending action take effect if it is due by `now`."""
    pending = instance.pending
    if pending is not None and pending.due <= now:
        _complete(world, host, instance, pending, pending.due)


def settle_due(world: World, unit: Unit, now: float) -> None:
    """Let all that is due by `now` take effect, in the order in which it was due."""
    if world.outages:
        outages.end_due(world, unit, now)
    for host, instance in unit.due(now):
        settle(world, host, instance, now)


def _new_identity(world: World, unit: Unit, host: Host, hypervisor: Hypervisor) -> list[tuple[str, str]]:
    """The properties of a machine that nobody has: a host that is made again under its old name counts anew."""
    while True:
        host.machines += 1
        properties = simulated.identity(world.random_seed, host, host.machines, hypervisor)
        uuid = dict(properties)["libvirt.uuid"]
        if unit.holder(uuid) is None and unit.stray(uuid) is None:
            return properties


def _trigger(call: Call) -> str:
    """The trigger of the lifecycle that this operation fires."""
    if call.operation.trigger is None:
        raise LookupError(f"{call.operation.id} fires no trigger: give it an x-trigger in the contract")
    return call.operation.trigger


def _vacant(call: Call, unit: Unit) -> Host:
    """The host, if the lifecycle lets it have a new instance now."""
    host = unit.host(*call.names)
    if host.instance is None:
        call.before = call.after = call.world.machine.lifecycle.absent
        return host
    _, instance = find(call, unit)
    raise Conflict(explain.refused(call.world, host, instance, _trigger(call), call.now))


def _fire(call: Call, host: Host, instance: Instance) -> Edge:
    trigger = _trigger(call)
    if instance.locked:
        raise Conflict(explain.locked(call.world, host, trigger))
    try:
        return call.world.machine.fire(instance, trigger)
    except IllegalTrigger:
        raise Conflict(explain.refused(call.world, host, instance, trigger, call.now)) from None


def _begin(call: Call, unit: Unit, host: Host, instance: Instance, edge: Edge, source: str, target: str) -> None:
    """Set the action on its way; what takes no time has happened when this returns."""
    world = call.world
    supersede(instance, call.operation.id)
    instance.since, instance.cause = call.now, call.operation.id
    world.moved(host, source, instance, call.now)
    instance.actions += 1
    delay = world.timing.delay(edge.trigger, world.random_seed, *host.path, instance.actions)
    pending = Pending(
        edge.trigger,
        source,
        target,
        due=call.now + delay,
        polls=world.timing.polls if delay == inf else None,
        boots=world.boots(source, target),
    )
    if world.trouble is not None:
        _meet_trouble(call, host, edge, pending)
    _set_off(call, unit, host, instance, pending)


def _meet_trouble(call: Call, host: Host, edge: Edge, pending: Pending) -> None:
    trouble, hits = call.world.trouble, call.hits
    if trouble is None:
        return
    is_settled = call.world.machine.lifecycle.states[edge.state].kind == "stable"
    if is_settled:
        trouble.remember(host.path, edge.state)
    if hits is not None:
        bending.bend(hits, pending, edge, call.now)
        pending.silent = bending.silences_agent(hits)
        if is_settled and (looks := bending.looks_behind(hits, edge, pending)):
            trouble.show_late(host.path, edge.state, looks)


def _adopt(call: Call, unit: Unit, host: Host, instance: Instance, edge: Edge, machine: Instance) -> None:
    """Give a known machine back to a host: its state, or where it is going, is what the import settles in."""
    world = call.world
    machine.state, machine.unseen = machine.unseen or machine.state, None
    settle(world, host, machine, call.now)
    instance.hypervisor, instance.agent_at, instance.boots = (
        machine.hypervisor,
        machine.agent_at,
        machine.boots,
    )
    instance.actions = machine.actions
    if machine.pending is None:
        found = Pending(edge.trigger, world.machine.lifecycle.absent, machine.state, due=call.now)
        _meet_trouble(call, host, edge, found)
    else:
        found = machine.pending
    outages.hide(world, instance)
    if found.target in edge.to:
        _set_off(call, unit, host, instance, replace(found, trigger=edge.trigger, source=edge.state))
    else:
        _note(call, host, instance, found.source, OK)


def _set_off(call: Call, unit: Unit, host: Host, instance: Instance, pending: Pending) -> None:
    instance.pending = pending
    pending.change = _note(call, host, instance, pending.source, PENDING)
    if pending.due <= call.now:
        settle(call.world, host, instance, call.now)
        call.after = instance.state
    else:
        unit.schedule(host, instance)


def _leave(call: Call, unit: Unit) -> Instance:
    """Take the instance from its host and answer the machine as it was."""
    settle_due(call.world, unit, call.now)
    host, instance = find(call, unit)
    machine = copy(instance)
    if machine.pending is not None:
        machine.pending = replace(machine.pending, change=None)
    _fire(call, host, instance)
    unit.release(host)
    host.instance = None
    supersede(instance, call.operation.id)
    instance.cause = call.operation.id
    call.world.moved(host, machine.state, instance, call.now)
    _note(call, host, instance, machine.state, OK)
    return machine


def _complete(world: World, host: Host, instance: Instance, pending: Pending, at: float) -> None:
    """The pending action takes effect at time `at`."""
    instance.pending = None
    if instance.unseen is None:
        source = instance.state
        world.machine.settle(instance, pending.target)
        instance.since = at
        world.moved(host, source, instance, at)
        state = world.machine.lifecycle.states[instance.state]
        instance.settled = instance.settled or state.kind == "stable"
    else:
        instance.unseen = pending.target
    instance.failed = instance.failed or (bool(pending.failure) and pending.source == world.machine.lifecycle.absent)
    if pending.change is not None:
        task = pending.change.task
        task.status, task.error = (ERROR, pending.failure) if pending.failure else (OK, "")
    if pending.boots:
        boot(world, host, instance, at)
        instance.agent_at = None if pending.silent else instance.agent_at


def boot(world: World, host: Host, instance: Instance, at: float) -> None:
    """The guest has started: it gets an address if it has none, and its agent reports in after a while."""
    instance.boots += 1
    if instance.property("ip.eth0") is None:
        instance.add_property("ip.eth0", simulated.address(world.random_seed, host, instance))
        instance.hostname = instance.hostname or simulated.hostname(host.name)
    key = (*host.path, instance.actions)
    instance.agent_at = at + world.timing.delay(AGENT, world.random_seed, *key)


def supersede(instance: Instance, by: str) -> None:
    """An action that was on its way will not come to its end."""
    if instance.pending is not None:
        if instance.pending.change is not None:
            task = instance.pending.change.task
            task.status, task.error = ERROR, f"superseded by {by}"
        instance.pending = None


def _note(call: Call, host: Host, instance: Instance, source: str, status: str) -> Any:
    call.after = instance.state
    audit(call, host, f"{source} -> {instance.state}")
    task = Task(f"{call.operation.id} on the hypervisor {instance.hypervisor.name}", status)
    return host.chronicle().add_change(call.operation.id, call.operation.summary, task)


def audit(call: Call, host: Host, what: str) -> None:
    """Remember who did what to this host."""
    principal = call.principal
    message = f"{call.operation.id}: {what}"
    host.chronicle().add_audit(AuditEntry(call.now, message, principal.username, principal.full_name))


USE_CASES: Mapping[str, UseCase] = {
    "getInstance": look,
    "getVnc": vnc,
    "provisionInstance": provision,
    "importInstance": import_,
    "deleteInstance": delete,
    "forgetInstance": forget,
    "lockInstance": lock,
    "unlockInstance": unlock,
}
"""What an operation of the contract does. Every other operation with an `x-trigger` fires it."""
