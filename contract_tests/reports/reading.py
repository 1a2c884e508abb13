"""Reads what a run has left in its folder. All reports are made from these two files, and from nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator

from contract_tests.reports.text import legible

RECORD = "record.json"
EXCHANGES = "exchanges.ndjson"
CERTIFICATE, README, BADGE = "certificate.dsse.json", "README.md", "badge.svg"
"""What makes the report of a run a certificate."""

SCHEMAS = {1: "record.schema.1.json", 2: "record.schema.json"}
"""The versions of records that can be read, with their published forms; what an old one does not know is filled in."""


class RecordError(Exception):
    """There is no record in the folder that can be read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body as exchanges.ndjson keeps it. `length`: the bytes of the whole, when only the beginning was kept."""

    text: str
    base64: bool = False
    length: int | None = None

    @classmethod
    def of(cls, kept: Any) -> Body:
        """From a text, `{base64}`, or `{beginning, length}` around one of them; None is an empty body."""
        if isinstance(kept, dict) and "beginning" in kept:
            inner = cls.of(kept["beginning"])
            return cls(inner.text, inner.base64, kept["length"])
        if isinstance(kept, dict):
            return cls(kept["base64"], base64=True)
        return cls(kept or "")


def read_record(folder: Path) -> dict[str, Any]:
    """The record of a run (record.schema.json), legible. RecordError when it is none; OSError comes through."""
    path = folder / RECORD
    try:
        record = legible(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise RecordError(f"{path}: there is no such file; expected the report folder of a run") from None
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path}: expected JSON in UTF-8: {error}") from None
    version = _version(record)
    if version not in SCHEMAS:
        readable = " or ".join(map(str, SCHEMAS))
        raise RecordError(f"{path}: expected a record of version {readable}, got version {version}")
    return _upgraded(record) if version == 1 else dict(record)


def checked_record(folder: Path) -> dict[str, Any]:
    """The same of a folder that somebody else may have written: RecordError also when it is not of its form."""
    record = read_record(folder)
    for problem in form_problems(json.loads((folder / RECORD).read_text("utf-8"))):
        raise RecordError(f"{folder}/{problem}")
    return record


def _version(record: Any) -> int | None:
    version = record.get("recordVersion") if isinstance(record, dict) else None
    return version if isinstance(version, int) else None


def form_problems(record: Any) -> Iterator[str]:
    """Where what was read from record.json is no record of its version, each in a sentence that names the place."""
    for error in validator(SCHEMAS[_version(record) or max(SCHEMAS)]).iter_errors(record):
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
        yield f"{RECORD}{place}: {error.message}"


@cache
def validator(schema: str) -> Draft202012Validator:
    """Of one of the published schemas, by the name of its file."""
    text = files("contract_tests").joinpath(schema).read_text("utf-8")
    return Draft202012Validator(json.loads(text), validate_formats=True)


def _upgraded(record: dict[str, Any]) -> dict[str, Any]:
    """A record of version 1 with what version 2 has besides. It says of itself what it said: its version stays."""
    return {
        "certification": None,
        **record,
        "suite": {"sha256": None, "libraries": {}, "proof": None, **_member(record, "suite")},
        "run": {"resumed": [], "baseline": [], **_member(record, "run")},
    }


def _member(record: dict[str, Any], name: str) -> dict[str, Any]:
    member = record.get(name)
    return member if isinstance(member, dict) else {}


def read_exchanges(folder: Path) -> Iterator[dict[str, Any]]:
    """The exchanges of a run in their order; none when there is no file. RecordError at a line that is none.

    The last line may be torn: a run that was killed could not end it.
    """
    path = folder / EXCHANGES
    if not path.exists():
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                raise RecordError(f"{path}, line {number}: expected a JSON object: {error}") from None
