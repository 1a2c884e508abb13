"""A run that broke off goes on where it did, and comes to what it would have come to."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract import load_contract
from contract_tests.certifying.recomputing import recompute
from tests.faulty_servers.catalogue import FAULTS
from tests.faulty_servers.middle import Changed
from tests.patience import PATIENCE
from tests.suite.judging import ROOT, VACANT, command_line

CONTRACT = load_contract()
SEED = ("--random-seed", "7", "--max-examples", "1")
TESTS = ("legal", "refused", "bodies[provisionInstance]", "race[RUNNING]", "framing")
ONLY = tuple(word for name in TESTS for word in ("--only", name))


class Breaking:
    """Around an application: at these requests, or the first of a test, whoever asks gets a signal, or no answer."""

    def __init__(self, at: Iterable[int], number: signal.Signals | None, *, test: str = "") -> None:
        self.at, self.number, self.test = set(at), number, test
        self.process: subprocess.Popen[str] | None = None
        self.calls: Counter[str] = Counter()
        self.is_dead = False

    def around(self, application: Any) -> Any:
        """Put it around an application."""

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            asking = environ["HTTP_USER_AGENT"].partition("(")[2].removesuffix(")")
            self.calls[asking] += 1
            if self.calls.total() in self.at or (asking == self.test and self.calls[asking] == 1):
                if self.number is None:
                    self.is_dead = True
                elif self.process is not None:
                    self.process.send_signal(self.number)
            if self.is_dead:
                start_response("200 OK", [("Content-Length", "100")])
                return _cut_short()
            return application(environ, start_response)

        return answer

    def run(self, *arguments: str) -> int:
        """Run the suite; its exit code."""
        command = [sys.executable, "-m", "contract_tests", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        _, complaints = self.process.communicate(timeout=PATIENCE)
        assert not complaints or (self.is_dead and "does not answer any more" in complaints), complaints
        return self.process.returncode


def _cut_short() -> Iterator[bytes]:
    yield b"{"
    raise OSError("gone")


def _record(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "record.json").read_text("utf-8")))


def _judged(record: dict[str, Any]) -> dict[str, str]:
    return {row["id"]: row["verdict"] for row in record["results"]}


@pytest.mark.parametrize(
    "number, at",
    [
        (signal.SIGTERM, (3, 250)),
        (signal.SIGKILL, (150, 400)),
        (None, (90, 420)),
    ],
)
def test_a_run_that_broke_off_goes_on(
    number: signal.Signals | None, at: tuple[int, ...], serve: Callable[..., str], folder: Path
) -> None:
    """Stopped, killed, or left by its server, even twice: all tests are judged, and follow from the exchanges."""
    server = Breaking(at, number)
    url = serve(around=server.around)
    begin = ("run", url, "--host", VACANT, *SEED, *ONLY, "--report-dir", str(folder))
    assert server.run(*begin) != 0
    for _ in at[1:]:
        server.is_dead = False
        assert server.run("resume", str(folder)) != 0
    server.is_dead = False
    assert server.run("resume", str(folder)) == 0
    record = _record(folder)
    assert set(_judged(record).values()) <= {"passed", "not-applicable"}
    assert list(_judged(record)) == record["plan"]["tests"]
    breaks = [row["after"] for row in record["run"]["resumed"]]
    assert breaks == sorted(breaks)
    assert len(breaks) == len(at)
    assert record["run"]["interrupted"] is False
    assert recompute(folder, CONTRACT) == []
    # nothing was sent but what the exchanges have, and the requests in which it broke off
    assert server.calls.total() <= len((folder / "exchanges.ndjson").read_bytes().splitlines()) + len(at)


def test_what_was_found_before_counts_after(serve: Callable[..., str], folder: Path) -> None:
    """A rule that was broken before the run was killed stays broken, with its evidence."""
    fault = FAULTS["pause-is-accepted-in-STOPPED"]
    server = Breaking((), signal.SIGKILL, test="framing")
    url = serve(around=lambda application: server.around(Changed(application, fault.make())))
    begin = ("run", url, "--host", VACANT, *SEED, *ONLY, "--report-dir", str(folder))
    assert server.run(*begin) == -signal.SIGKILL
    before = [row for row in _record(folder)["results"] if row["findings"]]
    assert server.run("resume", str(folder)) == 1
    after = [row for row in _record(folder)["results"] if row["findings"]]
    assert before
    assert after[: len(before)] == before
    assert recompute(folder, CONTRACT) == []


@pytest.fixture
def stopped(serve: Callable[..., str], folder: Path) -> Path:
    """The folder of a run that was killed."""
    server = Breaking((130,), signal.SIGKILL)
    url = serve(around=server.around)
    server.run("run", url, "--host", VACANT, *SEED, "--only", "refused", "--report-dir", str(folder))
    return folder


def test_a_torn_line_is_cut_off(stopped: Path) -> None:
    """The line that a kill tore is not there any more, and its exchange is not missed."""
    with (stopped / "exchanges.ndjson").open("a") as file:
        file.write('{"number": 301, "at": 3.')
    assert command_line("resume", str(stopped)).returncode == 0
    assert recompute(stopped, CONTRACT) == []


def test_exchanges_of_another_plan_are_refused(stopped: Path) -> None:
    """A run whose exchanges were touched does not go on: exit code 2, the exchange is named, nothing is changed."""
    path = stopped / "exchanges.ndjson"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines[:100], *lines[101:]]), "utf-8")
    before = {one.name: one.read_bytes() for one in stopped.iterdir()}
    ended = command_line("resume", str(stopped))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "exchanges.ndjson: exchange 101" in ended.stderr
    assert "this run cannot go on" in ended.stderr
    assert {one.name: one.read_bytes() for one in stopped.iterdir()} == before


def test_a_run_that_ended_has_nothing_to_go_on_with(stopped: Path) -> None:
    """A run that came to its end is left as it is: exit code 2, one line."""
    assert command_line("resume", str(stopped)).returncode == 0
    ended = command_line("resume", str(stopped))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "there is nothing to go on with: the run came to its end" in ended.stderr


@pytest.mark.parametrize(
    "member, value, words",
    [
        ("run", {"workers": 2}, "2 workers judged at a time"),
        ("suite", {"version": "0.0.1"}, "version 0.0.1 of the suite made the plan"),
        ("plan", {"sha256": "0" * 64}, "begin anew"),
        ("contract", {"sha256": "0" * 64}, "give its file with --contract"),
    ],
)
def test_what_keeps_a_run_from_going_on_is_named(member: str, value: dict[str, Any], words: str, stopped: Path) -> None:
    """Workers, another version of the suite, another contract: exit code 2, one line."""
    record = _record(stopped)
    record[member] |= value
    shutil.copytree(stopped, stopped.with_name("other"))
    (stopped.with_name("other") / "record.json").write_text(json.dumps(record), "utf-8")
    ended = command_line("resume", str(stopped.with_name("other")))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert words in ended.stderr
