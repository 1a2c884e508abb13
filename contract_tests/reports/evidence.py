"""Of thousands of exchanges, the few that a reader of a failure wants to see: the one, and those around it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import Any

from contract_tests.reports.rows import Row
from contract_tests.reports.text import legible

BEFORE = 3
"""Exchanges of the same test that are shown before the one that a finding is about; one is shown after it."""

Exchange = dict[str, Any]


def point_of(row: Row, finding: Mapping[str, Any]) -> int | None:
    """The number of the exchange that a finding is about; the last one of its test when it names none."""
    number = finding["exchange"]
    if number is None and row["exchanges"]:
        number = row["exchanges"][1]
    return None if number is None else int(number)


def around(exchanges: Iterable[Exchange], points: Iterable[tuple[str, int]]) -> dict[int, list[Exchange]]:
    """For each point, the id of a test and a number: the exchanges of this test around it, in order and legible.

    Tests that ran at the same time on other hosts have written between them; theirs are left out.
    """
    wanted: dict[str, set[int]] = defaultdict(set)
    for test, number in points:
        wanted[test].add(number)
    recent: dict[str, deque[Exchange]] = {test: deque(maxlen=BEFORE) for test in wanted}
    waiting: dict[str, list[Exchange]] = {}
    found: dict[int, list[Exchange]] = {}
    for exchange in exchanges:
        test = exchange["check"]
        if test not in wanted:
            continue
        if test in waiting:
            waiting.pop(test).append(legible(exchange))
        if exchange["number"] in wanted[test]:
            found[exchange["number"]] = [legible(one) for one in (*recent[test], exchange)]
            waiting[test] = found[exchange["number"]]
        recent[test].append(exchange)
    return found
