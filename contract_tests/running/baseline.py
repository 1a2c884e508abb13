"""Known failures: a run with a baseline is red only when something is worse than it was.

A row names a requirement or a test, says why it is tolerated, and until when: a debt without a date is never paid.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract_tests.running.near import hint
from contract_tests.running.outcomes import Judged, Verdict
from contract_tests.running.target import TargetError

if TYPE_CHECKING:
    from contract_tests.running.summary import CheckOutcome

TABLE = "known"
MEMBERS = ("id", "reason", "expires")
SHAPE = '[[known]] with id = "...", reason = "..." and expires = 2030-12-31'


@dataclass(frozen=True, slots=True)
class Known:
    """A failure that is known. `id`: of a requirement or a test; `expires`: the last day on which it is tolerated."""

    id: str
    reason: str
    expires: dt.date

    @property
    def told(self) -> dict[str, str]:
        """The row as a record has it."""
        return {"id": self.id, "reason": self.reason, "expires": self.expires.isoformat()}

    @classmethod
    def of(cls, told: Mapping[str, str]) -> Known:
        """The row that a record has."""
        return cls(told["id"], told["reason"], dt.date.fromisoformat(told["expires"]))

    def has_expired(self, today: dt.date) -> bool:
        """Whether its time is over."""
        return self.expires < today


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run held against a baseline. `excused`: requirements that failed, or stayed open, as the baseline says.

    `expired`: rows whose failure counts again; `gone`: rows of something that passes now.
    """

    excused: Mapping[str, str]
    expired: tuple[Known, ...] = ()
    gone: tuple[Known, ...] = ()

    def sentences(self) -> list[str]:
        """What a person should know of it, one a line."""
        return [
            *(f"known: {name}: {reason}" for name, reason in self.excused.items()),
            *(f"expired on {row.expires}, and counts again: {row.id}: {row.reason}" for row in self.expired),
            *(f"passes now, its row can go: {row.id}" for row in self.gone),
        ]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The rows of a file."""

    rows: tuple[Known, ...] = ()

    def compare(self, open_tests: Mapping[str, Collection[str]], passed: Collection[str], today: dt.date) -> Comparison:
        """Hold a run against it.

        `open_tests` has each requirement that failed or stayed open, with the tests in which it did; `passed` the ids
        of requirements and tests that passed. A requirement is excused by a row of its own, or by rows of all these
        tests.
        """
        valid = {row.id: row for row in self.rows if not row.has_expired(today)}
        excused = {
            requirement: rows[0].reason
            for requirement, tests in open_tests.items()
            if (rows := _excuses(requirement, tests, valid))
        }
        bad = {*open_tests, *(test for tests in open_tests.values() for test in tests)}
        return Comparison(
            excused,
            expired=tuple(row for row in self.rows if row.has_expired(today) and row.id in bad),
            gone=tuple(row for row in self.rows if row.id in passed and row.id not in bad),
        )


NOTHING_KNOWN = Baseline()


def hold_against(
    baseline: Baseline, judged: Mapping[str, Judged], outcomes: Sequence[CheckOutcome], today: dt.date
) -> Comparison:
    """Hold what a run came to, `judged` by requirement and `outcomes` by test, against a baseline."""
    open_ones = (Verdict.FAILED, Verdict.INCONCLUSIVE)
    open_tests = {
        name: [
            outcome.check.id
            for outcome in outcomes
            if name in outcome.judged and outcome.judged[name].verdict in open_ones
        ]
        for name, row in judged.items()
        if row.verdict in open_ones
    }
    passed = {name for name, row in judged.items() if row.verdict is Verdict.PASSED}
    passed |= {outcome.check.id for outcome in outcomes if outcome.verdict is Verdict.PASSED}
    return baseline.compare(open_tests, passed, today)


def _excuses(requirement: str, tests: Collection[str], valid: Mapping[str, Known]) -> Sequence[Known]:
    if requirement in valid:
        return [valid[requirement]]
    rows = [valid[test] for test in tests if test in valid]
    return rows if len(rows) == len(tests) else []


def read_baseline(path: Path, known: Iterable[str]) -> Baseline:
    """The rows of a TOML file. TargetError, one line, names the file and what is wrong in it.

    `known`: the ids of all requirements and tests.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise TargetError(f"--baseline {path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetError(f"{path}: this is no TOML: {error}") from None
    rows = table.pop(TABLE, [])
    if table or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TargetError(f"{path}: {next(iter(table), TABLE)}: expected {SHAPE}, once or more, and nothing else")
    ids = frozenset(known)
    read = tuple(_row(f"{path}: row {number}", row, ids) for number, row in enumerate(rows, 1))
    twice = next((row.id for place, row in enumerate(read) if row.id in {one.id for one in read[:place]}), None)
    if twice:
        raise TargetError(f"{path}: {twice} stands there twice")
    return Baseline(read)


def _row(where: str, row: Mapping[str, Any], known: Collection[str]) -> Known:
    missing = [name for name in MEMBERS if name not in row]
    other = [name for name in row if name not in MEMBERS]
    if missing or other:
        what = f"{missing[0]} is missing" if missing else f"{other[0]} is no member of a row"
        raise TargetError(f"{where}: {what}; expected {SHAPE}")
    name, reason, expires = (row[member] for member in MEMBERS)
    if not isinstance(name, str) or name not in known:
        near = hint(str(name), known)
        raise TargetError(f"{where}: id {name!r}: there is no such requirement or test; {near}".rstrip("; "))
    if not isinstance(reason, str) or not reason.strip():
        raise TargetError(f"{where}: reason {reason!r}: expected a sentence")
    if not isinstance(expires, dt.date) or isinstance(expires, dt.datetime):
        raise TargetError(f"{where}: expires {expires!r}: expected a date without quotes, such as 2030-12-31")
    return Known(name, " ".join(reason.split()), expires)
