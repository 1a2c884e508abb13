"""An OpenAPI 3.1 document: found, read once, and refused with file and line when it cannot be used."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from contract.errors import ContractError
from contract.operations import METHODS, Operation, read_operations
from contract.schemas import Validator, look_up, members_by_role, resolve
from contract.yaml_source import Place, YamlSource, parse_yaml, read_text

Problem = tuple[Place, str]
"""A place in a document, and what is wrong there."""

KEPT = 8
"""So many documents are kept: those of an emulator, and a few that a process of tests changes."""

_SCHEMA = Path(__file__).with_name("document.schema.json")


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """An OpenAPI document. `digest` is the sha256 of its file, in hexadecimal; `raw` is all that it says."""

    yaml: YamlSource
    operations: Mapping[str, Operation]
    digest: str

    @property
    def raw(self) -> Mapping[str, Any]:
        """The parsed document."""
        raw: Mapping[str, Any] = self.yaml.value
        return raw

    @property
    def source(self) -> Path:
        """The file that it came from."""
        return self.yaml.path

    @property
    def title(self) -> str:
        """Its name."""
        return str(self.raw["info"]["title"])

    @property
    def version(self) -> str:
        """Its own version (not that of OpenAPI)."""
        return str(self.raw["info"]["version"])

    @property
    def base_path(self) -> str:
        """The path of its first server's URL, without a slash at the end; empty when there is none."""
        servers = self.raw.get("servers") or [{"url": ""}]
        return urlsplit(str(servers[0]["url"])).path.rstrip("/")

    def validator(self, schema: Mapping[str, Any]) -> Validator:
        """A judge of values by a schema of this document. Making it costs more than using it: keep it."""
        return Validator(schema, self._components)

    def members(self, schema: Mapping[str, Any]) -> Mapping[str, str]:
        """The names of an object's members by their meaning (`x-role`)."""
        return members_by_role(schema, self._components)

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema itself, behind a reference to it."""
        return resolve(schema, self._components)

    @property
    def _components(self) -> Mapping[str, Any]:
        components: Mapping[str, Any] = self.raw.get("components", {})
        return components


def load_document(path: Path) -> Document:
    """Read an OpenAPI 3.1 document.

    ContractError names file, line and place of all that keeps it from being read: it is not YAML, breaks
    document.schema.json, has a reference that names nothing, or an operationId twice. The same text at the same place
    gives the same document again: nobody may change what it holds.
    """
    return _document(path, read_text(path))


@lru_cache(maxsize=KEPT)
def _document(path: Path, text: str) -> Document:
    source = YamlSource(path, text, parse_yaml(text, path))
    source.check(json.loads(_SCHEMA.read_bytes()))
    refuse(source, list(_reference_problems(source.value)))
    refuse(source, list(_operation_problems(source.value)))
    operations = {operation.id: operation for operation in read_operations(source.value)}
    return Document(source, MappingProxyType(operations), sha256(source.text.encode()).hexdigest())


def refuse(source: YamlSource, problems: list[Problem]) -> None:
    """ContractError with all of the problems, in the order of their lines, if there are any."""
    if problems:
        problems.sort(key=lambda problem: source.line(problem[0]))
        raise ContractError(*(source.problem(place, message) for place, message in problems))


def builtin_path() -> Path:
    """The contract that came with this package: beside it in a wheel, above it in a checkout."""
    here = Path(__file__).parent
    beside = here / "openapi.yaml"
    return beside if beside.exists() else here.parent / "openapi.yaml"


def _reference_problems(raw: Mapping[str, Any]) -> Iterator[Problem]:
    for place, reference in _references(raw):
        if problem := _fault(raw, reference):
            yield place, problem


def _fault(raw: Mapping[str, Any], reference: str) -> str | None:
    """What is wrong with a reference; None when it ends at something."""
    followed = [reference]
    while True:
        found = look_up(raw, followed[-1])
        if found is None:
            return f"{followed[-1]!r} names nothing in this document; expected '#/...' and the path of what is there"
        following = found.get("$ref") if isinstance(found, dict) else None
        if not isinstance(following, str):
            return None
        if following in followed:
            return f"{reference!r} leads back to itself; expected a reference that ends somewhere"
        followed.append(following)


def _references(raw: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Every `$ref` with its place. What an anchor shares is looked at once."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), raw)]
    seen: set[int] = set()
    while waiting:
        place, node = waiting.pop()
        if id(node) in seen or not isinstance(node, dict | list):
            continue
        seen.add(id(node))
        if isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
            yield (*place, "$ref"), reference
        steps = node.items() if isinstance(node, dict) else enumerate(node)
        waiting.extend(((*place, step), child) for step, child in steps)


def _operation_problems(raw: Mapping[str, Any]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for path, item in raw["paths"].items():
        for method in (name for name in METHODS if name in item):
            name, here = item[method]["operationId"], f"{method.upper()} {path}"
            if first.setdefault(name, here) != here:
                yield (
                    ("paths", path, method, "operationId"),
                    f"{name!r} stands twice (see {first[name]}); an operationId is unique",
                )
            if not any(code.startswith("2") for code in item[method]["responses"]):
                yield ("paths", path, method, "responses"), "no answer is a success; expected a 2xx"
