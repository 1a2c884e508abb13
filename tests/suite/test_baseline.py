"""Known failures: which are excused, which have expired, which can go; and what a file of them looks like."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.running.baseline import Baseline, Known, read_baseline
from contract_tests.running.target import TargetError

TODAY = dt.date(2030, 6, 15)
TOMORROW, YESTERDAY = TODAY + dt.timedelta(1), TODAY - dt.timedelta(1)
IDS = ("power.a", "power.b", "test[a,RUNNING]", "test[a,PAUSED]")

_ROW = 'id = "power.a"\nreason = "it is slow"\nexpires = 2030-12-31\n'


def _baseline(*rows: tuple[str, dt.date]) -> Baseline:
    return Baseline(tuple(Known(name, f"because of {name}", expires) for name, expires in rows))


def test_a_row_of_a_requirement_excuses_it_wherever_it_failed() -> None:
    """The failure of a requirement is excused by a row of its own, until the day of the row is over."""
    baseline = _baseline(("power.a", TODAY))
    compared = baseline.compare({"power.a": {"one", "two"}}, (), TODAY)
    assert compared.excused == {"power.a": "because of power.a"}
    assert baseline.compare({"power.a": {"one"}}, (), TOMORROW).excused == {}


def test_rows_of_tests_excuse_what_only_they_broke() -> None:
    """A requirement is excused when every test in which it failed has a row, and not when one has none."""
    baseline = _baseline(("test[a,RUNNING]", TOMORROW))
    assert baseline.compare({"power.a": {"test[a,RUNNING]"}}, (), TODAY).excused
    assert not baseline.compare({"power.a": {"test[a,RUNNING]", "test[a,PAUSED]"}}, (), TODAY).excused
    assert not baseline.compare({"power.a": ()}, (), TODAY).excused


def test_an_expired_row_counts_again_and_is_named() -> None:
    """A row whose day is over excuses nothing, and is named while its failure is there."""
    compared = _baseline(("power.a", YESTERDAY)).compare({"power.a": {"one"}}, (), TODAY)
    assert compared.excused == {}
    assert [row.id for row in compared.expired] == ["power.a"]
    assert compared.sentences() == [f"expired on {YESTERDAY}, and counts again: power.a: because of power.a"]


def test_a_row_of_what_passes_can_go() -> None:
    """A row is named when what it stands for passes; one of what was not looked at is not."""
    baseline = _baseline(("power.a", TOMORROW), ("test[a,RUNNING]", YESTERDAY), ("power.b", TOMORROW))
    compared = baseline.compare({}, {"power.a", "test[a,RUNNING]"}, TODAY)
    assert [row.id for row in compared.gone] == ["power.a", "test[a,RUNNING]"]
    assert compared.expired == ()


def test_a_row_of_a_test_that_warns_stays() -> None:
    """A test that passed, but for a SHOULD that its row excuses, is not said to have mended."""
    compared = _baseline(("test[a,RUNNING]", TOMORROW)).compare(
        {"power.a": {"test[a,RUNNING]"}}, {"test[a,RUNNING]"}, TODAY
    )
    assert compared.excused == {"power.a": "because of test[a,RUNNING]"}
    assert compared.gone == ()


@given(
    st.dictionaries(st.sampled_from(IDS), st.sampled_from([YESTERDAY, TODAY, TOMORROW])),
    st.dictionaries(st.sampled_from(IDS[:2]), st.sets(st.sampled_from(IDS[2:]))),
)
def test_nothing_is_excused_without_a_row_that_holds(rows: dict[str, dt.date], open_tests: dict[str, set[str]]) -> None:
    """Whatever is excused has failed, and rows that have not expired name it, or every test of it."""
    compared = _baseline(*rows.items()).compare(open_tests, (), TODAY)
    for requirement in compared.excused:
        tests = open_tests[requirement]
        assert rows.get(requirement, YESTERDAY) >= TODAY or (
            tests and all(rows.get(test, YESTERDAY) >= TODAY for test in tests)
        )
    assert all(rows[row.id] < TODAY for row in compared.expired)


def test_a_file_is_read(tmp_path: Path) -> None:
    """A row has an id, a reason and a date."""
    path = tmp_path / "known.toml"
    path.write_text(f"[[known]]\n{_ROW}")
    assert read_baseline(path, IDS).rows == (Known("power.a", "it is slow", dt.date(2030, 12, 31)),)


@pytest.mark.parametrize(
    "text, named",
    [
        ("[[known]]\n" + _ROW.replace('"power.a"', '"power.aa"'), "row 1: id 'power.aa': there is no such requirement"),
        ("[[known]]\n" + _ROW.replace('"power.a"', "7"), "row 1: id 7"),
        ("[[known]]\n" + _ROW.replace("it is slow", "  "), "row 1: reason '  ': expected a sentence"),
        ("[[known]]\n" + _ROW.replace("2030-12-31", '"2030-12-31"'), "row 1: expires '2030-12-31': expected a date"),
        ("[[known]]\n" + _ROW.replace("2030-12-31", "2030-12-31T00:00:00"), "expected a date without quotes"),
        ("[[known]]\n" + _ROW + "[[known]]\nid = 'power.b'\nreason = 'x'\n", "row 2: expires is missing"),
        ("[[known]]\n" + _ROW + "until = 3\n", "row 1: until is no member of a row"),
        ("[[known]]\n" + _ROW + "[[known]]\n" + _ROW, "power.a stands there twice"),
        ("known = 3", "known: expected [[known]]"),
        ("[[expected]]\n" + _ROW, "expected: expected [[known]]"),
        ("[[known]", "this is no TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(text: str, named: str, tmp_path: Path) -> None:
    """What is wrong in a file is told with the file and the row, in one line."""
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(TargetError) as raised:
        read_baseline(path, IDS)
    assert str(raised.value).startswith(f"{path}: ")
    assert named in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is named with its option."""
    with pytest.raises(TargetError, match=r"--baseline .*none\.toml: cannot be read"):
        read_baseline(tmp_path / "none.toml", IDS)
