"""What must come for a body, whoever made it: judged by the contract's own validator, which knows `x-unique-by`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from schemathesis import Case
from schemathesis.core import NOT_SET

from contract import Contract, Operation, Validator
from contract_tests.judging.answer_checks import UUID_KEY, Representations

BAD_BODY, NOT_JSON, MEDIA_TYPE = "errors.refused-by-schema", "errors.not-json", "errors.media-type-refused"
TOO_LARGE = "errors.too-large"
KEPT, BODIES = "properties.values-kept", "operations.provision-bodies"

NO_MACHINE = str(UUID(int=0))

MAX_BODY = 1024 * 1024
"""Bytes of a body that a server takes (openapi.yaml: errors.too-large)."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The statuses that may come where nothing but the body can be refused, the requirement, and a reason in words."""

    statuses: tuple[int, ...]
    rule: str
    why: str

    @property
    def words(self) -> str:
        """What is expected, for a finding."""
        return f"{' or '.join(map(str, self.statuses))}: {self.why}"


class BodyRules:
    """The rules about bodies of one operation that reads a body."""

    def __init__(self, contract: Contract, operation: Operation) -> None:
        if operation.body is None:
            raise ValueError(f"{operation.id} has no body")
        self._operation = operation
        self._body = operation.body
        self._validator: Validator = contract.document.validator(operation.body.schema)

    @property
    def accepted(self) -> str:
        """The requirement that a good body is taken."""
        return KEPT if self._body.required else BODIES

    def expected(self, case: Case[Any]) -> Expected:
        """What must come for the body of a case."""
        sent = case.body is not NOT_SET and case.body != b""
        media_type = case.headers.get("Content-Type", case.media_type if sent else None)
        if media_type not in (None, *self._body.media_types):
            return Expected((415,), MEDIA_TYPE, f"the body is {media_type}")
        if sent:
            return self._expected_of(case.body)
        if self._body.required:
            return Expected((400, 415), BAD_BODY, "the body is missing")
        return Expected((self._operation.success,), BODIES, "no body is needed")

    def _expected_of(self, body: Any) -> Expected:
        try:
            value = _value(body)
        except ValueError as error:
            return Expected((400,), NOT_JSON, f"the body is not JSON ({error})")
        problems = self._validator.problems(value)
        if not isinstance(body, bytes) and len(json.dumps(value)) > MAX_BODY:
            return Expected((413, 400) if problems else (413,), TOO_LARGE, "the body is larger than 1 MiB")
        if problems:
            return Expected((400,), BAD_BODY, problems[0])
        return Expected((self._operation.success,), self.accepted, "the body is valid")


def naming_no_machine(shown: Representations, body: Any) -> Any:
    """The body, naming no machine: one that it names (as a document's example does) may be somebody else's."""
    key, value = (shown.property_members[role] for role in ("key", "value"))

    def names_one(item: Any) -> bool:
        return isinstance(item, dict) and item.get(key) == UUID_KEY and isinstance(item.get(value), str)

    if not isinstance(body, list):
        return body
    return [item | {value: NO_MACHINE} if names_one(item) else item for item in body]


def _value(body: Any) -> Any:
    """The value that a body says. ValueError when it is not JSON as the contract has it."""
    return json.loads(body.decode(), parse_constant=_no_constant) if isinstance(body, bytes) else body


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no value of JSON")
