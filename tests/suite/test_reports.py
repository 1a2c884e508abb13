"""The reports as files: what is written when, from what, and that it comes out the same again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from contract_tests.reports import RecordError, write_reports
from contract_tests.reports.reading import SCHEMAS
from contract_tests.running.record import RECORD_VERSION
from tests.patience import PATIENCE
from tests.suite.example_runs import failing, green
from tests.suite.records import exchange, record, result, write


def test_a_run_that_goes_on_has_a_page_and_junit(tmp_path: Path) -> None:
    """Before the end there is everything but the archive, and nothing half written lies about."""
    folder = write(tmp_path / "run", *failing())
    assert [path.name for path in write_reports(folder, final=False)] == ["junit.xml", "report.html"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "exchanges.ndjson",
        "junit.xml",
        "record.json",
        "report.html",
    ]


def test_a_run_that_is_over_has_its_archive_too(tmp_path: Path) -> None:
    """At the end there is exchanges.har besides."""
    written = write_reports(write(tmp_path, *green()), final=True)
    assert [path.name for path in written] == ["junit.xml", "report.html", "exchanges.har"]
    assert all(path.stat().st_size for path in written)


def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    """Made again in another folder, by another process, in another time zone and language, the reports are the same."""
    first = write(tmp_path / "first", *failing())
    second = write(tmp_path / "second", *failing())
    write_reports(first, final=True)
    program = (
        "import sys, pathlib; from contract_tests.reports import write_reports; "
        "write_reports(pathlib.Path(sys.argv[1]), final=True)"
    )
    environment = {**os.environ, "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "3", "PYTHONUTF8": "0"}
    subprocess.run([sys.executable, "-c", program, str(second)], env=environment, check=True, timeout=PATIENCE)
    for name in ("junit.xml", "report.html", "exchanges.har"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_a_run_that_has_not_ended_can_be_reported(tmp_path: Path) -> None:
    """A record without an end, a summary and requirements gives reports that say so."""
    going_on = record([result("reading")], requirements={}, summary=None)
    going_on["run"]["endedAt"] = None
    write_reports(write(tmp_path, going_on), final=False)
    assert "The run has not ended: no verdict yet." in (tmp_path / "report.html").read_text("utf-8")


def test_a_run_without_exchanges_can_be_reported(tmp_path: Path) -> None:
    """Where nothing was ever sent, the reports are there all the same."""
    write(tmp_path, record()).joinpath("exchanges.ndjson").unlink()
    write_reports(tmp_path, final=True)
    assert json.loads((tmp_path / "exchanges.har").read_text("utf-8"))["log"]["entries"] == []


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    """What a killed run could not write to its end is no exchange."""
    write(tmp_path, record(), [exchange(1, "reading")])
    with (tmp_path / "exchanges.ndjson").open("a") as file:
        file.write('{"number": 2, "at"')
    write_reports(tmp_path, final=True)
    assert len(json.loads((tmp_path / "exchanges.har").read_text("utf-8"))["log"]["entries"]) == 1


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "there is no such file; expected the report folder of a run"),
        (b"{", "expected JSON in UTF-8"),
        (b'"\xff"', "expected JSON in UTF-8"),
        (b"[]", "expected a record of version 1 or 2, got version None"),
        (b'{"recordVersion": 3}', "expected a record of version 1 or 2, got version 3"),
    ],
)
def test_what_is_no_record_is_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    """A folder without a record that can be read gets one sentence, with the file and what was expected."""
    if content is not None:
        (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(RecordError) as raised:
        write_reports(tmp_path, final=True)
    assert str(raised.value).startswith(f"{tmp_path / 'record.json'}: {message}")


def test_a_broken_line_among_the_exchanges_is_named(tmp_path: Path) -> None:
    """A whole line that is no JSON is not passed over: somebody has changed the file."""
    write(tmp_path, record(), [exchange(1, "reading")])
    with (tmp_path / "exchanges.ndjson").open("a") as file:
        file.write("nonsense\n")
    with pytest.raises(RecordError, match=r"exchanges\.ndjson, line 2: expected a JSON object"):
        write_reports(tmp_path, final=True)


def test_the_reports_read_what_runs_write() -> None:
    """The version of the record that a run writes is the latest that the reports read."""
    assert max(SCHEMAS) == RECORD_VERSION
