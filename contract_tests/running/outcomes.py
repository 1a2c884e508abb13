"""The ladder of verdicts: what a check, a requirement and a whole run can come to, and which is worse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """Best first; of several, the worst wins. `error` is the suite's own fault and never a server's."""

    NOT_APPLICABLE = "not-applicable"
    PASSED = "passed"
    NOT_RUN = "not-run"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    FAILED = "failed"


_LADDER = tuple(Verdict)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that wins; not-run when there is none."""
    return max(verdicts, key=_LADDER.index, default=Verdict.NOT_RUN)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that was broken: what was done, what the contract expects, what came instead.

    `requirements` are the ids that it breaks, the most specific that fit. `exchange` is the number of the
    request in exchanges.ndjson, `curl` a command that sends it again. `history` is that of a race, as
    contract_tests.reports.history_picture draws it.
    """

    requirements: tuple[str, ...]
    what: str
    expected: str
    got: str
    exchange: int | None = None
    curl: str | None = None
    history: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with its reason: of a requirement within one check, or over the whole run."""

    verdict: Verdict
    reason: str = ""


class ExitCode:
    """The exit codes of `contract-tests` (docs/contract-tests.md)."""

    HOLDS = 0
    BROKEN = 1
    USAGE = 2
    NO_VERDICT = 3
    INCOMPLETE = 4
