"""The document as schemathesis sees it, bound to one named host: a generated request can go nowhere else.

Names in paths are never drawn. Each host gets a copy of the document with its own path written out, so that no
generator has a path parameter to play with.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import schemathesis
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.generation.meta import CoverageScenario
from schemathesis.schemas import APIOperation, BaseSchema

from contract import Contract
from contract.operations import METHODS
from contract.schemas import resolve
from contract_tests.running.target import HostName

CONFIG = {
    "generation": {"with-security-parameters": False, "allow-x00": True},
    # a field called `key` would be shown as [Filtered]; credentials are redacted in contract_tests.sending.exchanges
    "output": {"sanitization": {"enabled": False}},
}


class HostApi:
    """The operations of the document on one host, by operationId."""

    def __init__(self, contract: Contract, host: HostName) -> None:
        raw = copy.deepcopy(dict(contract.document.raw))
        bind(raw, host)
        self.schema: BaseSchema = schemathesis.openapi.from_dict(raw, config=schemathesis.Config.from_dict(CONFIG))
        self.operations: Mapping[str, APIOperation[Any, Any, Any, Any]] = {
            result.ok().definition.raw["operationId"]: result.ok()
            for result in self.schema.get_all_operations()
            if isinstance(result, Ok)
        }
        self._coverage: dict[str, list[Case[Any]]] = {}

    def coverage(self, operation_id: str) -> list[Case[Any]]:
        """The coverage cases of an operation, but for methods that its path does not have."""
        return [case for case in self._cases(operation_id) if not _is_undeclared(case)]

    def undeclared(self, path: str) -> list[Case[Any]]:
        """A case for each method that a path does not have."""
        at_path = [name for name, operation in self.operations.items() if operation.path == path]
        return [case for name in at_path for case in self._cases(name) if _is_undeclared(case)]

    def _cases(self, operation_id: str) -> list[Case[Any]]:
        # kept, because the engine makes the undeclared methods of a path for the first operation that asks
        if operation_id not in self._coverage:
            operation = self.operations[operation_id]
            generation = self.schema.config.generation_for(operation=operation, phase="coverage")
            cases = self.schema.iter_coverage_cases(
                operation, generation_modes=list(GenerationMode), generation_config=generation
            )
            self._coverage[operation_id] = list(cases)
        return self._coverage[operation_id]


def bind(raw: dict[str, Any], host: HostName) -> None:
    """Write the path of a host out in a document, in place; no name is left that a generator could draw."""
    raw["paths"] = {host.path(path): _without_names(raw, item) for path, item in raw["paths"].items()}
    # schemathesis would put the path of the document's own server in front; the target's URL says all
    raw["servers"] = [{"url": "/"}]


def _is_undeclared(case: Case[Any]) -> bool:
    scenario = getattr(case.meta.phase.data, "scenario", None) if case.meta else None
    return scenario is CoverageScenario.UNSPECIFIED_HTTP_METHOD


def _without_names(raw: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    """A path item, and the operations in it, without parameters in the path."""
    kept: dict[str, Any] = {}
    for name, value in item.items():
        if name == "parameters":
            kept[name] = [parameter for parameter in value if _location(raw, parameter) != "path"]
        else:
            kept[name] = _without_names(raw, value) if name in METHODS else value
    return kept


def _location(raw: Mapping[str, Any], parameter: Mapping[str, Any]) -> str:
    return str(resolve(parameter, raw.get("components", {})).get("in"))
