"""The way from where a machine is to where a trigger is legal, in the fewest steps that the contract allows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from contract import Contract, Operation
from emulator.records import Instance


@dataclass(frozen=True, slots=True)
class Step:
    """A request to send: `trigger` None for an unlock, and for looks until what is on its way has settled.

    From `state` it leads to one of `to`. For looks: `due` is when they will see it (seconds since the epoch), None
    when it is their number that counts.
    """

    operation: Operation
    trigger: str | None
    state: str
    to: tuple[str, ...]
    due: float | None = None


def shortest_path(contract: Contract, instance: Instance | None, trigger: str) -> list[Step] | None:
    """The steps to the trigger, itself the last one; None when there is no way that is sure.

    An instance that is locked is unlocked first. One that is on its way can be waited for. A step that may end in
    several states is none to rely on.
    """
    lifecycle = contract.lifecycle
    state = lifecycle.absent if instance is None else instance.state
    first: list[Step] = []
    if instance is not None and instance.locked and lifecycle.lock:
        first.append(Step(contract.operations[lifecycle.lock.unlock], None, state, (state,)))
    queue: deque[tuple[str, list[Step]]] = deque([(state, first)])
    seen = {state}
    while queue:
        here, steps = queue.popleft()
        if edge := lifecycle.edge(here, trigger):
            return [*steps, Step(operation_of(contract, trigger), trigger, here, edge.to)]
        for step in _steps(contract, here, instance if steps == first else None):
            if step.to[0] not in seen:
                seen.add(step.to[0])
                queue.append((step.to[0], [*steps, step]))
    return None


def operation_of(contract: Contract, trigger: str) -> Operation:
    """The operation that fires a trigger."""
    return next(one for one in contract.operations.values() if one.trigger == trigger and one.alias_of is None)


def _steps(contract: Contract, state: str, instance: Instance | None) -> Iterator[Step]:
    """The sure steps from a state; `instance` is what is in it now, if it is."""
    pending = instance.pending if instance else None
    if pending is not None:
        due = None if pending.polls is not None else pending.due
        yield Step(contract.operations["getInstance"], None, state, (pending.target,), due)
    for edge in contract.lifecycle.edges:
        if edge.state == state and len(edge.to) == 1:
            yield Step(operation_of(contract, edge.trigger), edge.trigger, state, edge.to)
