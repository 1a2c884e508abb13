"""The tests of a check, summed up in one line: some two hundred lines would tell nobody anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.text import Text

from contract_tests.running.outcomes import Verdict, worst
from contract_tests.running.summary import CheckOutcome

STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.ERROR: "bold magenta",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.NOT_RUN: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
}
FIGURES = {
    "legal": "legal moves",
    "refused": "refusals",
    "locked": "refusals under lock",
    "pending": "triggers on the way",
    "examples": "examples",
    "answers": "answers",
}


class Tally:
    """What came of the tests of one check so far."""

    def __init__(self, name: str, planned: int) -> None:
        self.name, self.planned = name, planned
        self.verdicts: Counter[Verdict] = Counter()
        self._figures: Counter[str] = Counter()
        self._requests, self._seconds, self._warnings = 0, 0.0, 0
        self._reasons: dict[Verdict, str] = {}

    def add(self, outcome: CheckOutcome) -> None:
        """One of its tests has ended."""
        self.verdicts[outcome.verdict] += 1
        self._figures.update(outcome.figures)
        self._requests += outcome.requests
        self._seconds += outcome.seconds
        if outcome.verdict is Verdict.PASSED:
            self._warnings += sum(1 for row in outcome.judged.values() if row.verdict is Verdict.FAILED)
        self._reasons.setdefault(outcome.verdict, outcome.reason)

    def line(self) -> Text:
        """The worst verdict, the name, and what there is to tell."""
        verdict = worst(self.verdicts)
        text = Text(f"{verdict.value:<14}", STYLES[verdict])
        text.append(f" {self.name:<20} ", "default")
        text.append(", ".join(self._parts(verdict)), "dim")
        return text

    def _parts(self, verdict: Verdict) -> Iterator[str]:
        total = self.verdicts.total()
        yield f"{total} test{'s' if total != 1 else ''}"
        if len(self.verdicts) > 1:
            yield from (f"{count} {one.value}" for one, count in sorted(self.verdicts.items(), key=_place))
        yield from (f"{self._figures[key]} {words}" for key, words in FIGURES.items() if self._figures[key])
        if self._requests:
            yield f"{self._requests} requests in {self._seconds:.1f} s"
        if verdict is not Verdict.PASSED and self._reasons.get(verdict):
            yield short(self._reasons[verdict], 120)
        if self._warnings:
            yield f"{self._warnings} warnings"


def _place(row: tuple[Verdict, int]) -> int:
    """The worst comes first."""
    return -list(Verdict).index(row[0])


class Tallies:
    """The tallies of a run. `names`: the check of each planned test."""

    def __init__(self, names: Iterable[str]) -> None:
        self._planned = Counter(names)
        self._open: dict[str, Tally] = {}

    def add(self, outcome: CheckOutcome) -> Tally | None:
        """A test has ended. Its check's tally, when that was the last of its tests."""
        name = outcome.check.name
        tally = self._open.setdefault(name, Tally(name, self._planned[name]))
        tally.add(outcome)
        return self._open.pop(name) if tally.verdicts.total() >= tally.planned else None

    def rest(self) -> Iterator[Tally]:
        """Those of checks that did not come to their end; they are told once."""
        while self._open:
            yield self._open.pop(next(iter(self._open)))


def short(text: str, limit: int) -> str:
    """A text in one line, at most so long."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]}…"
