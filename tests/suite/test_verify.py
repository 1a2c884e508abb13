"""`contract-tests verify`: a report that says what its exchanges say, and ones that do not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faulty_servers.faults import Fault, pass_on
from tests.faulty_servers.proving import FAULTY
from tests.suite.judging import ROOT, command_line, judge

LITTLE = ("refused", "quiet", "credentials")


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a little run on the emulator."""
    folder = tmp_path_factory.mktemp("right") / "report"
    with Fault("emulator", "No fault at all.", frozenset(), lambda: pass_on).start() as url:
        assert judge(url, folder, only=LITTLE).code == 0
    return folder


def _verified(folder: Path, *options: str) -> tuple[int, str]:
    ended = command_line("verify", str(folder), *options)
    return ended.returncode, ended.stdout + ended.stderr


def test_a_right_report_agrees(right: Path) -> None:
    """It says how much was judged again, what that does not show, and the line that does: exit code 0."""
    code, text = _verified(right)
    assert code == 0, text
    assert "agrees: " in text
    assert "not shown: that the exchanges are true" in text
    assert f"contract-tests replay {right} credentials" in text


def test_a_report_of_failures_agrees_too(tmp_path: Path) -> None:
    """Whether the server is right is another question: a report that says that it is not is true as well."""
    with FAULTY["start-is-accepted-in-RUNNING"].start() as url:
        assert judge(url, tmp_path, only=LITTLE).code == 1
    code, text = _verified(tmp_path)
    assert code == 0, text
    assert "record: the contract is broken: 1 MUST failed (exit code 1)" in text


@pytest.mark.parametrize("name", ["junit.xml", "report.html", "exchanges.har"])
def test_a_report_that_was_changed_is_named(right: Path, tmp_path: Path, name: str) -> None:
    """A byte more in a report, or none of it, is named: exit code 1."""
    folder = Path(shutil.copytree(right, tmp_path / "copy"))
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    code, text = _verified(folder)
    assert code == 1
    assert f"{name} is not what the record and the exchanges make of it" in text
    (folder / name).unlink()
    code, text = _verified(folder)
    assert code == 1
    assert f"{name} is missing" in text


def _without_a_test(record: dict[str, list[dict[str, str]]]) -> None:
    gone = record["results"].pop(3)["id"]
    record["plan"]["tests"].remove(gone)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda record: record["summary"].update(sentence="all is well"), "record.json: summary.sentence is"),
        (lambda record: record["results"][0].update(verdict="perfect"), "record.json.results[0].verdict"),
        (_without_a_test, "record.json: plan.tests is"),
        (lambda record: record["suite"].update(version="9.9.9"), "made by version 9.9.9 of the suite"),
        (lambda record: record["run"].update(workers=2), "made by 2 workers at a time"),
        (lambda record: record["run"].update(endedAt=None), "the run has not ended, or was killed"),
        (lambda record: record["run"].update(seed=record["run"]["seed"] + 1), "was "),
    ],
)
def test_a_record_that_was_changed_is_named(
    right: Path, tmp_path: Path, change: Callable[[object], None], words: str
) -> None:
    """Whatever of a record does not follow is named by its place: exit code 1."""
    folder = Path(shutil.copytree(right, tmp_path / "copy"))
    record = json.loads((folder / "record.json").read_text("utf-8"))
    change(record)
    (folder / "record.json").write_text(json.dumps(record), "utf-8")
    code, text = _verified(folder)
    assert code == 1, text
    assert words in text


def test_another_contract_is_named(right: Path, tmp_path: Path) -> None:
    """A report is verified by the contract that it was made by."""
    other = tmp_path / "other.yaml"
    other.write_text((ROOT / "openapi.yaml").read_text("utf-8") + "# another\n", "utf-8")
    code, text = _verified(right, "--contract", str(other))
    assert code == 1
    assert "judged by another contract" in text


def test_a_folder_without_a_record_is_a_mistake(tmp_path: Path) -> None:
    """One line and exit code 2."""
    code, text = _verified(tmp_path)
    assert code == 2
    assert len(text.splitlines()) == 1
    assert "there is no such file; expected the report folder of a run" in text
