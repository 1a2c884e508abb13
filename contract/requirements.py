"""The named requirements and the optional features, read from `x-requirements` and `x-features`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from contract.lifecycle import Lifecycle
from contract.operations import Operation

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
    """What a requirement applies to; an empty member says nothing, and `*` is spelled out.

    `cells` narrows the cells (a state and a trigger) to those that are legal, or refused, or those of a locked
    instance, or of a transient state (pending). Without `triggers` and `states`: the cells of all of them.
    """

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


def read_features(raw: Mapping[str, Any]) -> Mapping[str, Feature]:
    """The features by name, of a document that fits extensions.schema.json."""
    return MappingProxyType({name: Feature(name, row["summary"], row["basis"]) for name, row in raw[FEATURES].items()})


def read_requirements(
    raw: Mapping[str, Any], operations: Mapping[str, Operation], lifecycle: Lifecycle
) -> Mapping[str, Requirement]:
    """The requirements by id, of a document that fits extensions.schema.json."""
    everything: Mapping[str, frozenset[str]] = {
        "operations": frozenset(operations),
        "triggers": frozenset(lifecycle.triggers),
        "states": frozenset(lifecycle.states),
    }
    return MappingProxyType({row["id"]: _requirement(row, everything) for row in raw[REQUIREMENTS]})


def _requirement(row: Mapping[str, Any], everything: Mapping[str, frozenset[str]]) -> Requirement:
    scope = row["applies-to"]
    named = {
        member: everything[member] if scope.get(member) == ALL else frozenset(scope.get(member, ()))
        for member in everything
    }
    return Requirement(
        id=row["id"],
        level=row["level"],
        basis=row["basis"],
        statement=" ".join(row["statement"].split()),
        scope=Scope(
            **named,
            statuses=frozenset(scope.get("statuses", ())),
            cells=scope.get("cells"),
            schema=scope.get("schema"),
        ),
        feature=row.get("feature"),
    )
