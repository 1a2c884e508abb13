"""Two whole runs for the eye: one without a fault, one with about everything that can go wrong."""

from __future__ import annotations

import itertools
from typing import Any

from tests.suite.records import CONTRACT, HISTORY, exchange, finding, put, record, result

Run = tuple[dict[str, Any], list[dict[str, Any]]]
HELD = {"verdict": "passed", "reason": ""}
HOSTILE = '<img src="http://evil.example/x.png" onerror="alert(1)">\u202e</pre><script>alert(2)</script>'


def green() -> Run:
    """Every cell of the lifecycle is as the contract has it."""
    rows = _cells()
    return record(rows), [exchange(number, row["id"]) for number, row in enumerate(rows, start=1)]


def failing() -> Run:
    """A server that pauses what is stopped, lets two triggers win at once, and was stopped before the end."""
    rows = {row["id"]: row for row in _cells()}
    broken = "refused[pauseInstance,STOPPED]"
    rows[broken] = result(
        broken,
        "failed",
        reason="pauseInstance in STOPPED: 202",
        exchanges=[1, 6],
        statesSeen=["STOPPED", "PAUSED"],
        requirements={"lifecycle.pause-refused": {"verdict": "failed", "reason": "pauseInstance in STOPPED: 202"}},
        findings=[
            finding("lifecycle.pause-refused", exchange=5),
            *(
                finding("lifecycle.pause-refused", exchange=5, what=f"pauseInstance in STOPPED, try {n}")
                for n in range(2, 30)
            ),
        ],
    )
    rows["race[RUNNING]"] = result(
        "race[RUNNING]",
        "failed",
        reason="no order of the calls explains the answers",
        exchanges=[7, 9],
        requirements={"race.linearizable": {"verdict": "failed", "reason": "no order explains the answers"}},
        findings=[
            finding(
                "race.linearizable",
                what="pauseInstance and shutdownInstance sent together in RUNNING",
                expected="answers that some order of the calls explains",
                got=HOSTILE,
                history=HISTORY,
                curl=None,
            )
        ],
    )
    rows["console[RUNNING]"] = result(
        "console[RUNNING]",
        requirements={"console.values": HELD},
        findings=[finding(_should(), what="vncInstance in RUNNING", expected="the name of the host", got="127.0.0.1")],
    )
    for name, verdict, reason in (
        ("legal[startInstance,STOPPED]", "inconclusive", "the answer was lost: connection reset by peer"),
        ("legal[provisionInstance,ABSENT]", "error", "the suite itself broke"),
        ("two-hosts", "not-run", "needs a second --host"),
        (f"bodies[{'x' * 120}]", "inconclusive", "y" * 300),
        ("agent[RUNNING]", "not-applicable", "the server does not claim the feature agent"),
    ):
        notes = ["Traceback (most recent call last):\n  KeyError: 'state'"] if verdict == "error" else []
        rows[name] = result(name, verdict, reason=reason, notes=notes)
    planned = [*rows, "robustness[slow]", "robustness[huge]"]
    run = record(rows.values(), remarks=["an instance of an earlier run was deleted"])
    run["plan"]["tests"] = planned
    return run, _failing_exchanges(broken)


def _failing_exchanges(broken: str) -> list[dict[str, Any]]:
    kept = [put(number, broken, "shutdown", 409) for number in range(1, 5)]
    kept += [put(5, broken, "pause", 202), exchange(6, broken)]
    kept += [put(7, "race[RUNNING]", "pause", 202), put(8, "race[RUNNING]", "shutdown", 202)]
    kept += [{"number": 9, "at": 1.2, "check": "race[RUNNING]", "error": "connection reset by peer"}]
    kept[3]["response"]["body"] = HOSTILE
    return kept


def _cells() -> list[dict[str, Any]]:
    rows = []
    for operation in CONTRACT.operations.values():
        for state in CONTRACT.lifecycle.states.values() if operation.trigger else ():
            if state.kind == "transient":
                continue
            edge = CONTRACT.lifecycle.edge(state.name, str(operation.trigger))
            check = "legal" if edge else "refused"
            rules = _rules(check, str(operation.trigger))
            seen = {state.name, *([edge.via] if edge and edge.via else []), *([edge.to[0]] if edge else [])}
            rows.append(
                result(
                    f"{check}[{operation.id},{state.name}]",
                    requirements=dict.fromkeys(rules, HELD),
                    statesSeen=sorted(seen),
                    figures={"answers": 4},
                )
            )
    locked = itertools.product(("pauseInstance", "startInstance"), ("RUNNING", "PAUSED", "STOPPED"))
    rows += [result(f"locked[{operation},{name}]") for operation, name in locked]
    return rows


def _rules(cells: str, trigger: str) -> list[str]:
    scopes = {name: rule.scope for name, rule in CONTRACT.requirements.items()}
    return [name for name, scope in scopes.items() if scope.cells == cells and trigger in scope.triggers]


def _should() -> str:
    return next(name for name, rule in CONTRACT.requirements.items() if rule.level == "SHOULD")
