"""The words of a refusal: what was wrong, what was expected, and what to do.

A developer meets these more often than any page of documentation, so they name the host, its state, since when
and why, where the action is legal, and the next step there.
"""

from __future__ import annotations

from collections.abc import Iterable

from contract import Operation
from emulator.records import Host, Instance
from emulator.world import World


def no_instance(host: str) -> str:
    """For 404: the host is there, its instance is not."""
    return f"host {host!r} has no instance; POST .../instance provisions one, POST .../instance/properties imports one"


def refused(world: World, host: Host, instance: Instance, trigger: str, now: float) -> str:
    """For 409: the lifecycle has no edge for this trigger here."""
    lifecycle = world.machine.lifecycle
    legal = lifecycle.legal_from(trigger)
    way = _way(world, instance.state, legal) if instance.unseen is None else "; wait until it can be seen again"
    return f"cannot {trigger} {host.name!r}: {_condition(instance, now)}; {trigger} is legal in {_any_of(legal)}{way}"


def locked(world: World, host: Host, trigger: str) -> str:
    """For 409: a locked instance refuses every trigger."""
    lock = world.machine.lifecycle.lock
    unlock = _request(world.contract.operations.get(lock.unlock)) if lock else None
    return f"cannot {trigger} {host.name!r}: it is locked; {unlock or 'unlock it'} first"


def no_console(world: World, host: Host, instance: Instance, legal: Iterable[str], now: float) -> str:
    """For 409: no screen in this state. Clients show this sentence to their users."""
    return (
        f"the console of {host.name!r} cannot be opened: {_condition(instance, now)}; "
        f"there is a console in {_any_of(sorted(legal))}{_way(world, instance.state, tuple(legal))}"
    )


def held_elsewhere(uuid: str, path: tuple[str, str, str]) -> str:
    """For 409: the machine of an import belongs to another host's instance."""
    return f"the machine {uuid} (libvirt.uuid) is the instance of host {'/'.join(path)!r}; forget it there first"


def never(world: World, host: Host, state: str, now: float) -> str:
    """Why no passing of time brings a host's instance into this state."""
    instance = host.instance
    if instance is None:
        return f"{host.name!r} will never be {state}: {no_instance(host.name)}"
    told = f"{host.name!r} will never be {state} by waiting: {_condition(instance, now)}"
    if instance.pending is not None:
        polls = instance.pending.polls
        return told if polls is None else f"{told}, which takes {polls} more looks at it, and no time"
    return f"{told}, and nothing is on its way{_way(world, instance.state, (state,))}"


def _condition(instance: Instance, now: float) -> str:
    """Such as: it is STOPPED since 12 s (powerOffInstance); and where it is going."""
    since = f"since {_seconds(now - instance.since)} ({instance.cause})"
    if instance.pending is None:
        return f"it is {instance.state} {since}"
    return f"it is {instance.state} {since}, on its way to {instance.pending.target}"


def _way(world: World, state: str, goals: tuple[str, ...]) -> str:
    """The next step, as the end of a sentence: PUT .../_start leads there. Nothing when no way is known."""
    lifecycle = world.machine.lifecycle
    if lifecycle.states[state].kind == "transient":
        return "; wait until it has settled, or power it off"
    paths = [path for goal in goals if (path := lifecycle.shortest_path(state, goal))]
    if not paths:
        return ""
    first = min(paths, key=len)[0].trigger
    request = next((_request(op) for op in world.contract.operations.values() if op.trigger == first), None)
    return f"; {request} leads there" if request else ""


def _request(operation: Operation | None) -> str | None:
    """How to ask for an operation, in short: "PUT .../_start"."""
    if operation is None:
        return None
    return f"{operation.method} .../{operation.path.rsplit('/', 1)[-1]}"


def _any_of(states: Iterable[str]) -> str:
    return " or ".join(states) or "no state"


def _seconds(duration: float) -> str:
    return f"{duration:.0f} s" if duration >= 1 or duration <= 0 else f"{duration * 1000:.0f} ms"
