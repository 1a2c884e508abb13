"""The operations of a document, as records: what a router and a test suite need of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from contract.yaml_source import YamlSource

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


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
    """An answer that the document allows. `schema` None: no body. `headers`: name to whether it must be there."""

    status: int
    schema: Mapping[str, Any] | None
    headers: Mapping[str, bool]


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


class Reader:
    """Reads operations from a parsed document, and follows its local references."""

    def __init__(self, source: YamlSource) -> None:
        self._source = source
        self._raw: Mapping[str, Any] = source.value

    def read(self) -> Mapping[str, Operation]:
        """All operations by operationId. ContractError for one without, or with one that stood before."""
        operations: dict[str, Operation] = {}
        for path, item in self._mapping(self._raw.get("paths", {}), ("paths",)).items():
            for method in (name for name in METHODS if name in self._mapping(item, ("paths", path))):
                operation = self._operation(path, method, item)
                if operation.id in operations:
                    place = ("paths", path, method, "operationId")
                    raise self._source.error(place, f"{operation.id!r} stands twice; an operationId must be unique")
                operations[operation.id] = operation
        return MappingProxyType(operations)

    def resolve(self, node: Any, place: tuple[str | int, ...]) -> Any:
        """What a `$ref` names, or the node itself. ContractError when it names nothing."""
        while isinstance(node, Mapping) and isinstance(reference := node.get("$ref"), str):
            node = self._named(reference, (*place, "$ref"))
        return node

    def check_references(self) -> None:
        """ContractError with every local reference that names nothing."""
        problems = []
        for place, reference in _references(self._raw, ()):
            if _look_up(self._raw, reference) is None:
                problems.append(self._source.problem(place, f"{reference!r} names nothing in this document"))
        if problems:
            raise self._source.errors(problems)

    def _named(self, reference: str, place: tuple[str | int, ...]) -> Any:
        node = _look_up(self._raw, reference)
        if node is None:
            raise self._source.error(place, f"{reference!r} names nothing in this document")
        return node

    def _mapping(self, node: Any, place: tuple[str | int, ...]) -> Mapping[str, Any]:
        if not isinstance(node, Mapping):
            raise self._source.error(place, f"it is {type(node).__name__}; expected a mapping")
        return node

    def _operation(self, path: str, method: str, item: Mapping[str, Any]) -> Operation:
        place = ("paths", path, method)
        raw = self._mapping(item[method], place)
        if not isinstance(raw.get("operationId"), str):
            raise self._source.error(place, "the operation has no operationId; expected a name for it")
        legal_in = raw.get("x-legal-in")
        return Operation(
            id=raw["operationId"],
            method=method.upper(),
            path=path,
            summary=raw.get("summary", ""),
            parameters=tuple(self._parameters(item, raw, place)),
            body=self._body(raw, place),
            responses=self._responses(raw, place),
            trigger=raw.get("x-trigger"),
            alias_of=raw.get("x-alias-of"),
            feature=raw.get("x-feature"),
            legal_in=None if legal_in is None else frozenset(legal_in),
            raw=raw,
        )

    def _parameters(
        self, item: Mapping[str, Any], raw: Mapping[str, Any], place: tuple[str, ...]
    ) -> Iterator[Parameter]:
        for node in (*item.get("parameters", ()), *raw.get("parameters", ())):
            parameter = self._mapping(self.resolve(node, place), place)
            location = parameter["in"]
            required = bool(parameter.get("required", location == "path"))
            yield Parameter(parameter["name"], location, required, parameter.get("schema", {}))

    def _body(self, raw: Mapping[str, Any], place: tuple[str, ...]) -> Body | None:
        node = self.resolve(raw.get("requestBody"), (*place, "requestBody"))
        if node is None:
            return None
        content = self._mapping(node.get("content"), (*place, "requestBody", "content"))
        first: Mapping[str, Any] = next(iter(content.values()), {})
        return Body(bool(node.get("required", False)), tuple(content), first.get("schema", {}))

    def _responses(self, raw: Mapping[str, Any], place: tuple[str, ...]) -> Mapping[int, Response]:
        responses: dict[int, Response] = {}
        for code, node in self._mapping(raw.get("responses", {}), (*place, "responses")).items():
            here = (*place, "responses", code)
            if not str(code).isdecimal():
                raise self._source.error(here, "expected a status code such as '200': name each of them")
            responses[int(code)] = self._response(int(code), self.resolve(node, here), here)
        if not any(200 <= status < 300 for status in responses):
            raise self._source.error((*place, "responses"), "no answer is a success; expected a 2xx")
        return MappingProxyType(responses)

    def _response(self, status: int, node: Mapping[str, Any], place: tuple[str | int, ...]) -> Response:
        content = node.get("content") or {}
        first: Mapping[str, Any] | None = next(iter(content.values()), None)
        schema = first.get("schema", {}) if first is not None else None
        headers = {
            name: bool(self.resolve(header, place).get("required", False))
            for name, header in node.get("headers", {}).items()
        }
        return Response(status, schema, headers)


def _references(node: Any, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(node, Mapping):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield (*place, "$ref"), reference
        for key, value in node.items():
            if key not in ("example", "examples"):
                yield from _references(value, (*place, key))
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from _references(value, (*place, position))


def _look_up(raw: Mapping[str, Any], reference: str) -> Any:
    if not reference.startswith("#/"):
        return None
    node: Any = raw
    for step in reference[2:].split("/"):
        if not isinstance(node, Mapping):
            return None
        node = node.get(step.replace("~1", "/").replace("~0", "~"))
    return node
