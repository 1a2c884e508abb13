"""Values against the schemas of a document, with messages for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError

from contract.messages import shown, words

UNIQUE_BY = "x-unique-by"
"""On an array schema: the member by which items are unique (JSON Schema cannot say it)."""

ROLE = "x-role"
"""On a member of an object schema: what it means, so that a document may call it otherwise."""

_MAX_PROBLEMS = 10


class UniqueBy:
    """The keyword `x-unique-by`, as jsonschema_rs takes it."""

    def __init__(self, _schema: dict[str, Any], member: Any, _path: list[str | int]) -> None:
        self._member = member

    def validate(self, items: Any) -> None:
        """ValueError for the first item whose member stood before."""
        seen: dict[Any, int] = {}
        for position, item in enumerate(items if isinstance(items, list) else ()):
            value = item.get(self._member) if isinstance(item, dict) else None
            if not isinstance(value, str):
                continue  # the schema of the items says what is wrong with it
            first = seen.setdefault(value, position)
            if first != position:
                raise ValueError(
                    f"item {position}: its {self._member} {shown(value)} stood before (item {first}); "
                    f"{self._member} is unique in this list"
                )


class Validator:
    """Judges values by one schema of a document, its references resolved. Made once for a schema, then kept."""

    __slots__ = ("_judge", "is_valid")

    def __init__(self, schema: Mapping[str, Any], components: Mapping[str, Any]) -> None:
        named = {"schemas": components.get("schemas", {})}
        self._judge = Draft202012Validator({"allOf": [schema], "components": named}, keywords={UNIQUE_BY: UniqueBy})
        self.is_valid = self._judge.is_valid
        """Whether a value fits: the fast path, the library's own method."""

    def problems(self, value: Any) -> list[str]:
        """What does not fit, at most ten sentences that each name the place; empty when all fits."""
        try:
            return [_sentence(error) for error in islice(self._judge.iter_errors(value), _MAX_PROBLEMS)]
        except ValueError:  # the library quotes the value in an error, and that has a limit of depth
            return ["it does not fit, and nests too deeply to tell where; expected at most 255 levels"]


def _sentence(error: ValidationError) -> str:
    """`item 0, 'value': it is empty`; what is wrong with the whole stands alone."""
    place = ", ".join(f"item {step}" if isinstance(step, int) else repr(step) for step in error.instance_path)
    return f"{place}: {words(error)}" if place else words(error)


def resolve(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that a reference names; the schema itself when it is none."""
    return list(_chain(schema, components))[-1]


def members_by_role(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, str]:
    """What each member means (`x-role`) to what it is called, for an object schema and all that it refers to."""
    roles: dict[str, str] = {}
    for link in _chain(schema, components):
        for name, member in link.get("properties", {}).items():
            if isinstance(member, Mapping) and ROLE in member:
                roles.setdefault(member[ROLE], name)
    return roles


def _chain(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema, then what its `$ref` names, and so on."""
    document = {"components": components}
    seen = []
    while schema not in seen:
        yield schema
        seen.append(schema)
        if isinstance(reference := schema.get("$ref"), str):
            schema = look_up(document, reference) or {}


def look_up(document: Mapping[str, Any], reference: str) -> Any:
    """What a local reference, `#/a/b`, names in a document; None when it names nothing."""
    if not reference.startswith("#/"):
        return None
    node: Any = document
    for step in reference[2:].split("/"):
        if not isinstance(node, Mapping):
            return None
        node = node.get(step.replace("~1", "/").replace("~0", "~"))
    return node
