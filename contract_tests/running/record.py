"""The record of a run, record.json. A run writes it as it goes on, so that one that ends badly has a record too.

Its shape is contract_tests/record.schema.json. Reports are made from it and from exchanges.ndjson alone.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from contract_tests.running.outcomes import Finding, Judged
from contract_tests.running.registry import Check
from contract_tests.running.replay_line import replay_line
from contract_tests.running.session import Sightings
from contract_tests.running.setting import Setting
from contract_tests.running.suite import suite
from contract_tests.running.summary import CheckOutcome, Summary
from contract_tests.sending.accounts import Accounts

RECORD_VERSION = 2

ESCAPED = "backslashreplace"
"""How what is no Unicode text, such as a lone surrogate in a server's answer, is written."""

WRITE_EVERY = 1.0
"""Seconds between two writings while checks end; every way out writes it once more."""


class Record:
    """What is known of a run so far. `earlier` is its record up to now, when it goes on after it broke off."""

    def __init__(self, setting: Setting, plan: Sequence[Check], earlier: Mapping[str, Any] | None = None) -> None:
        contract, target, options = setting.contract, setting.target, setting.options
        self.path = setting.folder / "record.json"
        self._contract, self._options = contract, options
        # a certificate is published: it says nothing of where it was made, and its commands are for its own folder
        self._place = Path() if setting.certification else setting.folder
        self._plan = plan
        self._judges: dict[str, set[str]] = {}
        self._written = 0.0
        self._known: dict[str, Any] = {
            "recordVersion": RECORD_VERSION,
            "contract": {
                "title": contract.document.title,
                "version": contract.version,
                "sha256": contract.digest,
            },
            "suite": suite(),
            "target": {
                "url": target.url,
                "hosts": [str(host) for host in target.hosts],
                "level": str(target.level),
                "without": sorted(target.without),
                "foreign": target.foreign,
                "credentials": target.credentials.kinds,
                "server": None,
                "profile": options.choice.profile,
            },
            "run": {
                "id": earlier["run"]["id"] if earlier else str(uuid4()),
                "startedAt": earlier["run"]["startedAt"] if earlier else _now(),
                "endedAt": None,
                "resumed": list(earlier["run"]["resumed"]) if earlier else [],
                "seed": options.random_seed,
                "maxExamples": options.max_examples,
                "settleTimeout": setting.timeouts.settle,
                "workers": options.workers,
                "interrupted": False,
                "only": list(dict.fromkeys(options.choice.only)),
                "skip": list(dict.fromkeys(options.choice.skip)),
                "baseline": [row.told for row in options.baseline.rows],
            },
            "certification": setting.certification,
            "plan": {"sha256": plan_digest(plan), "tests": [check.id for check in plan]},
            "remarks": [],
            "results": [],
            "requirements": {},
            "features": {name: {"declared": target.claims(name), "observed": None} for name in contract.features},
            "lifecycle": {
                "states": [{"name": state.name, "kind": state.kind} for state in contract.lifecycle.states.values()],
                "triggers": [one.id for one in contract.operations.values() if one.trigger],
            },
            "statesSeen": {},
            "operations": {},
            "resources": {"created": [], "removed": [], "left": []},
            "summary": None,
        }

    @property
    def run_id(self) -> str:
        """The id of the run, unique for ever."""
        return str(self._known["run"]["id"])

    def resumes(self, after: int) -> None:
        """Another process goes on, after the exchange with this number."""
        self._known["run"]["resumed"].append({"at": _now(), "after": after})

    def remark(self, remarks: Sequence[str], *, server: str | None = None) -> None:
        """What was found before the first check; `server` is what the server calls itself."""
        known = self._known["remarks"]
        known.extend(remark for remark in remarks if remark not in known)
        self._known["target"]["server"] = server

    def observe(self, features: Mapping[str, bool | None]) -> None:
        """Which optional features the server turned out to have; None where that could not be told."""
        for name, observed in features.items():
            self._known["features"][name]["observed"] = observed

    def add(self, outcome: CheckOutcome) -> None:
        """A check has ended."""
        self._known["results"].append(self._result(outcome))
        for name in {*outcome.check.requirements, *outcome.judged}:
            self._judges.setdefault(name, set()).add(outcome.check.id)

    def keep(self, outcomes: Sequence[CheckOutcome]) -> None:
        """Forget all checks but these; the others run again."""
        self._known["results"].clear()
        self._judges.clear()
        for outcome in outcomes:
            self.add(outcome)

    def end(
        self,
        summary: Summary,
        sightings: Sightings,
        accounts: Accounts,
        *,
        interrupted: bool,
    ) -> None:
        """The run has ended."""
        self._known["run"] |= {"endedAt": _now(), "interrupted": interrupted}
        order = {name: number for number, name in enumerate(self._known["plan"]["tests"])}
        self._known["results"].sort(key=lambda row: order[row["id"]])
        self._known["statesSeen"] = dict(sightings.states)
        self._known["operations"] = {
            name: {str(status): n for status, n in sorted(seen.items())} for name, seen in sightings.statuses.items()
        }
        self._known["requirements"] = {
            name: self._requirement(name, judged) for name, judged in summary.requirements.items()
        }
        self._known["resources"] = {
            "created": list(accounts.created),
            "removed": list(accounts.removed),
            "left": list(summary.left_behind),
        }
        self._known["summary"] = {
            "exitCode": summary.exit_code,
            "sentence": summary.sentence,
            "counts": dict(summary.counts()),
            "leftBehind": list(summary.left_behind),
            "notes": list(summary.notes),
        }

    @property
    def told(self) -> Mapping[str, Any]:
        """What the file says once it is written."""
        return self._known

    def write_now_and_then(self) -> None:
        """Write the file anew, unless that was done a moment ago."""
        if time.monotonic() - self._written >= WRITE_EVERY:
            self.write(indent=None)  # a tenth of the work, and soon written anew

    def write(self, indent: int | None = 1) -> None:
        """Write the file anew, by renaming: whoever reads it finds it whole."""
        beside = self.path.with_suffix(".json.part")
        beside.write_text(
            json.dumps(self._known, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8", errors=ESCAPED
        )
        beside.replace(self.path)
        self._written = time.monotonic()

    def _requirement(self, name: str, judged: Judged) -> dict[str, Any]:
        requirement = self._contract.requirements[name]
        return {
            "level": requirement.level,
            "basis": requirement.basis,
            "statement": requirement.statement,
            "feature": requirement.feature,
            "verdict": judged.verdict.value,
            "reason": judged.reason,
            "tests": [check.id for check in self._plan if check.id in self._judges.get(name, ())],
        }

    def _result(self, outcome: CheckOutcome) -> dict[str, Any]:
        check = outcome.check
        cell = check.cell
        place = {"operation": check.operation, "state": cell.state, "target": cell.target} if cell else None
        return {
            "id": check.id,
            "check": check.name,
            "title": check.title,
            "place": place,
            "verdict": outcome.verdict.value,
            "reason": outcome.reason,
            "seconds": round(outcome.seconds, 3),
            "requests": outcome.requests,
            "exchanges": list(outcome.exchanges) if outcome.exchanges else None,
            "statesSeen": sorted(outcome.states_seen),
            "seed": self._options.random_seed,
            "replay": replay_line(self._place, check.id),
            "figures": dict(outcome.figures),
            "notes": list(outcome.notes),
            "requirements": {name: _judged(judged) for name, judged in outcome.judged.items()},
            "findings": [_finding(finding) for finding in outcome.findings],
        }


def plan_digest(plan: Sequence[Check]) -> str:
    """The digest of a plan: the ids of its checks, in their order."""
    return hashlib.sha256("\n".join(check.id for check in plan).encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _judged(judged: Judged) -> dict[str, str]:
    return {"verdict": judged.verdict.value, "reason": judged.reason}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "requirements": list(finding.requirements),
        "what": finding.what,
        "expected": finding.expected,
        "got": finding.got,
        "exchange": finding.exchange,
        "curl": finding.curl,
        "history": finding.history,
    }
