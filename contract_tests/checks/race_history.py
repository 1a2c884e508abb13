"""The history of requests that were sent together or in turn: as the search needs it, and as it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from math import inf, nextafter
from typing import Any

from contract import Lifecycle
from contract_tests.judging.linearizability import Call, Explanation, Search, Verdict
from contract_tests.moving.waiter import Course, Snapshot
from contract_tests.sending.together import Answered

LINEARIZABLE, WHOLE_READS = "race.linearizable", "race.whole-reads"


@dataclass(frozen=True, slots=True)
class Row:
    """A request of a history, with the operationId."""

    operation: str
    call: Call


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a history comes to. `rule` is the requirement that it breaks, None when there is an order.

    `perhaps` is what else might explain it, in words, and must then come again. `rows` are those that were judged.
    """

    rule: str | None
    explanation: Explanation
    rows: tuple[Row, ...]
    perhaps: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What was sent to an instance that had settled in `initial`, and what was seen until it had settled again."""

    initial: str
    sent: tuple[Row, ...]
    looks: tuple[Row, ...]
    last: Snapshot
    settled: bool

    @property
    def rows(self) -> tuple[Row, ...]:
        """What was sent, looks among it, and the looks that came after."""
        return (*self.sent, *self.looks)

    @property
    def triggers(self) -> tuple[Row, ...]:
        """The rows that are no looks."""
        return tuple(row for row in self.sent if row.call.trigger is not None)

    @property
    def end(self) -> Row:
        """The last look, when the instance had settled."""
        return self.looks[-1]

    @property
    def shows_race(self) -> bool:
        """Whether two triggers were answered that were on their way at the same time, one of them accepted."""
        told = [row.call for row in self.triggers if row.call.tells and not row.call.is_lost]
        return _overlap(told) and any(call.is_accepted for call in told)

    def judged(self, lifecycle: Lifecycle) -> Judgement:
        """Whether an order of the triggers explains their answers and the end, and with them what all looks saw."""
        triggers = self._judged(lifecycle, LINEARIZABLE, (*self.triggers, self.end))
        return triggers if triggers.rule else self._judged(lifecycle, WHOLE_READS, self.rows)

    def _judged(self, lifecycle: Lifecycle, rule: str, rows: tuple[Row, ...]) -> Judgement:
        calls = [row.call for row in rows]
        found = Search(lifecycle, calls).explain(self.initial)
        if found.verdict is Verdict.EXPLAINED:
            return Judgement(None, found, rows)
        if found.verdict is Verdict.NOT_EXPLAINED:
            found = Explanation(found.verdict, _without_misfits(lifecycle, calls, self.initial) or found.longest)
        return Judgement(rule, found, rows, self._perhaps(lifecycle, rows))

    def _perhaps(self, lifecycle: Lifecycle, rows: Sequence[Row]) -> str | None:
        calls = [row.call for row in rows]
        elsewhere = [name for name in lifecycle.states if name not in (self.initial, *lifecycle.transient)]
        searches = [
            ("an action may have failed", Search(lifecycle, calls, failing=True), self.initial),
            ("it may still have been on its way there", Search(lifecycle, calls, arriving=True), self.initial),
            *[("it may have been elsewhere at first", Search(lifecycle, calls), state) for state in elsewhere],
        ]
        for words, search, state in searches:
            if search.explain(state).verdict is Verdict.EXPLAINED:
                return words
        if not _overlap([row.call for row in rows if row in self.sent]):
            return "they were answered one after the other, and an action may have failed in between"
        return None


def _overlap(calls: Iterable[Call]) -> bool:
    return any(one.start <= other.end and other.start <= one.end for one, other in combinations(calls, 2))


def _without_misfits(lifecycle: Lifecycle, calls: Sequence[Call], state: str) -> tuple[int, ...] | None:
    """An order of all calls but one, or but two, rather those that were answered last; None when that is not enough."""
    latest = sorted(range(len(calls)), key=lambda number: (calls[number].rests, -calls[number].end))
    for count in (1, 2):
        for misfits in combinations(latest, count):
            kept = [number for number in range(len(calls)) if number not in misfits]
            found = Search(lifecycle, [calls[number] for number in kept]).explain(state)
            if found.verdict is Verdict.EXPLAINED:
                return tuple(kept[place] for place in found.longest)
    return None


def ends(lifecycle: Lifecycle, initial: str, rows: Iterable[Row]) -> frozenset[str]:
    """Every state in which the instance may come to rest after these rows; all of them when no order explains them."""
    calls = [row.call for row in rows if row.call.trigger is not None]
    found = Search(lifecycle, calls).ends(initial)
    return found or frozenset(name for name in lifecycle.states if name not in lifecycle.transient)


def row_of(answered: Answered, seen: str | None) -> Row:
    """A request that was sent together with others; `seen` is the state that a look showed."""
    operation = answered.operation
    return Row(operation.id, Call(answered.start, answered.end, operation.trigger, answered.status, seen))


def looks_of(course: Course, look: str, since: float, absent: str) -> tuple[Row, ...]:
    """The looks until the instance had settled. Each began after the one before it was answered."""
    rows: list[Row] = []
    began = nextafter(since, inf)
    for number, (state, seconds) in enumerate(course.sightings, start=1):
        last = number == len(course.sightings)
        ended = max(since + seconds, began)
        rows.append(Row(look, Call(began, ended, None, 404 if state == absent else 200, state, rests=last)))
        began = nextafter(ended, inf)
    return tuple(rows)


def drawn(initial: str, judgement: Judgement) -> Mapping[str, Any]:
    """A history as the record of a run has it, and the picture of it; seconds from the first start."""
    origin = min(row.call.start for row in judgement.rows)
    return {
        "initial": initial,
        "calls": [
            {
                "operation": row.operation,
                "start": round(row.call.start - origin, 6),
                "end": round(row.call.end - origin, 6),
                "status": row.call.status,
                "seen": row.call.seen,
            }
            for row in judgement.rows
        ],
        "longest": list(judgement.explanation.longest),
    }


def in_words(rows: Sequence[Row]) -> str:
    """What was answered and seen, in the order of the answers; the last row is the last look."""
    *answered, last = sorted(rows, key=lambda row: row.call.end)
    words = [
        f"{row.operation} {row.call.status or 'without an answer'}"
        if row.call.trigger
        else f"a look that saw {row.call.seen}"
        for row in answered
    ]
    told = [(word, len(list(same))) for word, same in groupby(words)]
    listed = ", ".join(word if count == 1 else f"{count} times {word}" for word, count in told)
    return f"{listed}; in the end {last.call.seen}"
