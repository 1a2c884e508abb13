"""The tests of a record as rows, one for each test of the plan, whether it came to its turn or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract_tests.running.outcomes import Verdict

Row = Mapping[str, Any]
"""A result of record.json (record.schema.json)."""


def rows_of(record: Mapping[str, Any]) -> list[Row]:
    """A row for each test of the plan in its order, then for those that have a result without having been planned."""
    results = {row["id"]: row for row in record["results"]}
    planned = [results.pop(name, None) or _not_run(name) for name in record["plan"]["tests"]]
    return [*planned, *results.values()]


def _not_run(name: str) -> Row:
    return {
        "id": name,
        "check": name.partition("[")[0],
        "title": "",
        "place": None,
        "verdict": Verdict.NOT_RUN.value,
        "reason": "not run",
        "seconds": 0.0,
        "requests": 0,
        "exchanges": None,
        "statesSeen": [],
        "seed": None,
        "replay": "",
        "figures": {},
        "notes": [],
        "requirements": {},
        "findings": [],
    }
