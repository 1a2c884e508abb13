"""What got better and what got worse between two records."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract_tests.certifying.comparing import Change, differences
from contract_tests.running.outcomes import Verdict
from tests.suite.judging import command_line
from tests.suite.records import record, result, write

RULE = "lifecycle.path"


@pytest.mark.parametrize(
    "then, now, code, line",
    [
        ("passed", "failed", 1, f"worse   MUST    {RULE}: passed -> failed: it went back"),
        ("not-applicable", "inconclusive", 1, f"worse   MUST    {RULE}: not-applicable -> inconclusive: it went back"),
        ("failed", "passed", 0, f"better  MUST    {RULE}: failed -> passed: it went back"),
        ("passed", "not-applicable", 0, f"other   MUST    {RULE}: passed -> not-applicable: it went back"),
    ],
)
def test_a_change_is_told(then: str, now: str, code: int, line: str, tmp_path: Path) -> None:
    """A requirement that got worse is the first line, and exit code 1; nothing else is."""
    old, new = record([result("quiet")]), record([result("quiet")])
    old["requirements"][RULE]["verdict"] = then
    new["requirements"][RULE] |= {"verdict": now, "reason": "it went back"}
    for name, kept in (("old", old), ("new", new)):
        (tmp_path / name).mkdir()
        write(tmp_path / name, kept, [])
    ended = command_line("compare", str(tmp_path / "old"), str(tmp_path / "new"))
    assert ended.returncode == code, ended.stderr
    assert ended.stdout.splitlines() == [line, f"1 {line.split(maxsplit=1)[0]}"]


def test_unlike_things_are_said_to_be_so(tmp_path: Path) -> None:
    """Another contract, another suite, other claims: the comparison says so first."""
    old = record([])
    new = copy.deepcopy(old)
    new["contract"]["sha256"] = "0" * 64
    new["suite"]["sha256"] = "1" * 64
    new["target"]["without"] = []
    for name, kept in (("old", old), ("new", new)):
        (tmp_path / name).mkdir()
        write(tmp_path / name, kept, [])
    ended = command_line("compare", str(tmp_path / "old"), str(tmp_path / "new"))
    told = ended.stdout.splitlines()
    assert [line.partition(":")[0] for line in told[:3]] == [
        "judged by another contract",
        "judged by another build of the suite",
        "without differs",
    ]


VERDICTS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(list(Verdict)))


@settings(deadline=None)
@given(VERDICTS, VERDICTS)
def test_there_and_back(old: dict[str, Verdict], new: dict[str, Verdict]) -> None:
    """What got worse one way got better the other; what is new one way is gone the other; the same says nothing."""
    one, other = (record([result(name, verdict) for name, verdict in rows.items()]) for rows in (old, new))
    there, back = differences(one, other), differences(other, one)
    mirror = {
        Change.WORSE: Change.BETTER,
        Change.BETTER: Change.WORSE,
        Change.NEW: Change.GONE,
        Change.GONE: Change.NEW,
    }
    told = {(mirror.get(row.change, row.change), row.kind, row.name) for row in there}
    assert told == {(row.change, row.kind, row.name) for row in back}
    assert differences(one, one) == []
