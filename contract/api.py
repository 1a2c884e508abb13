"""The contract as one object: the document with its lifecycle, requirements and features."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contract.consistency import contract_problems
from contract.document import Document, builtin_path, load_document, refuse
from contract.lifecycle import Lifecycle, read_lifecycle
from contract.operations import Operation
from contract.requirements import Feature, Requirement, read_features, read_requirements

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
    document = load_document(path or builtin_path())
    document.yaml.check(json.loads(_EXTENSIONS.read_bytes()))
    lifecycle = read_lifecycle(document.raw)
    refuse(document.yaml, contract_problems(document, lifecycle))
    return Contract(
        document,
        lifecycle,
        read_requirements(document.raw, document.operations, lifecycle),
        read_features(document.raw),
    )
