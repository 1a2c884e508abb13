"""Whether a report folder says what its exchanges say: its certificate, form, origin, verdicts and reports.

Nothing is sent, and nothing in the folder is believed but the exchanges and the setting of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from contract import Contract
from contract_tests.certifying.recomputing import recompute
from contract_tests.certifying.rendering import rendered
from contract_tests.certifying.statement import REPLAYS
from contract_tests.reports.reading import (
    BADGE,
    CERTIFICATE,
    EXCHANGES,
    README,
    RECORD,
    RecordError,
    checked_record,
    read_exchanges,
    read_record,
    validator,
)
from contract_tests.running.curl_script import FOLDER as SCRIPTS
from contract_tests.running.suite import suite
from contract_tests.sending.journal import FILE as JOURNAL

EXCHANGE = "exchange.schema.json"

SLACK = 1.0
"""Seconds that the clock of a machine may have been set back in a run."""

TOLERATED = (JOURNAL, CERTIFICATE, REPLAYS, RECORD, EXCHANGES, README, BADGE)
"""What may lie in a report folder besides what is made from record and exchanges."""


def has_certificate(folder: Path) -> bool:
    """Whether there is a certificate in a folder at all."""
    return (folder / CERTIFICATE).exists()


def verify(folder: Path, contract: Contract) -> list[str]:
    """What does not agree in a report folder, each in a sentence that names the place; empty when all does.

    Its certificate is another matter (contract_tests.certifying.certificate).
    """
    # what comes later means nothing where this is wrong
    found = list(of_form(folder))
    if not found:
        record = read_record(folder)
        found = list(of_origin(record, contract)) or list(_of_run(record, folder, contract))
    return found


def of_form(folder: Path) -> Iterator[str]:
    """Where record.json or exchanges.ndjson is not of its published form."""
    try:
        checked_record(folder)
    except (RecordError, OSError) as error:
        yield str(error)
        return
    try:
        yield from _of_exchanges(folder)
    except RecordError as error:
        yield str(error)


def _of_exchanges(folder: Path) -> Iterator[str]:
    if not (folder / EXCHANGES).exists():
        yield f"{EXCHANGES} is missing"
        return
    if (folder / EXCHANGES).read_bytes()[-1:] not in (b"", b"\n"):
        yield f"{EXCHANGES}: the last line is torn"
    for number, row in enumerate(read_exchanges(folder), 1):
        for error in validator(EXCHANGE).iter_errors(row):
            yield f"{EXCHANGES}, line {number}: {'.'.join(map(str, error.instance_path))}: {error.message}"


def _of_run(record: Mapping[str, Any], folder: Path, contract: Contract) -> Iterator[str]:
    unlike = recompute(folder, contract)
    theirs, ours = record["suite"]["libraries"], suite()["libraries"]
    if unlike and theirs != ours:
        others = [f"{name} {theirs.get(name)}, here {ours[name]}" for name in ours if theirs.get(name) != ours[name]]
        yield f"{RECORD}: the run had other libraries, which may draw otherwise: {'; '.join(others)}"
    yield from unlike
    yield from _of_times(record["run"], folder)
    yield from of_files(folder, contract)


def _of_times(run: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """Whether a run lasted as long as its exchanges; one that was resumed lasted longer."""
    lasted = (datetime.fromisoformat(run["endedAt"]) - datetime.fromisoformat(run["startedAt"])).total_seconds()
    last = max((row["at"] for row in read_exchanges(folder)), default=0.0)
    if lasted < last - SLACK:
        yield f"{RECORD}: run.endedAt is {lasted:g} s after run.startedAt, and the last exchange was at {last:g} s"


def of_origin(record: Mapping[str, Any], contract: Contract) -> Iterator[str]:
    """Why this copy of the suite cannot judge a run again, or may not believe what its record says of the suite."""
    told, run, ours = record["contract"], record["run"], suite()
    if told["sha256"] != contract.digest:
        made_by = f"{told['title']} {told['version']}, sha256 {told['sha256'][:12]}"
        yield f"{RECORD}: judged by another contract, {made_by}; give its file with --contract"
    if record["suite"]["version"] != ours["version"]:
        yield f"{RECORD}: made by version {record['suite']['version']} of the suite, and this is {ours['version']}"
    elif record["suite"]["sha256"] != ours["sha256"]:
        builds = [_short(one["sha256"]) for one in (record["suite"], ours)]
        yield f"{RECORD}: made by another build of the suite, sha256 {builds[0]}, and this is {builds[1]}"
    elif record["suite"]["proof"] != ours["proof"]:
        yield f"{RECORD}: suite.proof is not the proof that this build of the suite has"
    if run["workers"] > 1:
        yield f"{RECORD}: made by {run['workers']} workers at a time, whose order nobody can repeat"
    if run["endedAt"] is None:
        yield f"{RECORD}: the run has not ended, or was killed; contract-tests resume goes on with it"


def of_files(folder: Path, contract: Contract) -> Iterator[str]:
    """The files that are not what record and exchanges make of them, to the byte, and those that nothing makes."""
    made = rendered(folder, contract)
    for name, content in made.items():
        path = folder / name
        if not path.is_file() or path.is_symlink():
            yield f"{name} is missing"
        elif path.read_bytes() != content:
            yield f"{name} is not what the record and the exchanges make of it"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in made and name != SCRIPTS and name.partition("/")[0] not in TOLERATED:
            yield f"{name} does not belong to a report"


def _short(digest: str | None) -> str:
    return "unknown" if digest is None else digest[:12]
