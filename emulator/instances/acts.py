"""Out-of-band acts: what happens to a machine without a request to this platform.

Where an act leads is read off the lifecycle: it goes the way of an operation, at once and whatever the lock, or it
leads to the state that nobody can tell. The agent's comings and goings change no state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from emulator.errors import Conflict, NotFound
from emulator.instances import outages
from emulator.instances.outages import WORLD, note
from emulator.instances.use_cases import boot, settle, settle_due, supersede
from emulator.records import Host, Instance
from emulator.store import Unit
from emulator.world import World


@dataclass(frozen=True, slots=True)
class Happening:
    """An act on one machine: `source` is what it is in, seen or not; `now` in seconds since the epoch."""

    world: World
    act: str
    host: Host
    instance: Instance
    source: str
    now: float

    def refusal(self, why: str) -> Conflict:
        """What to raise when the act makes no sense."""
        return Conflict(f"{self.act} makes no sense for {self.host.name!r}: it is {self.source}, and {why}")


Perform = Callable[[Happening], str | None]
"""Does it, and answers in which state that leaves the machine, None for the same. Conflict where it makes no sense."""


@dataclass(frozen=True, slots=True)
class Act:
    """A row of the table. `by`: who does it, unless somebody is named."""

    says: str
    by: str
    perform: Perform


def _as(operation_id: str) -> Perform:
    """The way of an operation: legal where it is legal, and settled at once."""

    def perform(happening: Happening) -> str:
        world, instance = happening.world, happening.instance
        operation = world.contract.operations.get(operation_id)
        trigger = operation.trigger if operation else None
        if trigger is None:
            raise happening.refusal(f"the contract has no operation {operation_id} to say where it leads")
        lifecycle = world.machine.lifecycle
        edge = lifecycle.edge(happening.source, trigger)
        if edge is None:
            raise happening.refusal(f"it happens in {' or '.join(lifecycle.legal_from(trigger)) or 'no state'} only")
        supersede(instance, happening.act)
        instance.actions += 1
        if world.boots(happening.source, edge.to[0]):
            boot(world, happening.host, instance, happening.now)
        return edge.to[0]

    return perform


def _agent(*, comes: bool) -> Perform:
    """The agent reports in, or is heard of no more until the guest starts again."""

    def perform(happening: Happening) -> None:
        states = happening.world.machine.lifecycle.states
        if not states[happening.source].guest_runs:
            running = [name for name, state in states.items() if state.guest_runs]
            raise happening.refusal(f"there is an agent in {' or '.join(running) or 'no state'} only")
        happening.instance.agent_at = happening.now if comes else None

    return perform


def _lose(happening: Happening) -> str:
    """The hypervisor no longer knows the machine: nobody can tell what it is in, ever again."""
    unknown = happening.world.machine.lifecycle.unknown
    if unknown is None:
        raise happening.refusal("the contract has no state of the kind unknown")
    if happening.source == unknown and happening.instance.pending is None:
        raise happening.refusal("nobody knows the machine as it is")
    supersede(happening.instance, happening.act)
    happening.instance.unseen = None
    return unknown


ACTS: Mapping[str, Act] = {
    "crash": Act("The machine is off, without a word", WORLD, _as("powerOffInstance")),
    "power-off": Act("Another operator powered it off, on the hypervisor", "operator", _as("powerOffInstance")),
    "guest-shutdown": Act("The guest shut itself down", WORLD, _as("shutdownInstance")),
    "guest-reboot": Act("The guest restarted itself", WORLD, _as("rebootInstance")),
    "agent-comes": Act("The agent in the guest reported in", WORLD, _agent(comes=True)),
    "agent-goes": Act("The agent in the guest is heard of no more", WORLD, _agent(comes=False)),
    "lose": Act("The hypervisor no longer knows the machine", WORLD, _lose),
}
"""All acts, by name."""


def perform(
    world: World, unit: Unit, act: str, names: tuple[str, str, str], now: float, by: str | None = None
) -> tuple[str, str]:
    """Let it happen to the machine of a host, and answer the states that are seen before and after.

    NotFound when there is no such host; Conflict where the act makes no sense, with words.
    """
    settle_due(world, unit, now)
    host = unit.host(*names)
    instance = host.instance
    if instance is None:
        raise Conflict(f"{act} makes no sense for {host.name!r}: it has no instance; provision or import one first")
    settle(world, host, instance, now)
    row, seen = ACTS[act], instance.state
    source = instance.unseen or seen
    target = row.perform(Happening(world, act, host, instance, source, now))
    if target is not None and instance.unseen is None:
        instance.state, instance.since, instance.cause = target, now, act
        world.moved(host, seen, instance, now)
        instance.settled = instance.settled or world.machine.lifecycle.states[target].kind == "stable"
    elif target is not None:
        instance.unseen = target
    note(host, instance, act, row.says, f"{seen} -> {instance.state}", now, by or row.by)
    return seen, instance.state


def lose_sight(world: World, names: tuple[str, str, str], seconds: float) -> None:
    """Let the hypervisor of a host's machine be out of reach for so many emulated seconds, if there is a machine."""

    def work(unit: Unit) -> None:
        now = world.clock.now_in(unit)
        with suppress(NotFound):
            instance = unit.host(*names).instance
            if instance is not None and instance.hypervisor.name not in world.outages:
                settle_due(world, unit, now)
                outages.begin(world, unit, instance.hypervisor.name, now, now + seconds)

    world.store.run(work)
