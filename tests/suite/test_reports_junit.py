"""junit.xml, read back by two public readers of such files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from junit2htmlreport.parser import Junit  # type: ignore[import-untyped]
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from contract_tests.reports import write_reports
from tests.suite.example_runs import failing, green
from tests.suite.records import finding, record, result, write

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
OUTCOMES = {
    "passed": None,
    "failed": Failure,
    "error": Error,
    "inconclusive": Error,
    "not-run": Skipped,
    "not-applicable": Skipped,
}


def cases(folder: Path) -> dict[str, TestCase]:
    """The test cases of a folder's junit.xml by their names."""
    return {str(case.name): case for suite in JUnitXml.fromfile(str(folder / "junit.xml")) for case in suite}


def written(folder: Path, kept: dict[str, Any]) -> Path:
    """The folder, with the reports of this record."""
    write_reports(write(folder, kept), final=False)
    return folder


@pytest.mark.parametrize("run", [green, failing])
def test_each_planned_test_is_one_test_case(run: Any, tmp_path: Path) -> None:
    """Every id of the plan is there once, in the class of its check, whether it came to its turn or not."""
    kept = run()[0]
    suites = list(JUnitXml.fromfile(str(written(tmp_path, kept) / "junit.xml")))
    found = [(str(case.classname), str(case.name)) for suite in suites for case in suite]
    assert found == [(name.partition("[")[0], name) for name in kept["plan"]["tests"]]


@pytest.mark.parametrize("run", [green, failing])
def test_the_totals_are_those_of_the_rows(run: Any, tmp_path: Path) -> None:
    """Tests, failures, errors, skipped and seconds are what the rows come to, on the root and on the suite."""
    kept = run()[0]
    root = JUnitXml.fromfile(str(written(tmp_path, kept) / "junit.xml"))
    verdicts = Counter(row["verdict"] for row in kept["results"])
    unseen = len(kept["plan"]["tests"]) - len(kept["results"])
    expected = (
        len(kept["plan"]["tests"]),
        verdicts["failed"],
        verdicts["error"] + verdicts["inconclusive"],
        verdicts["not-run"] + verdicts["not-applicable"] + unseen,
        round(sum(row["seconds"] for row in kept["results"]), 3),
    )
    for counted in (root, *root):
        assert (counted.tests, counted.failures, counted.errors, counted.skipped, counted.time) == expected


@pytest.mark.parametrize("verdict, outcome", OUTCOMES.items())
def test_each_verdict_has_its_outcome(verdict: str, outcome: type | None, tmp_path: Path) -> None:
    """A verdict other than passed is a failure, an error or skipped, and says its reason."""
    kept = record([result("reading", verdict, reason="because of that")])
    (case,) = cases(written(tmp_path, kept)).values()
    assert [type(one) for one in case.result] == ([outcome] if outcome else [])
    assert [(one.message, one.type) for one in case.result] == ([("because of that", verdict)] if outcome else [])


def test_a_planned_test_without_a_result_is_skipped(tmp_path: Path) -> None:
    """What did not come to its turn is skipped, for the reason that it was not run."""
    kept = record(plan={"sha256": "0" * 64, "tests": ["legal[startInstance,STOPPED]"]})
    (case,) = cases(written(tmp_path, kept)).values()
    assert (case.classname, case.result[0].message, type(case.result[0])) == ("legal", "not run", Skipped)


def test_a_failure_tells_all(tmp_path: Path) -> None:
    """The message says rule, deed and answer; the text adds statement, command, expectation and how to repeat it."""
    row = result("refused[pauseInstance,STOPPED]", "failed", findings=[finding("lifecycle.pause-refused")])
    (case,) = cases(written(tmp_path, record([row]))).values()
    failure = case.result[0]
    assert failure.message == "lifecycle.pause-refused: pauseInstance in STOPPED: 202"
    for text in (
        "lifecycle.pause-refused MUST (P): Pause MUST be refused with 409 in every state but RUNNING.",
        f"sent: {row['findings'][0]['curl']}",
        "expected: 409: pause is legal in RUNNING only",
        "got: 202",
        f"again: {row['replay']}",
    ):
        assert text in str(failure.text).splitlines()


def test_of_many_findings_there_is_a_count(tmp_path: Path) -> None:
    """A test with hundreds of findings tells twenty, and how many more there are."""
    row = result("reading", "failed", findings=[finding("lifecycle.pause-refused") for _ in range(300)])
    (case,) = cases(written(tmp_path, record([row]))).values()
    assert str(case.result[0].text).count("what: ") == 20
    assert "and 280 more, in record.json" in str(case.result[0].text)


def test_a_broken_should_is_told_and_fails_nothing(tmp_path: Path) -> None:
    """A passed test with a finding, a warning, passes; the finding stands in its output."""
    row = result("console", findings=[finding("console.refusal-reads-well", got="no message")])
    (case,) = cases(written(tmp_path, record([row]))).values()
    assert case.result == []
    assert "got: no message" in str(case.system_out)


def test_a_case_says_what_it_is_about(tmp_path: Path) -> None:
    """Its properties are its requirements, their levels and bases, the seed and the command that repeats it."""
    held = {"verdict": "passed", "reason": ""}
    row = result("refused", requirements={"lifecycle.pause-refused": held, "console.refusal-reads-well": held})
    (suite,) = Junit(str(written(tmp_path, record([row])) / "junit.xml"))
    assert [(one.name, one.value) for one in suite.all()[0].properties] == [
        ("requirement", "lifecycle.pause-refused"),
        ("requirement", "console.refusal-reads-well"),
        ("level", "MUST"),
        ("level", "SHOULD"),
        ("basis", "P"),
        ("seed", "7"),
        ("replay", row["replay"]),
    ]


@pytest.mark.parametrize("run", [green, failing])
def test_a_second_reader_agrees(run: Any, tmp_path: Path) -> None:
    """Another public reader finds the same tests, with the same outcomes, as the first."""
    folder = written(tmp_path, run()[0])
    (suite,) = Junit(str(folder / "junit.xml"))
    second = {case.name: "failed" if case.failed() else "skipped" if case.skipped else "passed" for case in suite.all()}
    first = {
        name: "skipped" if case.is_skipped else "passed" if case.is_passed else "failed"
        for name, case in cases(folder).items()
    }
    assert second == first


@given(text=ANY_TEXT, verdict=st.sampled_from(list(OUTCOMES)))
@example(text="\ud800\x00\x1b\ufffe\r\n", verdict="failed")
@settings(max_examples=60, deadline=None)
def test_no_text_breaks_the_file(text: str, verdict: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a server answers, control characters and halves of characters too, both readers read the file."""
    row = result(
        f"reading[{text}]",
        verdict,
        reason=text,
        notes=[text],
        findings=[finding(text, what=text, expected=text, got=text, curl=text)],
    )
    folder = written(tmp_path_factory.mktemp("run"), record([row]))
    assert len(cases(folder)) == 1
    assert [len(suite.all()) for suite in Junit(str(folder / "junit.xml"))] == [1]
