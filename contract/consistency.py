"""Whether a contract agrees with itself: what the JSON Schema of its extensions cannot say.

Each function finds one kind of problem in a document that fits the schemas, and yields places and messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contract.document import Document, Problem
from contract.lifecycle import KEY as LIFECYCLE
from contract.lifecycle import Edge, Lifecycle
from contract.requirements import ALL, FEATURES, REQUIREMENTS

INSTANCE = ("components", "schemas", "Instance")
"""The schema of the representation, whose member with the x-role `state` lists the states that are shown."""

_KEYWORD = re.compile(r"\b(MUST|SHOULD)\b")


def contract_problems(document: Document, lifecycle: Lifecycle) -> list[Problem]:
    """All that contradicts itself in a contract."""
    return [
        *_triggers(document, lifecycle),
        *_targets(lifecycle),
        *_rows(document, lifecycle),
        *_ways(lifecycle),
        *_operations(document, lifecycle),
        *_lock(document, lifecycle),
        *_features(document, lifecycle),
        *_requirements(document, lifecycle),
    ]


def _triggers(document: Document, lifecycle: Lifecycle) -> Iterator[Problem]:
    """Each trigger has one operation that fires it, aliases apart, and an edge."""
    fired: dict[str, str] = {}
    for operation in document.operations.values():
        if operation.trigger is None:
            continue
        place = (*operation.place, "x-trigger")
        if operation.trigger not in lifecycle.triggers:
            yield (
                place,
                (
                    f"no row of the lifecycle has an edge for {operation.trigger!r}; give it one, "
                    f"or expected one of {_list(lifecycle.triggers)}"
                ),
            )
        elif operation.alias_of is None and fired.setdefault(operation.trigger, operation.id) != operation.id:
            yield (
                place,
                (
                    f"{fired[operation.trigger]} fires {operation.trigger!r} already; "
                    "give this one another trigger, or an x-alias-of"
                ),
            )
    for edge in lifecycle.edges:
        if edge.trigger not in fired:
            yield (
                _cell(edge),
                (f"no operation fires the trigger {edge.trigger!r}; give one the x-trigger, or take the edge out"),
            )


def _targets(lifecycle: Lifecycle) -> Iterator[Problem]:
    for edge in lifecycle.edges:
        for member, names in (("via", [edge.via]), ("to", edge.to), ("else", [edge.otherwise])):
            for name in names:
                if name is not None and name not in lifecycle.states:
                    yield (*_cell(edge), member), _unknown("state", name, lifecycle.states)


def _rows(document: Document, lifecycle: Lifecycle) -> Iterator[Problem]:
    """Each state that an instance shows has a row and the other way round; one row more is no instance."""
    table = (LIFECYCLE, "states")
    absent = [name for name, state in lifecycle.states.items() if state.kind == "absent"]
    if len(absent) != 1:
        yield table, f"{_list(absent) or 'no row'} is of the kind absent; expected exactly one row"
    place, shown = _shown_states(document)
    if not shown:
        yield place, "it does not list the states; expected a member with the x-role state and an enum"
        return
    for name in shown:
        if name not in lifecycle.states:
            yield (
                table,
                f"the row {name} is missing; expected one for every state that is shown, even an empty one",
            )
    for name in lifecycle.states:
        if name not in shown and name not in absent:
            yield (*table, name), f"the enum of {'.'.join(place)} lacks {name}; expected every state that has a row"


def _shown_states(document: Document) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where the representation lists its states, and which."""
    schema: Mapping[str, Any] = document.raw
    for step in INSTANCE:
        schema = schema.get(step, {})
    member = document.members(schema).get("state")
    if member is None:
        return INSTANCE, ()
    listed = document.resolve(schema["properties"][member]).get("enum", ())
    return (*INSTANCE, "properties", member), tuple(map(str, listed))


def _ways(lifecycle: Lifecycle) -> Iterator[Problem]:
    """Each state can be reached from no instance, and left."""
    table = (LIFECYCLE, "states")
    reached = {name for name, state in lifecycle.states.items() if state.kind == "absent"}
    waiting = list(reached)
    while waiting:
        here = waiting.pop()
        found = {name for edge in lifecycle.edges if edge.state == here for name in _led_to(edge)} - reached
        reached |= found
        waiting.extend(found)
    left = {edge.state for edge in lifecycle.edges if set(edge.to) != {edge.state}}
    for name in lifecycle.states:
        if name not in reached:
            yield (*table, name), f"no edges lead to {name}; expected a way to it from where there is no instance"
        if name not in left:
            yield (*table, name), f"no edge leads out of {name}; expected a way to another state"


def _operations(document: Document, lifecycle: Lifecycle) -> Iterator[Problem]:
    for operation in document.operations.values():
        for name in sorted((operation.legal_in or frozenset()) - set(lifecycle.states)):
            yield (*operation.place, "x-legal-in"), _unknown("state", name, lifecycle.states)
        if operation.alias_of is None:
            continue
        other = document.operations.get(operation.alias_of)
        place = (*operation.place, "x-alias-of")
        if other is None:
            yield place, _unknown("operation", operation.alias_of, document.operations)
        elif other.trigger != operation.trigger:
            yield (
                place,
                f"{other.id} fires {other.trigger!r}; an alias fires the same trigger, not {operation.trigger!r}",
            )


def _lock(document: Document, lifecycle: Lifecycle) -> Iterator[Problem]:
    lock = lifecycle.lock
    if lock is None:
        return
    for member, name in (("lock", lock.lock), ("unlock", lock.unlock)):
        if name not in document.operations:
            yield (LIFECYCLE, "lock", member), _unknown("operation", name, document.operations)
    shown = document.raw.get("components", {}).get("schemas", {}).get("Instance", {}).get("properties", {})
    if lock.field not in shown:
        yield (LIFECYCLE, "lock", "field"), _unknown("member of the schema Instance", lock.field, shown)


def _features(document: Document, lifecycle: Lifecycle) -> Iterator[Problem]:
    known = document.raw[FEATURES]
    used = [
        *(((*operation.place, "x-feature"), operation.feature) for operation in document.operations.values()),
        ((LIFECYCLE, "lock", "feature"), lifecycle.lock.feature if lifecycle.lock else None),
        *(
            ((REQUIREMENTS, position, "feature"), row.get("feature"))
            for position, row in enumerate(document.raw[REQUIREMENTS])
        ),
    ]
    for place, name in used:
        if name is not None and name not in known:
            yield place, _unknown("feature", name, known)


def _requirements(document: Document, lifecycle: Lifecycle) -> Iterator[Problem]:
    known: Mapping[str, Iterable[Any]] = {
        "operations": document.operations,
        "statuses": sorted({status for operation in document.operations.values() for status in operation.responses}),
        "triggers": lifecycle.triggers,
        "states": lifecycle.states,
        "schema": document.raw.get("components", {}).get("schemas", {}),
    }
    ids: set[str] = set()
    for position, row in enumerate(document.raw[REQUIREMENTS]):
        place = (REQUIREMENTS, position)
        if row["id"] in ids:
            yield (*place, "id"), f"{row['id']!r} stands twice; an id is unique"
        ids.add(row["id"])
        if _KEYWORD.findall(row["statement"]) != [row["level"]]:
            yield (*place, "statement"), f"expected one sentence with exactly one keyword, the level: {row['level']}"
        for member, names in row["applies-to"].items():
            for name in _listed(names):
                if member in known and name not in known[member]:
                    yield (*place, "applies-to", member), _unknown(_ONE_OF[member], name, known[member])


_ONE_OF = {
    "operations": "operation",
    "statuses": "status",
    "triggers": "trigger",
    "states": "state",
    "schema": "schema",
}
"""What one name in a member of `applies-to` is called."""


def _listed(names: Any) -> list[Any]:
    if isinstance(names, list):
        return names
    return [] if names == ALL else [names]


def _cell(edge: Edge) -> tuple[str, ...]:
    return (LIFECYCLE, "states", edge.state, "edges", edge.trigger)


def _led_to(edge: Edge) -> Iterator[str]:
    yield from (name for name in (edge.via, edge.otherwise, *edge.to) if name)


def _unknown(what: str, name: Any, known: Iterable[Any]) -> str:
    return f"there is no {what} {name!r}; expected one of {_list(known)}"


def _list(names: Iterable[Any]) -> str:
    return ", ".join(map(str, names))
