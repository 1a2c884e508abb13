"""Example records and exchanges, as a run leaves them: for the tests of the reports, and to look at a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from contract import load_contract

CONTRACT = load_contract()
URL = "https://hypervisor.example:8443"
INSTANCE = f"{URL}/organizations/Guardis%20Test/environments/Test%20Environment/hosts/web-1/instance"
STARTED, ENDED = "2026-11-25T10:00:00.000+00:00", "2026-11-25T10:04:12.500+00:00"
TRIGGERS = tuple(operation.id for operation in CONTRACT.operations.values() if operation.trigger)
HISTORY: dict[str, Any] = {
    "initial": "RUNNING",
    "calls": [
        {"operation": "pauseInstance", "start": 0.0, "end": 0.021, "status": 202, "seen": None},
        {"operation": "shutdownInstance", "start": 0.002, "end": 0.025, "status": 202, "seen": None},
        {"operation": "getInstance", "start": 0.03, "end": 0.034, "status": 200, "seen": "STOPPED"},
    ],
    "longest": [1, 2],
}


def result(name: str, verdict: str = "passed", **changes: Any) -> dict[str, Any]:
    """A result, by default a passed one that belongs to no requirement."""
    check, _, parameters = name.partition("[")
    operation, _, state = parameters.rstrip("]").partition(",")
    return {
        "id": name,
        "check": check,
        "title": f"what {check} looks at",
        "place": {"operation": operation, "state": state, "target": None} if state else None,
        "verdict": verdict,
        "reason": "",
        "seconds": 0.25,
        "requests": 4,
        "exchanges": None,
        "statesSeen": [],
        "seed": 7,
        "replay": f"contract-tests replay contract-report '{name}'",
        "figures": {},
        "notes": [],
        "requirements": {},
        "findings": [],
        **changes,
    }


def finding(*requirements: str, **changes: Any) -> dict[str, Any]:
    """A finding about a pause that was not refused."""
    return {
        "requirements": list(requirements),
        "what": "pauseInstance in STOPPED",
        "expected": "409: pause is legal in RUNNING only",
        "got": "202",
        "exchange": None,
        "curl": f"curl -i -X PUT {INSTANCE}/_pause",
        "history": None,
        **changes,
    }


def exchange(number: int, check: str, **changes: Any) -> dict[str, Any]:
    """A read that was answered with a running instance."""
    return {
        "number": number,
        "at": number / 8,
        "check": check,
        "operation": "getInstance",
        "request": {
            "method": "GET",
            "url": INSTANCE,
            "headers": {"Authorization": "[redacted]", "User-Agent": f"contract-tests/0.1.0 ({check})"},
            "body": None,
        },
        "response": {
            "status": 200,
            "headers": {"content-type": "application/json", "server": "hyp/3.1"},
            "body": '{"state": "RUNNING", "synapseState": "Up"}',
            "seconds": 0.012,
        },
        **changes,
    }


def put(number: int, check: str, action: str, status: int) -> dict[str, Any]:
    """A trigger and its answer."""
    row = exchange(number, check, operation=f"{action}Instance")
    row["request"] |= {"method": "PUT", "url": f"{INSTANCE}/_{action}"}
    row["response"] |= {"status": status, "body": None if status == 202 else '{"error": "not in this state"}'}
    return row


def record(results: Iterable[dict[str, Any]] = (), **changes: Any) -> dict[str, Any]:
    """The record of a run with these results. The verdicts of requirements follow from them."""
    rows = list(results)
    requirements = _requirements(rows)
    failed = sum(1 for rule in requirements.values() if rule["verdict"] == "failed" and rule["level"] == "MUST")
    sentence = f"the contract is broken: {failed} MUST failed" if failed else "every MUST that this suite judges holds"
    verdicts = [rule["verdict"] for rule in requirements.values()]
    return {
        "recordVersion": 2,
        "contract": {"title": CONTRACT.document.title, "version": CONTRACT.version, "sha256": CONTRACT.digest},
        "suite": {
            "version": "0.1.0",
            "sha256": "5" * 64,
            "python": "3.11.7",
            "libraries": {"hypothesis": "6.170.17"},
            "proof": None,
        },
        "certification": None,
        "target": {
            "url": URL,
            "hosts": ["Guardis Test/Test Environment/web-1", "Guardis Test/Test Environment/web-2"],
            "level": "full",
            "without": ["agent"],
            "foreign": None,
            "credentials": {"user": None, "password": False, "appKey": False},
            "server": "hyp/3.1",
            "profile": "full",
        },
        "run": {
            "id": "5f0c2d7e",
            "startedAt": STARTED,
            "endedAt": ENDED,
            "seed": 7,
            "maxExamples": 12,
            "settleTimeout": 180.0,
            "workers": 1,
            "interrupted": False,
            "only": [],
            "skip": [],
            "resumed": [],
            "baseline": [],
        },
        "plan": {"sha256": "0" * 64, "tests": [row["id"] for row in rows]},
        "remarks": [],
        "results": rows,
        "requirements": requirements,
        "features": {
            name: {"declared": name != "agent", "observed": None if name == "agent" else True}
            for name in CONTRACT.features
        },
        "lifecycle": {
            "states": [{"name": state.name, "kind": state.kind} for state in CONTRACT.lifecycle.states.values()],
            "triggers": list(TRIGGERS),
        },
        "statesSeen": {"RUNNING": 120, "PENDING": 44, "PAUSED": 31},
        "operations": {"getInstance": {"200": 310, "404": 22}, "pauseInstance": {"202": 9, "409": 5}},
        "resources": {"created": ["web-1", "web-2"], "removed": ["web-1", "web-2"], "left": []},
        "summary": {
            "exitCode": 1 if failed else 0,
            "sentence": sentence,
            "counts": {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))},
            "leftBehind": [],
            "notes": [],
        },
        **changes,
    }


def write(folder: Path, kept: Mapping[str, Any], exchanges: Iterable[Mapping[str, Any]] = ()) -> Path:
    """Write both files of a run into a folder, which is made; answers the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "record.json").write_text(json.dumps(kept), encoding="utf-8")
    lines = "".join(f"{json.dumps(row)}\n" for row in exchanges)
    (folder / "exchanges.ndjson").write_text(lines, encoding="utf-8")
    return folder


def _requirements(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    order = ("not-applicable", "passed", "not-run", "inconclusive", "error", "failed")
    judged: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for name, judgement in row["requirements"].items():
            judged.setdefault(name, []).append({**judgement, "test": row["id"]})
    unseen = {"verdict": "not-applicable", "reason": "no test of this run was about it"}
    found = {}
    for name, rule in CONTRACT.requirements.items():
        worst = max(judged.get(name, [unseen]), key=lambda one: order.index(one["verdict"]))
        found[name] = {
            "level": rule.level,
            "basis": rule.basis,
            "statement": rule.statement,
            "feature": rule.feature,
            "verdict": worst["verdict"],
            "reason": worst["reason"],
            "tests": [one["test"] for one in judged.get(name, [])],
        }
    return found
