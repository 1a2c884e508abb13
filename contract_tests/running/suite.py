"""What judges: the suite's version, the digest of its code, the libraries that draw and send, and its own proof."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import contract
from contract_tests import VERSION
from contract_tests.running.proof import read_proof

LIBRARIES = ("hypothesis", "requests", "schemathesis", "urllib3")
"""On which depends what is drawn, and how it is sent."""

CODE = (".py", ".jinja", ".json", ".sh")
"""The files that make up the suite. The contract has a digest of its own."""


@cache
def suite() -> dict[str, Any]:
    """The member `suite` of a record (record.schema.json)."""
    return {
        "version": VERSION,
        "sha256": digest(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "proof": _proof(),
    }


def digest() -> str:
    """Of the names and contents of all files of the suite, in their order; the same on every machine."""
    whole = hashlib.sha256()
    for name, content in _files():
        whole.update(f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode())
    return whole.hexdigest()


def _files() -> Iterator[tuple[str, bytes]]:
    for package in (Path(str(contract.__file__)).parent, Path(__file__).parents[1]):
        for path in sorted(package.rglob("*"), key=lambda one: one.as_posix()):
            if path.suffix in CODE and path.is_file():
                yield f"{package.name}/{path.relative_to(package).as_posix()}", path.read_bytes()


def _proof() -> dict[str, Any] | None:
    proof = read_proof()
    if proof is None:
        return None
    return {
        "faulty": len(proof["faulty"]),
        "caught": sum(row["killed"] for row in proof["faulty"].values()),
        "lawful": len(proof["lawful"]),
        "green": sum(verdict == "green" for verdict in proof["lawful"].values()),
        "seeds": proof["seeds"],
        "catalogueSha256": proof["catalogueSha256"],
    }
