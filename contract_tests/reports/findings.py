"""The findings of a run, put together by the rules that they break."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract_tests.reports.evidence import point_of
from contract_tests.reports.rows import Row

IN_FULL = 3
"""Findings of the same rules that are shown with their evidence."""

IN_A_LINE = 200
"""Findings of the same rules that are shown in a line each, after those; of more there is a count."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding and the test that made it. `point`: the number of the exchange that it is about."""

    row: Row
    finding: Mapping[str, Any]

    @property
    def point(self) -> int | None:
        """As evidence.point_of has it."""
        return point_of(self.row, self.finding)


@dataclass(frozen=True, slots=True)
class Group:
    """All findings that break the same rules."""

    requirements: tuple[str, ...]
    must: bool
    found: Sequence[Found]

    @property
    def full(self) -> Sequence[Found]:
        """Those that are shown with their evidence."""
        return self.found[:IN_FULL]

    @property
    def lines(self) -> Sequence[Found]:
        """Those that are shown in a line each."""
        return self.found[IN_FULL : IN_FULL + IN_A_LINE]

    @property
    def untold(self) -> int:
        """How many are not shown at all."""
        return max(0, len(self.found) - IN_FULL - IN_A_LINE)


def groups_of(record: Mapping[str, Any], rows: Sequence[Row]) -> list[Group]:
    """The groups, in the order in which the first finding of each was made."""
    by_rules: dict[tuple[str, ...], list[Found]] = {}
    for row in rows:
        for finding in row["findings"]:
            by_rules.setdefault(tuple(finding["requirements"]), []).append(Found(row, finding))
    return [Group(rules, _is_must(record, rules), found) for rules, found in by_rules.items()]


def points(groups: Sequence[Group]) -> Iterator[tuple[str, int]]:
    """The tests and the numbers of the exchanges whose surroundings are shown."""
    for group in groups:
        for found in group.full:
            if found.point is not None:
                yield found.row["id"], found.point


def _is_must(record: Mapping[str, Any], rules: Sequence[str]) -> bool:
    """Whether one of the rules must be kept. A rule that the contract has dropped counts as one."""
    levels = [rule["level"] if (rule := record["requirements"].get(name)) else "MUST" for name in rules]
    return "MUST" in levels or not levels
