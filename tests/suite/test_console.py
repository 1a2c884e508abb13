"""What a person reads of a run: a line for each check, each failure at once, the replay line, the bar on a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contract import load_contract
from contract_tests.running.outcomes import Judged, Verdict
from contract_tests.running.plan import plan_for
from contract_tests.running.summary import CheckOutcome
from contract_tests.running.tally import Tallies
from tests.faulty_servers.middle import Answer, Call, Changed, Forward
from tests.patience import PATIENCE
from tests.suite.judging import HOST, ROOT, command_line


def _pausing_anywhere(application: Any) -> Any:
    """A server that accepts a pause of a machine that is switched off."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_off = call.action == "_pause" and forward(call.at("", "GET")).value.get("state") == "STOPPED"
        return Answer(202) if honest.status == 409 and is_off else honest

    return Changed(application, answer)


def test_there_is_a_line_for_each_check(serve: Callable[..., str], folder: Path) -> None:
    """In CI each check has one plain line with the number of its tests, whatever order they ran in."""
    ended = command_line("run", serve(), "--host", HOST, "--only", "quiet", "--only", "read", folder=folder)
    assert ended.returncode == 0, ended.stdout
    lines = [line for line in ended.stdout.splitlines() if line.startswith("passed ")]
    assert [line.split()[1] for line in lines] == ["read", "quiet"]
    assert re.match(r"passed +read +12 tests, .*\d+ requests in \d+\.\d s", lines[0])
    assert "\x1b" not in ended.stdout
    assert "…" not in ended.stdout


def test_a_failure_is_told_at_once_and_again_at_the_end(serve: Callable[..., str], folder: Path) -> None:
    """A test that fails has a line of its own before the line of its check; the end tells how to repeat it."""
    url = serve(around=_pausing_anywhere)
    ended = command_line("run", url, "--host", HOST, "--only", "lifecycle.pause-refused", folder=folder)
    assert ended.returncode == 1, ended.stdout
    lines = ended.stdout.splitlines()
    at_once = next(
        place for place, line in enumerate(lines) if line.startswith("failed         refused[pauseInstance,")
    )
    at_end = next(place for place, line in enumerate(lines) if re.match(r"failed +refused +\d+ tests", line))
    assert at_once < at_end
    assert "1 failed" in lines[at_end]
    assert f"    again     contract-tests replay {folder} 'refused[pauseInstance,STOPPED]'" in ended.stdout
    record = json.loads((folder / "record.json").read_text())
    assert any(row["replay"] in ended.stdout for row in record["results"] if row["verdict"] == "failed")


def test_what_was_not_asked_for_is_said_and_not_counted(serve: Callable[..., str], folder: Path) -> None:
    """A requirement that is seen to be broken, and was not chosen, is named in a note; the exit code is 0."""
    url = serve(around=_pausing_anywhere)
    ended = command_line(
        "run", url, "--host", HOST, "--only", "refused.illegal-trigger", "--skip", "lifecycle", folder=folder
    )
    assert ended.returncode in (0, 4), ended.stdout
    assert "seen to be broken too, and not judged in this run: lifecycle.pause-refused" in ended.stdout


def test_a_terminal_has_a_bar(serve: Callable[..., str], folder: Path) -> None:
    """On a terminal a bar moves, with what is going on beside it; the last lines are the verdict and the report."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "contract_tests", "run", serve(), "--host", HOST, "--only", "read"]
    process = subprocess.Popen(
        [*command, "--report-dir", str(folder)],
        cwd=ROOT,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "COLUMNS": "120", "TERM": "xterm"},
    )
    os.close(theirs)
    shown = b""
    while b"report: " not in shown:
        shown += os.read(ours, 4096)
    assert process.wait(timeout=PATIENCE) == 0
    os.close(ours)
    assert b"12/12" in shown
    assert "━".encode() in shown
    assert b"\x1b[?25h" in shown  # the cursor is back


def test_a_tally_tells_the_worst_and_the_counts() -> None:
    """The line of a check has its worst verdict, and how many came to which."""
    tests = [check for check in plan_for(load_contract()) if check.name == "quiet"]
    tallies = Tallies([check.name for check in tests])
    verdicts = [Verdict.PASSED, Verdict.FAILED, Verdict.PASSED, Verdict.NOT_RUN, Verdict.PASSED]
    warning = {"x": Judged(Verdict.FAILED)}
    outcomes = [
        CheckOutcome(check, verdict, f"why {verdict}", warning, figures={"answers": 2}, exchanges=(1, 3))
        for check, verdict in zip(tests, verdicts, strict=True)
    ]
    done = [tallies.add(outcome) for outcome in outcomes]
    assert done[:-1] == [None] * 4
    assert done[-1] is not None
    line = done[-1].line().plain
    assert line.startswith("failed ")
    assert "5 tests, 1 failed, 1 not-run, 3 passed, 10 answers, 15 requests in 0.0 s, why failed, 3 warnings" in line
    assert list(tallies.rest()) == []


def test_what_did_not_come_to_its_end_is_told_once() -> None:
    """A check of which some tests ran has its line in the end, once."""
    tests = [check for check in plan_for(load_contract()) if check.name == "quiet"]
    tallies = Tallies([check.name for check in tests])
    assert tallies.add(CheckOutcome(tests[0], Verdict.PASSED)) is None
    assert [tally.name for tally in tallies.rest()] == ["quiet"]
    assert list(tallies.rest()) == []
