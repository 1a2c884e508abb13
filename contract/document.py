"""An OpenAPI 3.1 document: found, read once, and refused with file and line when it cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contract.operations import Operation, Reader
from contract.schemas import Validator, members_by_role, resolve
from contract.yaml_source import YamlSource, read_yaml

_BASICS = {
    "type": "object",
    "required": ["openapi", "info", "paths"],
    "properties": {
        "openapi": {"type": "string", "pattern": r"^3\.1\.\d+$"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "properties": {"version": {"type": "string"}},
        },
        "paths": {"type": "object", "minProperties": 1},
    },
}


@dataclass(frozen=True, slots=True)
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
        """The path of its first server's URL, without a slash at the end."""
        servers = self.raw.get("servers") or [{"url": ""}]
        return urlsplit(str(servers[0]["url"])).path.rstrip("/")

    def validator(self, schema: Mapping[str, Any]) -> Validator:
        """A judge of values by a schema of this document."""
        return Validator(schema, self.raw.get("components", {}))

    def members(self, schema: Mapping[str, Any]) -> Mapping[str, str]:
        """The names of an object's members by their meaning (`x-role`)."""
        return members_by_role(schema, self.raw.get("components", {}))

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema itself, behind a reference to it."""
        return resolve(schema, self.raw.get("components", {}))


def load_document(path: Path) -> Document:
    """Read an OpenAPI 3.1 document. ContractError names file, line, place and problem."""
    source = read_yaml(path)
    source.check(_BASICS)
    reader = Reader(source)
    reader.check_references()
    return Document(source, reader.read(), sha256(source.text.encode()).hexdigest())


def builtin_path() -> Path:
    """The contract that came with this package: beside it in a wheel, above it in a checkout."""
    here = Path(__file__).parent
    beside = here / "openapi.yaml"
    return beside if beside.exists() else here.parent / "openapi.yaml"
