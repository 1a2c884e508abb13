"""The named requirements and the optional features, read from `x-requirements` and `x-features`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from contract.document import Document
from contract.errors import ContractError
from contract.lifecycle import Lifecycle

REQUIREMENTS, FEATURES = "x-requirements", "x-features"
ALL = "*"


@dataclass(frozen=True, slots=True)
class Feature:
    """An optional part of the contract. `basis`: D documented, C relied on by the client, P this project's."""

    name: str
    summary: str
    basis: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What a requirement applies to; an empty member says nothing, `cells` is legal, refused, locked or pending."""

    operations: frozenset[str]
    statuses: frozenset[int]
    triggers: frozenset[str]
    states: frozenset[str]
    cells: str | None
    schema: str | None


@dataclass(frozen=True, slots=True)
class Requirement:
    """A rule with a stable id made of words, `area.rule`. `level`: MUST or SHOULD; `statement`: one sentence."""

    id: str
    level: str
    basis: str
    statement: str
    scope: Scope
    feature: str | None

    @property
    def area(self) -> str:
        """The first word of its id."""
        return self.id.partition(".")[0]


def read_features(document: Document) -> Mapping[str, Feature]:
    """The features by name. ContractError when an operation or the lifecycle names one that is not there."""
    raw = document.raw[FEATURES]
    features = {name: Feature(name, row["summary"], row["basis"]) for name, row in raw.items()}
    problems = [
        document.yaml.problem(place, f"there is no feature {name!r}; expected one of {', '.join(features)}")
        for place, name in _used_features(document)
        if name not in features
    ]
    if problems:
        raise ContractError(*problems)
    return MappingProxyType(features)


def _used_features(document: Document) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for operation in document.operations.values():
        if operation.feature:
            yield ("paths", operation.path, operation.method.lower(), "x-feature"), operation.feature
    lock = document.raw["x-lifecycle"].get("lock")
    if lock:
        yield ("x-lifecycle", "lock", "feature"), lock["feature"]
    for position, row in enumerate(document.raw[REQUIREMENTS]):
        if "feature" in row:
            yield (REQUIREMENTS, position, "feature"), row["feature"]


def read_requirements(document: Document, lifecycle: Lifecycle) -> Mapping[str, Requirement]:
    """The requirements by id. ContractError with every id that stands twice and every name that is unknown."""
    known = _Known(document, lifecycle)
    requirements: dict[str, Requirement] = {}
    problems = []
    for position, row in enumerate(document.raw[REQUIREMENTS]):
        if row["id"] in requirements:
            problems.append(document.yaml.problem((REQUIREMENTS, position, "id"), f"{row['id']!r} stands twice"))
        for member, message in known.problems(row["applies-to"]):
            problems.append(document.yaml.problem((REQUIREMENTS, position, "applies-to", member), message))
        requirements[row["id"]] = _requirement(row, known)
    if problems:
        raise ContractError(*problems)
    return MappingProxyType(requirements)


class _Known:
    """The names that `applies-to` may use."""

    def __init__(self, document: Document, lifecycle: Lifecycle) -> None:
        operations = document.operations
        self._names: Mapping[str, frozenset[Any]] = {
            "operations": frozenset(operations),
            "statuses": frozenset(status for operation in operations.values() for status in operation.responses),
            "triggers": frozenset(lifecycle.triggers),
            "states": frozenset(lifecycle.states),
        }
        self._schemas = frozenset(document.raw.get("components", {}).get("schemas", {}))

    def problems(self, scope: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for member, known in self._names.items():
            for name in _listed(scope.get(member, ())):
                if name not in known:
                    expected = ", ".join(map(str, sorted(known)))
                    yield member, f"{name!r} is not in the contract; expected some of {expected}"
        schema = scope.get("schema")
        if schema is not None and schema not in self._schemas:
            yield "schema", f"components/schemas has no {schema!r}"

    def expand(self, scope: Mapping[str, Any], member: str) -> frozenset[Any]:
        value = scope.get(member, ())
        return self._names[member] if value == ALL else frozenset(value)


def _listed(value: Any) -> Iterable[Any]:
    return () if value == ALL else value


def _requirement(row: Mapping[str, Any], known: _Known) -> Requirement:
    scope = row["applies-to"]
    return Requirement(
        id=row["id"],
        level=row["level"],
        basis=row["basis"],
        statement=" ".join(row["statement"].split()),
        scope=Scope(
            operations=known.expand(scope, "operations"),
            statuses=known.expand(scope, "statuses"),
            triggers=known.expand(scope, "triggers"),
            states=known.expand(scope, "states"),
            cells=scope.get("cells"),
            schema=scope.get("schema"),
        ),
        feature=row.get("feature"),
    )
