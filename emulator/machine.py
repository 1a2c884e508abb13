"""The state machine: `transitions`, built from the lifecycle table of the contract, one for all instances.

The machine never holds the instances (transitions searches its list of models): it fires on a light record
that has a `state`. Callers ask it first and touch the record's other members after.
"""

from __future__ import annotations

from typing import Protocol

from transitions import Machine, MachineError

from contract import Edge, Lifecycle


class Stateful(Protocol):
    """Anything with a state of the lifecycle."""

    state: str


class IllegalTrigger(Exception):
    """The lifecycle has no edge for this trigger in this state; nothing was changed."""


class LifecycleMachine:
    """Fires triggers of a lifecycle on records, and settles what they set in motion.

    An edge with a `via` is two transitions: the trigger leads to `via`, and `settle NAME` from there to any
    of its targets. (openapi.yaml: x-lifecycle)
    """

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        self._edges = {(edge.state, edge.trigger): edge for edge in lifecycle.edges}
        settles = {(edge.via, target) for edge in lifecycle.edges if edge.via for target in _targets(edge)}
        machine = Machine(
            model=None,
            states=list(lifecycle.states),
            transitions=[
                *([edge.trigger, edge.state, edge.via or edge.to[0]] for edge in lifecycle.edges),
                *([_settle(target), via, target] for via, target in sorted(settles)),
            ],
            initial=lifecycle.absent,
            auto_transitions=False,
        )
        self._events = machine.events

    def fire(self, record: Stateful, trigger: str) -> Edge:
        """Move `record` along the edge of `trigger` and answer it; IllegalTrigger when there is none."""
        source = record.state
        self._trigger(record, trigger)
        return self._edges[source, trigger]

    def settle(self, record: Stateful, target: str) -> None:
        """Move `record` from where it passes through to where it settles."""
        self._trigger(record, _settle(target))

    def _trigger(self, record: Stateful, event: str) -> None:
        try:
            self._events[event].trigger(record)
        except MachineError as error:
            raise IllegalTrigger(f"{event} is not legal in {record.state}") from error


def _targets(edge: Edge) -> tuple[str, ...]:
    return (*edge.to, edge.otherwise) if edge.otherwise else edge.to


def _settle(target: str) -> str:
    return f"settle {target}"
