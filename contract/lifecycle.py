"""The lifecycle as data: one table, a row per state, read from `x-lifecycle`. No transition is ruled elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from contract.document import Document
from contract.errors import ContractError

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


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """States by name and edges, in the order of the document."""

    states: Mapping[str, State]
    edges: tuple[Edge, ...]
    lock: Lock | None

    def edge(self, state: str, trigger: str) -> Edge | None:
        """The edge of this cell, or None where the trigger is refused."""
        return next((edge for edge in self.edges if (edge.state, edge.trigger) == (state, trigger)), None)

    def legal_from(self, trigger: str) -> tuple[str, ...]:
        """The states in which the trigger is legal."""
        return tuple(edge.state for edge in self.edges if edge.trigger == trigger)

    @property
    def triggers(self) -> tuple[str, ...]:
        """All triggers, in the order in which the table first names them."""
        return tuple(dict.fromkeys(edge.trigger for edge in self.edges))

    @property
    def absent(self) -> str:
        """The state of a host without an instance."""
        return next(name for name, state in self.states.items() if state.kind == "absent")

    @property
    def transient(self) -> tuple[str, ...]:
        """The states of an instance on its way."""
        return tuple(name for name, state in self.states.items() if state.kind == "transient")

    @property
    def unknown(self) -> str | None:
        """The state of an instance of which the platform cannot tell."""
        return next((name for name, state in self.states.items() if state.kind == "unknown"), None)

    def shortest_path(self, start: str, goal: str) -> tuple[Edge, ...] | None:
        """The fewest edges from one state to another, settled after each; empty when it is there, None without a way.

        An edge with several targets is no sure step and not used; nor is one that starts in a transient state.
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


def read_lifecycle(document: Document) -> Lifecycle:
    """The table of a document whose extensions fit their schema. ContractError with all that cannot be in it."""
    raw = document.raw[KEY]
    lifecycle = Lifecycle(
        states=MappingProxyType({name: _state(name, row) for name, row in raw["states"].items()}),
        edges=tuple(
            _edge(name, trigger, cell)
            for name, row in raw["states"].items()
            for trigger, cell in row.get("edges", {}).items()
        ),
        lock=Lock(**raw["lock"]) if "lock" in raw else None,
    )
    problems = [document.yaml.problem(place, message) for place, message in _problems(document, lifecycle)]
    if problems:
        raise ContractError(*problems)
    return lifecycle


def _state(name: str, row: Mapping[str, Any]) -> State:
    return State(name, row["kind"], row["summary"], row.get("guest-runs", False))


def _edge(state: str, trigger: str, cell: Mapping[str, Any]) -> Edge:
    to = cell["to"]
    targets = (to,) if isinstance(to, str) else tuple(to)
    return Edge(state, trigger, cell.get("via"), targets, cell.get("else"), cell["basis"], cell["why"])


_Problem = tuple[tuple[str | int, ...], str]


def _problems(document: Document, lifecycle: Lifecycle) -> Iterator[_Problem]:
    absent = [name for name, state in lifecycle.states.items() if state.kind == "absent"]
    if len(absent) != 1:
        found = ", ".join(absent) or "none"
        yield (KEY, "states"), f"exactly one row must be of the kind absent; found {found}"
        return
    yield from _unknown_names(document, lifecycle)
    yield from _missing_rows(document, lifecycle)
    yield from _dead_ends(lifecycle)
    yield from _lock_problems(document, lifecycle)


def _unknown_names(document: Document, lifecycle: Lifecycle) -> Iterator[_Problem]:
    operations = document.operations.values()
    fired = {operation.trigger for operation in operations if operation.trigger}
    rows = ", ".join(lifecycle.states)
    for edge in lifecycle.edges:
        cell = (KEY, "states", edge.state, "edges", edge.trigger)
        if edge.trigger not in fired:
            yield cell, f"no operation fires {edge.trigger!r}; give one an x-trigger, or take the edge out"
        for member, name in (
            ("via", edge.via),
            ("else", edge.otherwise),
            *(("to", name) for name in edge.to),
        ):
            if name is not None and name not in lifecycle.states:
                yield (*cell, member), f"{name!r} is no row of the table; expected one of {rows}"
    for operation in operations:
        place = ("paths", operation.path, operation.method.lower())
        if operation.trigger and operation.trigger not in lifecycle.triggers:
            yield (*place, "x-trigger"), f"no row of the lifecycle has an edge for {operation.trigger!r}"
        for name in sorted((operation.legal_in or frozenset()) - set(lifecycle.states)):
            yield (*place, "x-legal-in"), f"{name!r} is no row of the lifecycle; expected some of {rows}"
        if operation.alias_of and operation.alias_of not in document.operations:
            yield (*place, "x-alias-of"), f"no operation is called {operation.alias_of!r}"


def _missing_rows(document: Document, lifecycle: Lifecycle) -> Iterator[_Problem]:
    place = ("components", "schemas", "Instance", "properties", "state", "enum")
    shown = _look(document.raw, place) or _look(document.raw, ("components", "schemas", "State", "enum")) or ()
    if not shown:
        yield place[:-1], "the states that an instance shows are not listed; expected an enum"
    for name in shown:
        if name not in lifecycle.states:
            yield (
                (KEY, "states"),
                f"the row {name!r} is missing: an instance can show it (every state has a row, even an empty one)",
            )
    for name, state in lifecycle.states.items():
        if state.kind != "absent" and shown and name not in shown:
            yield (KEY, "states", name), f"the schema of the instance does not list {name!r} among its states"


def _dead_ends(lifecycle: Lifecycle) -> Iterator[_Problem]:
    reached = {lifecycle.absent}
    left = set()
    for edge in lifecycle.edges:
        reached.update(name for name in (edge.via, edge.otherwise, *edge.to) if name)
        left.add(edge.state)
    for name in lifecycle.states:
        if name not in reached:
            yield (KEY, "states", name), f"no edge leads to {name}: it cannot be reached"
        if name not in left:
            yield (KEY, "states", name), f"no edge leads out of {name}: it cannot be left"


def _lock_problems(document: Document, lifecycle: Lifecycle) -> Iterator[_Problem]:
    if lifecycle.lock is None:
        return
    for member in ("lock", "unlock"):
        name = getattr(lifecycle.lock, member)
        if name not in document.operations:
            yield (KEY, "lock", member), f"no operation is called {name!r}"


def _look(raw: Any, place: tuple[str, ...]) -> Any:
    for step in place:
        raw = raw.get(step) if isinstance(raw, Mapping) else None
    return raw
