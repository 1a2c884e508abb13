"""report.html: the page that a person reads. One file that loads nothing and runs nothing; made by a template.

What the template shows is put together here and in the neighbours; everything in it is escaped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from contract_tests.reports.evidence import Exchange, around
from contract_tests.reports.findings import groups_of, points
from contract_tests.reports.history_picture import draw
from contract_tests.reports.matrix import matrices
from contract_tests.reports.reading import Body
from contract_tests.reports.rows import Row, rows_of
from contract_tests.running.outcomes import ExitCode, Verdict

_TEMPLATE = "report.html.jinja"

SYMBOLS = {
    Verdict.PASSED.value: "✓",
    Verdict.FAILED.value: "✗",
    Verdict.ERROR.value: "!",
    Verdict.INCONCLUSIVE.value: "?",
    Verdict.NOT_RUN.value: "…",
    Verdict.NOT_APPLICABLE.value: "○",
}
"""A sign for each verdict, for those who cannot tell the colours apart."""

ORDER = tuple(verdict.value for verdict in reversed(Verdict))
"""The verdicts, worst first."""

TONES = {ExitCode.HOLDS: Verdict.PASSED.value, ExitCode.BROKEN: Verdict.FAILED.value}
"""The colour of the whole by its exit code; any other is that of what stayed open."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of a kind came to which verdict, worst first, without those that none came to."""

    counts: Mapping[str, int]

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> Tally:
        """Counted from the rows."""
        counted = Counter(row["verdict"] for row in rows)
        return cls({verdict: counted[verdict] for verdict in ORDER if counted[verdict]})

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def calm(self) -> bool:
        """Whether all are passed or do not apply."""
        return self.counts.keys() <= {Verdict.PASSED.value, Verdict.NOT_APPLICABLE.value}


def page(record: Mapping[str, Any], exchanges: Iterable[Exchange]) -> str:
    """The page. The same record and exchanges give the same text."""
    rows = rows_of(record)
    groups = groups_of(record, rows)
    requirements = record["requirements"]
    return _template().render(
        record=record,
        rows=rows,
        tone=_tone(record["summary"]),
        groups=groups,
        evidence=around(exchanges, points(groups)),
        matrices=matrices(record, rows),
        areas=_by(requirements.items(), lambda item: item[0].partition(".")[0]),
        checks=_by(rows, lambda row: row["check"]),
        open_requirements=_open([{"id": name, **rule} for name, rule in requirements.items()]),
        open_tests=_open(rows),
        tests_tally=Tally.of(rows),
        requirements_tally=Tally.of(requirements.values()),
        test_anchors={row["id"]: f"test-{number}" for number, row in enumerate(rows, start=1)},
        rule_anchors={name: f"rule-{number}" for number, name in enumerate(requirements, start=1)},
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"symbols": SYMBOLS, "tally": Tally.of, "body": Body.of, "took": _took, "draw": _drawn}
    environment.filters |= {"moment": _moment, "seconds": _seconds, "verdict": _words}
    return environment.get_template(_TEMPLATE)


def _tone(summary: Mapping[str, Any] | None) -> str:
    return TONES.get(summary["exitCode"], Verdict.INCONCLUSIVE.value) if summary else Verdict.INCONCLUSIVE.value


def _by(items: Iterable[Any], key: Any) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = {}
    for item in items:
        grouped.setdefault(key(item), []).append(item)
    return grouped


def _open(rows: Sequence[Row]) -> list[tuple[str, str, list[Row]]]:
    """What was not judged: verdict, reason and those that share both, the worst first."""
    grouped = _by(
        (row for row in rows if row["verdict"] not in {Verdict.PASSED, Verdict.FAILED}),
        lambda row: (row["verdict"], row["reason"]),
    )
    kinds = sorted(grouped, key=lambda kind: ORDER.index(kind[0]))
    return [(kind[0], kind[1], grouped[kind]) for kind in kinds]


def _drawn(history: Mapping[str, Any]) -> Markup:
    return Markup(draw(history))  # noqa: S704 - an SVG element of our own making, in which all text is escaped


def _words(verdict: str) -> str:
    return verdict.replace("-", " ")


def _moment(text: str) -> str:
    """`2026-11-25 10:00:00 UTC` for a time in ISO 8601."""
    moment = datetime.fromisoformat(text)
    return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname() or ''}".strip()


def _took(run: Mapping[str, Any]) -> str:
    """How long the run took, as a person says it."""
    whole = datetime.fromisoformat(run["endedAt"]) - datetime.fromisoformat(run["startedAt"])
    return _seconds(whole.total_seconds())


def _seconds(value: float) -> str:
    minutes, rest = divmod(value, 60)
    if minutes:
        return f"{minutes:.0f} min {rest:.0f} s"
    return f"{value:.1f} s" if value >= 1 else f"{value * 1000:.0f} ms"
