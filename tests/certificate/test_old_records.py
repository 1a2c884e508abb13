"""A record of every earlier version stays readable: its reports can be made, and it can be compared with new ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator

from contract_tests.reports import write_reports
from contract_tests.reports.reading import SCHEMAS, read_record
from contract_tests.running.record import RECORD_VERSION
from tests.suite.judging import ROOT, command_line

OLD = sorted((Path(__file__).parent / "old_records").iterdir())


def test_there_is_one_of_every_version() -> None:
    """Each version that was ever written has its example here, and its published form."""
    assert [int(path.name) for path in OLD] == list(SCHEMAS)[:-1] == list(range(1, RECORD_VERSION))


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.name)
def test_an_old_record_is_of_its_form(path: Path) -> None:
    """The published form of its version is still the one that it had."""
    schema = json.loads((ROOT / "contract_tests" / SCHEMAS[int(path.name)]).read_text("utf-8"))
    record = json.loads((path / "record.json").read_text("utf-8"))
    assert list(Draft202012Validator(schema, validate_formats=True).iter_errors(record)) == []


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.name)
def test_an_old_record_can_be_read(path: Path, tmp_path: Path) -> None:
    """Reports are made of it, a comparison with it has nothing to say, and verify says which suite it needs."""
    folder = tmp_path / "folder"
    shutil.copytree(path, folder)
    page = next(one for one in write_reports(folder, final=True) if one.suffix == ".html").read_text("utf-8")
    assert "legal[pauseInstance,RUNNING]" in page
    assert read_record(folder)["recordVersion"] == int(path.name)
    same = command_line("compare", str(folder), str(folder))
    assert (same.returncode, same.stdout) == (0, "nothing has changed\n")
    ended = command_line("verify", str(folder))
    assert ended.returncode == 1
    assert "record.json: made by another build of the suite, sha256 unknown" in ended.stdout
