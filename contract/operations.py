"""The operations of a document, as records: what a router and a test suite need of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from contract.schemas import look_up

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The members of a path item that are operations."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: `location` is path, query, header or cookie."""

    name: str
    location: str
    required: bool
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Body:
    """A request body: the media types in which it is read, and the schema of the first of them."""

    required: bool
    media_types: tuple[str, ...]
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer that the document allows. `schema` None: no body. `headers`: name to whether it must be there.

    `media_types`: those of the body; `schema` is that of the first.
    """

    status: int
    schema: Mapping[str, Any] | None
    headers: Mapping[str, bool]
    media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with its `x-` members: `trigger` that it fires, `alias_of`, `feature`, and `legal_in`.

    `legal_in` names the states in which a reading operation answers; None: in every one.
    """

    id: str
    method: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: Mapping[int, Response]
    trigger: str | None = None
    alias_of: str | None = None
    feature: str | None = None
    legal_in: frozenset[str] | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def success(self) -> int:
        """The status of an answer that is no refusal: its first 2xx."""
        return min(status for status in self.responses if 200 <= status < 300)

    @property
    def place(self) -> tuple[str, ...]:
        """Where the operation stands in its document."""
        return ("paths", self.path, self.method.lower())


def read_operations(raw: Mapping[str, Any]) -> Iterator[Operation]:
    """The operations of a document that fits document.schema.json and whose references all name something."""
    for path, item in raw["paths"].items():
        for method in METHODS:
            if method in item:
                yield _operation(raw, path, method, item)


def _operation(document: Mapping[str, Any], path: str, method: str, item: Mapping[str, Any]) -> Operation:
    raw = item[method]
    legal_in = raw.get("x-legal-in")
    return Operation(
        id=raw["operationId"],
        method=method.upper(),
        path=path,
        summary=raw.get("summary", ""),
        parameters=_parameters(document, [*item.get("parameters", ()), *raw.get("parameters", ())]),
        body=_body(document, raw.get("requestBody")),
        responses=MappingProxyType(
            {int(code): _response(document, int(code), node) for code, node in raw["responses"].items()}
        ),
        trigger=raw.get("x-trigger"),
        alias_of=raw.get("x-alias-of"),
        feature=raw.get("x-feature"),
        legal_in=None if legal_in is None else frozenset(legal_in),
        raw=raw,
    )


def _parameters(document: Mapping[str, Any], nodes: list[Any]) -> tuple[Parameter, ...]:
    """By name and place: what an operation says of a parameter replaces what its path says."""
    found: dict[tuple[str, str], Parameter] = {}
    for node in nodes:
        raw = _follow(document, node)
        required = bool(raw.get("required", False))
        found[raw["name"], raw["in"]] = Parameter(raw["name"], raw["in"], required, raw.get("schema", {}))
    return tuple(found.values())


def _body(document: Mapping[str, Any], node: Any) -> Body | None:
    if node is None:
        return None
    raw = _follow(document, node)
    return Body(bool(raw.get("required", False)), tuple(raw["content"]), _first_schema(raw["content"]))


def _response(document: Mapping[str, Any], status: int, node: Any) -> Response:
    raw = _follow(document, node)
    headers = {
        name: bool(_follow(document, header).get("required", False)) for name, header in raw.get("headers", {}).items()
    }
    schema = _first_schema(raw["content"]) if "content" in raw else None
    return Response(status, schema, MappingProxyType(headers), tuple(raw.get("content", ())))


def _first_schema(content: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = next(iter(content.values())).get("schema", {})
    return schema


def _follow(document: Mapping[str, Any], node: Any) -> Mapping[str, Any]:
    """What a reference names, or the node itself."""
    while isinstance(reference := node.get("$ref"), str):
        node = look_up(document, reference)
    found: Mapping[str, Any] = node
    return found
