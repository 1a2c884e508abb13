"""The record of a run, record.json: written after every check, so that a run that ends badly has one too."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contract import Contract
from contract_tests import VERSION
from contract_tests.bench import Options
from contract_tests.outcomes import Finding, Judged
from contract_tests.summary import CheckOutcome, Summary
from contract_tests.target import Target

RECORD_VERSION = 1


class Record:
    """What is known of a run so far. `folder` holds record.json and exchanges.ndjson."""

    def __init__(self, folder: Path, contract: Contract, target: Target, options: Options) -> None:
        self.path = folder / "record.json"
        self._known: dict[str, Any] = {
            "recordVersion": RECORD_VERSION,
            "contract": {
                "title": contract.document.title,
                "version": contract.version,
                "sha256": contract.digest,
            },
            "suite": {"version": VERSION, "python": platform.python_version()},
            "target": {
                "url": target.url,
                "hosts": [str(host) for host in target.hosts],
                "level": str(target.level),
                "without": sorted(target.without),
            },
            "run": {
                "startedAt": _now(),
                "endedAt": None,
                "seed": options.random_seed,
                "maxExamples": options.max_examples,
                "interrupted": False,
            },
            "remarks": [],
            "checks": [],
            "requirements": {},
            "statesSeen": {},
            "operations": {},
            "summary": None,
        }
        self.write()

    def remark(self, remarks: Sequence[str]) -> None:
        """What was found before the first check."""
        self._known["remarks"].extend(remarks)
        self.write()

    def add(self, outcome: CheckOutcome, states: Mapping[str, int], operations: Mapping[str, Counter[int]]) -> None:
        """A check has ended."""
        self._known["checks"].append(_check(outcome))
        self._known["statesSeen"] = dict(states)
        self._known["operations"] = {
            name: {str(status): n for status, n in seen.items()} for name, seen in operations.items()
        }
        self.write()

    def end(self, summary: Summary, *, interrupted: bool) -> None:
        """The run has ended."""
        self._known["run"] |= {"endedAt": _now(), "interrupted": interrupted}
        self._known["requirements"] = {name: _judged(judged) for name, judged in summary.requirements.items()}
        self._known["summary"] = {
            "exitCode": summary.exit_code,
            "sentence": summary.sentence,
            "counts": dict(summary.counts()),
            "leftBehind": list(summary.left_behind),
        }
        self.write()

    def write(self) -> None:
        """Write the file anew, by renaming: whoever reads it finds it whole."""
        beside = self.path.with_suffix(".json.part")
        beside.write_text(json.dumps(self._known, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(self.path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _judged(judged: Judged) -> dict[str, str]:
    return {"verdict": judged.verdict.value, "reason": judged.reason}


def _check(outcome: CheckOutcome) -> dict[str, Any]:
    return {
        "id": outcome.check.id,
        "title": outcome.check.title,
        "verdict": outcome.verdict.value,
        "reason": outcome.reason,
        "seconds": round(outcome.seconds, 3),
        "requests": outcome.requests,
        "figures": dict(outcome.figures),
        "notes": list(outcome.notes),
        "requirements": {name: _judged(judged) for name, judged in outcome.judged.items()},
        "findings": [_finding(finding) for finding in outcome.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "requirements": list(finding.requirements),
        "what": finding.what,
        "expected": finding.expected,
        "got": finding.got,
        "exchange": finding.exchange,
        "curl": finding.curl,
    }
