"""What a verdict looks like: on the terminal, as JUnit for two readers, as a page, and as an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from emulator.errors import StartError
from emulator.judging import RULES, Verdict, judge
from emulator.judging.reports import as_data, as_html, as_junit, as_text, write_reports
from emulator.judging.worlds import terms_of
from emulator.settings import Settings
from emulator.worlds import Worlds
from tests.emulator.conftest import DOCUMENTED
from tests.emulator.entries import entry
from tests.emulator.processes import run, serving

TERMS = terms_of(Worlds(Settings()).world())


def verdict(count: int = 1, **members: Any) -> Verdict:
    """Of a client that fired so many illegal triggers."""
    least = {"method": "PUT", "path": "/x/_start", "status": 409, "before": "RUNNING", "after": "RUNNING"}
    return judge([entry("startInstance", **{**least, **members}) for _ in range(count)], TERMS)


def test_a_terminal_shows_rule_client_and_request() -> None:
    """First who is guilty of how much, then each rule with its sentence and what broke it, bounded."""
    assert as_text(verdict(0)) == f"Client acquitted: all {len(RULES)} rules kept, in 0 requests.\n"
    assert as_text(verdict(username="ann")).splitlines() == [
        f"Client guilty: 1 of {len(RULES)} rules broken, in 1 requests.",
        f"MUST trigger.legal: {RULES[0].sentence}",
        "  no User-Agent (ann): start in RUNNING (#0: PUT /x/_start -> 409)",
    ]
    assert as_text(verdict(30)).splitlines()[-1] == "  and 10 more"


@pytest.mark.parametrize("path", ["/\x1b[31m", "/]]>", "/<script>", "/\ud800", "/\x00", "/\n"])
def test_nothing_that_a_client_sends_breaks_a_report(tmp_path: Path, path: str) -> None:
    """A terminal is not fooled, XML is well-formed, and a page shows no markup but its own."""
    guilty = verdict(path=path)
    assert all(line.isprintable() for line in as_text(guilty).splitlines())
    write_reports(guilty, tmp_path)
    JUnitXml.fromfile(str(tmp_path / "client.xml"))
    assert "<script" not in (tmp_path / "client.html").read_text("utf-8")


def test_junit_has_a_case_for_each_rule() -> None:
    """A rule that was broken is a failure, with all that shows it."""
    suite = next(iter(JUnitXml.fromstring(as_junit(verdict(2)).encode())))
    assert (suite.tests, suite.failures, suite.errors) == (len(RULES), 1, 0)
    assert [case.name for case in suite] == [rule.id for rule in RULES]
    (failure,) = next(iter(suite)).result
    assert failure.message == RULES[0].sentence
    assert failure.text.count("start in RUNNING") == 2


def test_a_page_needs_nothing_else() -> None:
    """No script, no file, no network: one page that says for each rule whether it was kept."""
    page = as_html(verdict())
    assert page.count("<strong>broken</strong>") == 1
    assert page.count("<td>kept") == len(RULES) - 1
    assert not {"<script", "<link", "src=", "http:", "https:"} & set(page.lower().split())
    assert "default-src 'none'" in page


def test_a_verdict_is_data_too() -> None:
    """For the control API."""
    (finding,) = as_data(verdict())["findings"]
    assert finding["rule"] == "trigger.legal"
    assert finding["requests"] == [0]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """With the option that named it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match=r"--report-dir .*file: cannot write there"):
        write_reports(verdict(), tmp_path / "file")


@pytest.mark.parametrize(
    "options, requests, code, word",
    [
        (["--judge-client"], [("PUT", f"{DOCUMENTED}/_start")], 0, "guilty: 1 of"),
        (["--fail-on-violation"], [("PUT", f"{DOCUMENTED}/_start")], 1, "guilty: 1 of"),
        (["--fail-on-violation"], [("GET", DOCUMENTED)], 0, "acquitted"),
        ([], [("PUT", f"{DOCUMENTED}/_start")], 0, ""),
    ],
)
def test_serve_ends_with_a_verdict(
    tmp_path: Path, options: list[str], requests: list[tuple[str, str]], code: int, word: str
) -> None:
    """On the terminal, in the reports that were asked for, and as the exit code when that was asked for."""
    folder = tmp_path / "reports"
    with serving(*options, *(["--report-dir", str(folder)] if options else [])) as process:
        for method, path in requests:
            process.ask(method, path)
        ended, out, _ = process.stop()
    assert ended == code
    assert word in out
    assert ("Client" in out) is bool(options)
    assert folder.exists() is bool(options)


@pytest.mark.parametrize("options", [("--workers", "2"), ("--server", "granian")])
def test_who_serves_in_other_processes_cannot_judge(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Each would know a part; said at once, in one line."""
    done = run("serve", "--judge-client", *options, "--store", f"sqlite:///{tmp_path / 'x.db'}")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "use --workers 1" in done.stderr
