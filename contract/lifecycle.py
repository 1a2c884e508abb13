"""The lifecycle as data: one table, a row per state, read from `x-lifecycle`. No other file knows a transition."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

KEY = "x-lifecycle"


@dataclass(frozen=True, slots=True)
class State:
    """A row. `kind`: absent (no instance), transient (on its way), stable, or unknown (the platform cannot tell).

    `guest_runs`: the agent in the guest may be Up, and the machine gets its address.
    """

    name: str
    kind: str
    summary: str
    guest_runs: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """A cell: `trigger` is legal in `state`, passes through `via` (None: at once) and settles in one of `to`.

    `otherwise` is where it settles when it fails in the world; `basis` and `why` say where the rule comes from.
    """

    state: str
    trigger: str
    via: str | None
    to: tuple[str, ...]
    otherwise: str | None
    basis: str
    why: str


@dataclass(frozen=True, slots=True)
class Lock:
    """While `field` of the representation is true, every trigger is refused. `lock`, `unlock`: operationIds."""

    feature: str
    lock: str
    unlock: str
    field: str
    why: str


@dataclass(frozen=True)
class Lifecycle:
    """States by name and edges, in the order of the document."""

    states: Mapping[str, State]
    edges: tuple[Edge, ...]
    lock: Lock | None
    description: str = ""

    def edge(self, state: str, trigger: str) -> Edge | None:
        """The edge of this cell, or None where the trigger is refused."""
        return self._cells.get((state, trigger))

    @cached_property
    def _cells(self) -> Mapping[tuple[str, str], Edge]:
        return {(edge.state, edge.trigger): edge for edge in reversed(self.edges)}

    def legal_from(self, trigger: str) -> tuple[str, ...]:
        """The states in which the trigger is legal."""
        return tuple(edge.state for edge in self.edges if edge.trigger == trigger)

    @cached_property
    def triggers(self) -> tuple[str, ...]:
        """All triggers, in the order in which the table first names them."""
        return tuple(dict.fromkeys(edge.trigger for edge in self.edges))

    @cached_property
    def absent(self) -> str:
        """The state of a host without an instance."""
        return next(name for name, state in self.states.items() if state.kind == "absent")

    @cached_property
    def transient(self) -> tuple[str, ...]:
        """The states of an instance on its way."""
        return tuple(name for name, state in self.states.items() if state.kind == "transient")

    @cached_property
    def unknown(self) -> str | None:
        """The state of an instance of which the platform cannot tell."""
        return next((name for name, state in self.states.items() if state.kind == "unknown"), None)

    def shortest_path(self, start: str, goal: str) -> tuple[Edge, ...] | None:
        """The fewest edges from one state to another, settled after each; empty when it is there, None without a way.

        An edge with several targets is no sure step and is not used.
        """
        steps: dict[str, tuple[Edge, ...]] = {start: ()}
        queue = deque([start])
        while queue and goal not in steps:
            state = queue.popleft()
            for edge in self._sure_steps(state):
                if edge.to[0] not in steps:
                    steps[edge.to[0]] = (*steps[state], edge)
                    queue.append(edge.to[0])
        return steps.get(goal)

    def _sure_steps(self, state: str) -> Iterator[Edge]:
        return (edge for edge in self.edges if edge.state == state and len(edge.to) == 1)


def read_lifecycle(raw: Mapping[str, Any]) -> Lifecycle:
    """The table of a document that fits extensions.schema.json; consistency.py judges what it says."""
    table = raw[KEY]
    return Lifecycle(
        states=MappingProxyType({name: _state(name, row) for name, row in table["states"].items()}),
        edges=tuple(
            _edge(name, trigger, cell)
            for name, row in table["states"].items()
            for trigger, cell in row.get("edges", {}).items()
        ),
        lock=Lock(**table["lock"]) if "lock" in table else None,
        description=table.get("description", ""),
    )


def _state(name: str, row: Mapping[str, Any]) -> State:
    return State(name, row["kind"], row["summary"], row.get("guest-runs", False))


def _edge(state: str, trigger: str, cell: Mapping[str, Any]) -> Edge:
    to = cell["to"]
    targets = (to,) if isinstance(to, str) else tuple(to)
    return Edge(state, trigger, cell.get("via"), targets, cell.get("else"), cell["basis"], cell["why"])
