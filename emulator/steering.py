"""Time that is steered: on by so much, to the next thing that is due, or until a machine is in a state.

What is due on the way takes effect in its order, stamped with the time when it was due.
"""

from __future__ import annotations

from math import inf

from emulator.errors import Conflict, Malformed
from emulator.events import CLOCK
from emulator.host_lookup import MOST_NAMED, find_host, hosts_of
from emulator.instances import explain, settle, settle_due
from emulator.records import Host, Instance
from emulator.store import Unit
from emulator.world import World


def advance(world: World, seconds: float) -> float:
    """Move the clock on and answer the new time. ValueError for negative seconds and too many."""
    return _settled(world, world.clock.advance(seconds))


def to_next(world: World) -> float:
    """Move the clock to the next thing that is due, and answer that time. Conflict when nothing is on its way."""
    due = world.store.run(lambda unit: _next_due(world, unit, world.clock.now_in(unit)))
    if due is None:
        raise Conflict("nothing is on its way: no action waits for its time, and the clock stands where it stood")
    return _settled(world, world.clock.move_to(due))


def run_until(world: World, state: str, name: str | None = None) -> float:
    """Move the clock from due to due until the host's instance is in that state, and answer the time.

    `name` None: of the only host whose instance is on its way. Malformed for a state that there is none of, NotFound
    for such a host; Conflict says why it will never be so.
    """
    known = world.machine.lifecycle.states
    if state not in known:
        raise Malformed(f"there is no state {state!r}; the contract has {', '.join(known)}")
    wish = (state, name or world.store.run(lambda unit: _only_one_on_its_way(world, unit)))
    while (due := world.store.run(lambda unit: _awaited(world, unit, wish))) is not None:
        _settled(world, world.clock.move_to(due))
    return world.clock.now()


def state_of(world: World, unit: Unit, host: Host, now: float) -> str:
    """The state of a host's instance at that time, settled; the absent one when it has none. It is no look."""
    if host.instance is None:
        return world.machine.lifecycle.absent
    settle(world, host, host.instance, now)
    return host.instance.state


def run_at(world: World, rate: float) -> None:
    """From now on so many emulated seconds in a real one. ValueError when it is negative."""
    world.clock.run_at(rate)
    _settled(world, world.clock.now(), f"rate {rate:g}")


def _settled(world: World, now: float, why: str = "moved") -> float:
    """The time, when all that is due by then has taken effect."""

    def work(unit: Unit) -> None:
        settle_due(world, unit, now)
        if world.events is not None:
            world.events.add(now, CLOCK, cause=why)

    world.store.run(work)
    return now


def next_event(world: World) -> float | None:
    """When the next thing happens by itself, after all that is due by now has; None when nothing will."""

    def work(unit: Unit) -> float | None:
        now = world.clock.now_in(unit)
        dues = [due for due in (_next_due(world, unit, now), *world.outages.values()) if due is not None and due > now]
        return min(dues, default=None)

    return world.store.run(work)


def _next_due(world: World, unit: Unit, now: float) -> float | None:
    """When the next action settles or the next hypervisor is back."""
    settle_due(world, unit, now)
    due = unit.next_due(now)
    coming = [until for until in (*world.outages.values(), due) if until is not None and until < inf]
    return min(coming, default=None)


def _only_one_on_its_way(world: World, unit: Unit) -> str:
    paths = ["/".join(host.path) for host in hosts_of(unit) if _goal(world, host.instance)]
    if len(paths) == 1:
        return paths[0]
    problem = f"several are on their way: {', '.join(paths[:MOST_NAMED])}" if paths else "nothing is on its way"
    raise Conflict(f"{problem}; say which host is waited for")


def _awaited(world: World, unit: Unit, wish: tuple[str, str]) -> float | None:
    """When the next thing happens, while the host of a wish is not yet in the state; None when it is."""
    state, name = wish
    now = world.clock.now_in(unit)
    host = find_host(unit, name)
    if state_of(world, unit, host, now) == state:
        return None
    due = _next_due(world, unit, now) if _goal(world, host.instance) == state else None
    if due is None:
        raise Conflict(explain.never(world, host, state, now))
    return due


def _goal(world: World, instance: Instance | None) -> str | None:
    """The state to which time alone brings an instance; None when it stays what it is."""
    if instance is None or (instance.unseen and world.outages.get(instance.hypervisor.name) == inf):
        return None
    pending = instance.pending
    if pending is None:
        return instance.unseen
    return pending.target if pending.polls is None else None
