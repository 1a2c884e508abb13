"""Lawful trouble is not blamed, and what is not lawful does not get through."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.running.selection import Choice
from tests.end_to_end.troubles import LAWFUL, RESTLESS, UNLAWFUL, judged, kinds

ENOUGH = ("legal", "read", "quiet", "reading", "bodiless", "chosen-bodies")
"""Every operation where it is accepted, and every kind of body."""


def test_every_kind_has_its_proof() -> None:
    """A new kind of trouble is proven to be what it says."""
    assert {rule["kind"] for rules in LAWFUL.values() for rule in rules} == kinds(lawful=True)
    assert {rule["kind"] for row in UNLAWFUL.values() for rule in row.rules} == kinds(lawful=False)


@pytest.mark.parametrize("name", [RESTLESS, "late-reads-and-slow-settling"])
def test_lawful_trouble_is_not_blamed(name: str, tmp_path: Path) -> None:
    """By what meets every operation; `make restless` tries all kinds, by nearly all checks and with many seeds."""
    verdict, hits = judged(LAWFUL[name], tmp_path / "report", random_seed=1, choice=Choice(only=ENOUGH))
    assert verdict.code == 0, verdict.text
    assert all(hits)


@pytest.mark.parametrize("name", UNLAWFUL)
def test_unlawful_trouble_is_seen(name: str, tmp_path: Path) -> None:
    """It is blamed for what it breaks; where answers are missing there is no good verdict at least."""
    row = UNLAWFUL[name]
    verdict, hits = judged(row.rules, tmp_path / "report", random_seed=1, choice=Choice(only=row.only))
    assert all(hits)
    assert verdict.failed() >= row.breaks, verdict.text
    assert (verdict.code == 1) is bool(row.breaks), verdict.text
    assert verdict.code != 0
