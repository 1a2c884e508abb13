"""What a certificate states: these files, and what they come to. An in-toto Statement v1 with a test result v0.1.

It follows from the other files of the folder alone, so whoever has them can make it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contract import Contract
from contract_tests.certifying.conclusion import FINE, MUST, Conclusion, conclusion
from contract_tests.reports.reading import CERTIFICATE, RECORD, read_record
from contract_tests.running.outcomes import Verdict

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
LINK = "a link"
REPLAYS = "replay"
"""The folder into which `contract-tests replay` writes; it belongs to whoever replays."""


def statement(folder: Path, contract: Contract) -> dict[str, Any]:
    """The statement about the files of a folder. RecordError when there is no record that can be read."""
    return {
        "_type": TYPE,
        "subject": [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in digests(folder).items()],
        "predicateType": PREDICATE,
        "predicate": predicate(read_record(folder), contract),
    }


def digests(folder: Path) -> dict[str, str]:
    """The sha256 of all files of a folder but the certificate, by their places, the record first."""
    paths = {path.relative_to(folder).as_posix(): path for path in files_of(folder)}
    return {name: _digest(paths[name]) for name in sorted(paths, key=lambda name: (name != RECORD, name))}


def files_of(folder: Path) -> Iterator[Path]:
    """All that a certificate is about: what is no folder, links too."""
    for path in folder.rglob("*"):
        if path.relative_to(folder).parts[0] not in (CERTIFICATE, REPLAYS) and (path.is_symlink() or not path.is_dir()):
            yield path


def _digest(path: Path) -> str:
    """Of what stands in a file; of a link, which is no file, that it is one."""
    if path.is_symlink():
        return LINK
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def predicate(record: Mapping[str, Any], contract: Contract) -> dict[str, Any]:
    """What the record comes to. The form knows no `incomplete`: what is not shown to hold is among the failed."""
    rows = record["requirements"]
    musts = {name: rows.get(name) for name, rule in contract.requirements.items() if rule.level == MUST}
    warned = [name for name, row in rows.items() if row["level"] != MUST and row["verdict"] == Verdict.FAILED]
    return {
        "result": _result(conclusion(record, contract), warned=bool(warned)),
        "configuration": list(_configuration(record)),
        "passedTests": sorted(name for name, row in rows.items() if row["verdict"] == Verdict.PASSED),
        "warnedTests": sorted(warned),
        "failedTests": sorted(name for name, row in musts.items() if row is None or row["verdict"] not in FINE),
    }


def _result(concluded: Conclusion, *, warned: bool) -> str:
    if concluded is not Conclusion.CONFORMANT:
        return "FAILED"
    return "WARNED" if warned else "PASSED"


def _configuration(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What was judged by, each with its digest."""
    suite = record["suite"]
    yield _descriptor("openapi.yaml", record["contract"]["sha256"])
    yield _descriptor(f"contract-tests {suite['version']}", suite["sha256"])
    yield _descriptor("plan", record["plan"]["sha256"])
    if suite["proof"]:
        yield _descriptor("proof", suite["proof"]["catalogueSha256"])


def _descriptor(name: str, sha256: str) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": sha256}}
