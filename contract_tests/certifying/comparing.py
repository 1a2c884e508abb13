"""What got better and what got worse between two records, requirement by requirement and test by test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contract_tests.running.outcomes import Verdict

_RANKS = {verdict: max(rank, 1) for rank, verdict in enumerate(Verdict)}
"""From fine to failed. Whether something passed or does not apply is a change, and neither better nor worse."""


class Change(StrEnum):
    """What can become of a verdict."""

    WORSE = "worse"
    BETTER = "better"
    OTHER = "other"
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind`: `MUST` or `SHOULD` for a requirement, `test` for a test. `then` or `now` is None where there is none."""

    change: Change
    kind: str
    name: str
    then: str | None
    now: str | None
    reason: str

    def __str__(self) -> str:
        way = " -> ".join(verdict or "none" for verdict in (self.then, self.now))
        return f"{self.change:<6}  {self.kind:<6}  {self.name}: {way}{f': {self.reason}' if self.reason else ''}"


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """All of them, what got worse first."""
    found = [
        *_between(old["requirements"], new["requirements"]),
        *_between(_tests(old), _tests(new)),
    ]
    order = list(Change)
    return sorted(found, key=lambda one: order.index(one.change))


def origins(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What makes the comparison one of unlike things, each in a sentence."""
    for name, words in (("contract", "by another contract"), ("suite", "by another build of the suite")):
        if old[name]["sha256"] != new[name]["sha256"]:
            yield f"judged {words}: {_called(old[name])}, then {_called(new[name])}"
    for name in ("profile", "level", "without"):
        if old["target"][name] != new["target"][name]:
            yield f"{name} differs: {old['target'][name]}, then {new['target'][name]}"


def _called(what: Mapping[str, Any]) -> str:
    return f"{what['version']}, sha256 {(what['sha256'] or 'unknown')[:12]}"


def _tests(record: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {row["id"]: {**row, "level": "test"} for row in record["results"]}


def _between(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys([*new, *old]):
        then, now = (None if name not in rows else Verdict(rows[name]["verdict"]) for rows in (old, new))
        if then is not now:
            row = new.get(name) or old[name]
            yield Difference(_change(then, now), row["level"], name, then, now, row["reason"] if now else "")


def _change(then: Verdict | None, now: Verdict | None) -> Change:
    if then is None:
        return Change.NEW
    if now is None:
        return Change.GONE
    step = _RANKS[now] - _RANKS[then]
    return Change.WORSE if step > 0 else Change.BETTER if step < 0 else Change.OTHER
