"""The contract as one object: the document with its lifecycle, requirements and features."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from contract.consistency import contract_problems
from contract.document import KEPT, Document, builtin_path, load_document, refuse
from contract.lifecycle import Lifecycle, read_lifecycle
from contract.operations import Operation
from contract.requirements import Feature, Requirement, Scope, read_features, read_requirements

_EXTENSIONS = Path(__file__).with_name("extensions.schema.json")


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract that is whole: what its extensions name is there, and every state has its row."""

    document: Document
    lifecycle: Lifecycle
    requirements: Mapping[str, Requirement]
    features: Mapping[str, Feature]

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations of the document by operationId."""
        return self.document.operations

    def touched(self, operation: Operation, status: int, *states: str | None) -> tuple[str, ...]:
        """The ids of the requirements that an exchange is about, by what they apply to.

        `states` are those of the instance around it, None where there was none to see. A row that is about cells of
        the lifecycle is in it when the operation's trigger, one of the states and the outcome fit.
        """
        return tuple(
            requirement.id
            for requirement in self.requirements.values()
            if self._is_about(requirement.scope, operation, status, {state for state in states if state})
        )

    def _is_about(self, scope: Scope, operation: Operation, status: int, states: set[str]) -> bool:
        if operation.id not in scope.operations or (scope.statuses and status not in scope.statuses):
            return False
        if scope.triggers and operation.trigger and operation.trigger not in scope.triggers:
            return False
        if scope.states and states and not states & scope.states:
            return False
        is_refused = status >= 400
        fits = {"legal": not is_refused, "refused": is_refused, "locked": status == 409}
        fits["pending"] = bool(states.intersection(self.lifecycle.transient))
        return scope.cells is None or fits[scope.cells]

    @property
    def version(self) -> str:
        """The contract's version."""
        return self.document.version

    @property
    def digest(self) -> str:
        """The sha256 of its file, in hexadecimal."""
        return self.document.digest

    @property
    def source(self) -> Path:
        """The file that it came from."""
        return self.document.source


def load_contract(path: Path | None = None) -> Contract:
    """Read a contract, the built-in one when no path is given.

    ContractError names file, line, place and problem of all that breaks the schema of the extensions
    (extensions.schema.json), or contradicts itself (consistency.py).
    """
    return _contract(load_document(path or builtin_path()))


@lru_cache(maxsize=KEPT)
def _contract(document: Document) -> Contract:
    document.yaml.check(json.loads(_EXTENSIONS.read_bytes()))
    lifecycle = read_lifecycle(document.raw)
    refuse(document.yaml, contract_problems(document, lifecycle))
    return Contract(
        document,
        lifecycle,
        read_requirements(document.raw, document.operations, lifecycle),
        read_features(document.raw),
    )
