"""Values against the schemas of a document, with messages for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError, ValidationErrorKind

from contract.yaml_source import brief

UNIQUE_BY = "x-unique-by"
"""On an array schema: the member by which items are unique (JSON Schema cannot say it)."""

ROLE = "x-role"
"""On a member of an object schema: what it means, so that a document may call it otherwise."""

_MAX_PROBLEMS = 10


class Validator:
    """Judges values by one schema of a document, references into its components resolved."""

    __slots__ = ("_judge", "_unique_by")

    def __init__(self, schema: Mapping[str, Any], components: Mapping[str, Any]) -> None:
        self._judge = Draft202012Validator({"allOf": [schema], "components": components})
        self._unique_by: str | None = resolve(schema, components).get(UNIQUE_BY)

    def is_valid(self, value: Any) -> bool:
        """Whether the value fits."""
        return self._judge.is_valid(value) and (self._unique_by is None or self._repeated(value) is None)

    def problems(self, value: Any) -> list[str]:
        """What does not fit, at most ten sentences that each name the place; empty when all fits."""
        return list(islice(self._find(value), _MAX_PROBLEMS))

    def _find(self, value: Any) -> Iterator[str]:
        for error in self._judge.iter_errors(value):
            yield f"{_place(error.instance_path)}: {_words(error)}"
        if self._unique_by and (repeated := self._repeated(value)) is not None:
            yield f"item {repeated}: its {self._unique_by} stood before; {self._unique_by} must be unique in the list"

    def _repeated(self, value: Any) -> int | None:
        if not isinstance(value, list):
            return None
        seen = set()
        for position, item in enumerate(value):
            member = item.get(self._unique_by) if isinstance(item, dict) else None
            if isinstance(member, str) and member in seen:
                return position
            seen.add(member if isinstance(member, str) else None)
        return None


def members_by_role(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, str]:
    """What each member means (`x-role`) to what it is called, for an object schema and all that it refers to."""
    roles: dict[str, str] = {}
    while True:
        for name, member in schema.get("properties", {}).items():
            if ROLE in member:
                roles.setdefault(member[ROLE], name)
        if "$ref" not in schema:
            return roles
        schema = _step(schema["$ref"], components)


def _step(reference: str, components: Mapping[str, Any]) -> Mapping[str, Any]:
    node: Any = {"components": components}
    for step in reference.removeprefix("#/").split("/"):
        node = node[step.replace("~1", "/").replace("~0", "~")]
    found: Mapping[str, Any] = node
    return found


def resolve(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that a reference names; the schema itself when it is none."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    return resolve(_step(reference, components), components)


def _place(path: list[str | int]) -> str:
    """`item 0, value` for people, `the body` for the whole."""
    return ", ".join(f"item {step}" if isinstance(step, int) else repr(step) for step in path) or "the body"


def _words(error: ValidationError) -> str:
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.AdditionalProperties):
        return f"it may not have {', '.join(map(repr, kind.unexpected))}"
    if isinstance(kind, ValidationErrorKind.Required):
        return f"{kind.property!r} is missing"
    return brief(error)
