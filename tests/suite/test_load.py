"""`contract-tests load`: many users, each answer judged, and a report of what came of it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faulty_servers.catalogue import FAULTS
from tests.suite.judging import HOST, ROOT, VACANT, command_line
from tests.suite.serving import emulator

HOSTS = ("--host", HOST, "--host", VACANT)
SHORT = ("--duration", "2", *HOSTS)
DURATIONS = ("2", "8", "30")
"""Seconds: longer only where a machine has so much else to do that there was not enough."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An emulator that all answers come from."""
    with emulator() as address:
        yield address


Enough = Callable[[Any], bool]


def load(url: str, folder: Path, *options: str, enough: Enough = bool) -> tuple[int, str, Any]:
    """Run the command, longer when that was not `enough`; its exit code, what it printed, and what it wrote."""
    code, printed, result = 0, "", None
    for duration in DURATIONS:
        ended = command_line("load", url, "--duration", duration, *HOSTS, "--report-dir", str(folder), *options)
        code, printed, path = ended.returncode, ended.stdout + ended.stderr, folder / "load.json"
        result = json.loads(path.read_text()) if path.exists() else None
        if enough(result):
            break
    return code, printed, result


def counts(result: Any) -> dict[str, int]:
    """How often each operation was asked for."""
    return {row["operation"]: row["count"] for row in result["requests"]}


def many(result: Any) -> bool:
    """Whether users have walked for a while."""
    asked = counts(result)
    return asked.get("getInstance", 0) > 10 and asked.get("startInstance", 0) > 1


@pytest.mark.parametrize("users", ["2", "6"])
def test_a_conforming_server_breaks_nothing(url: str, tmp_path: Path, users: str) -> None:
    """Users with a host each, and users who share them: all goes by the contract, and the figures say how fast."""
    code, printed, result = load(url, tmp_path, "--users", users, enough=many)
    assert code == 0, printed
    assert "every answer is as the contract says" in printed
    assert many(result), printed
    assert result["broken"] == result["failures"] == []
    assert all(row["milliseconds"]["p99"] >= row["milliseconds"]["p50"] for row in result["requests"])


@pytest.mark.parametrize("name", ["pause-leads-elsewhere-by-off-from-RUNNING", "agent-is-not-shown"])
def test_a_broken_rule_is_named(tmp_path: Path, name: str) -> None:
    """Where a trigger leads, and what an answer looks like: both are seen under load."""
    fault = FAULTS[name]
    with fault.start() as url:
        code, printed, result = load(url, tmp_path, "--users", "2", enough=lambda result: bool(result["broken"]))
    assert code == 1, printed
    broken = {row["name"] for row in result["broken"]}
    assert broken & fault.requirements, printed
    assert any(name in printed for name in broken)


def test_observers_change_nothing(url: str, tmp_path: Path) -> None:
    """With `--allow observe` users look, and that is all."""
    code, printed, result = load(
        url, tmp_path, "--users", "2", "--allow", "observe", enough=lambda result: bool(counts(result))
    )
    assert code == 0, printed
    assert [row["operation"] for row in result["requests"]] == ["getInstance"]


def test_nobody_there_is_no_verdict(tmp_path: Path) -> None:
    """Where nothing answers nothing was tested."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        code, printed, _ = load(f"http://127.0.0.1:{port}", tmp_path, "--users", "1")
    assert code == 3, printed
    assert "nothing answers" in printed


def test_a_slow_start_takes_nothing_from_the_load(url: str, tmp_path: Path) -> None:
    """The time of the load begins when all is imported: a start longer than the load itself leaves it whole.

    gevent's clock is started, and stands still while the start goes on, as it does while modules are imported.
    """
    slowly = "import gevent, time; gevent.get_hub().loop.now(); time.sleep(1.5)"
    (tmp_path / "sitecustomize.py").write_text(slowly)
    options = ("--duration", "1", *HOSTS, "--users", "1", "--report-dir", str(tmp_path))
    ended = command_line("load", url, *options, PYTHONPATH=str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert counts(json.loads((tmp_path / "load.json").read_text())), ended.stdout


def test_what_was_asked_at_the_end_is_waited_for(tmp_path: Path) -> None:
    """A server whose first answer takes longer than the load is one that answers."""
    trouble = tmp_path / "slow.yaml"
    trouble.write_text("rules: [{kind: latency, seconds: [2, 2], count: 1}]")
    with emulator("--trouble", str(trouble)) as url:
        ended = command_line("load", url, "--duration", "1", *HOSTS, "--users", "1", "--report-dir", str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "every answer is as the contract says" in ended.stdout


def test_what_locust_does_not_know_is_one_line(url: str, tmp_path: Path) -> None:
    """A word after -- that Locust refuses is told in a line."""
    ended = command_line("load", url, *SHORT, "--report-dir", str(tmp_path), "--", "--no-such-option")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "no-such-option" in ended.stderr


def together(url: str, folder: Path, duration: str) -> tuple[tuple[int, int], int]:
    """A master, and a worker that does what it says: their exit codes, and how many answers they have counted."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = ("load", url, *HOSTS, "--users", "2", "--duration", duration, "--report-dir", str(folder), "--")
    as_worker = ("--worker", "--master-host", "127.0.0.1", "--master-port", port)
    command = [sys.executable, "-m", "contract_tests", *common, *as_worker]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as worker:
        master = command_line(*common, "--master", "--master-bind-port", port, "--expect-workers", "1")
    return (master.returncode, worker.returncode), sum(counts(json.loads((folder / "load.json").read_text())).values())


def test_several_machines_are_one_load(url: str, tmp_path: Path) -> None:
    """A master counts what its workers do; each of them is the same command."""
    runs = (together(url, tmp_path / duration, duration) for duration in DURATIONS)
    codes, answers = next((run for run in runs if run[1] > 10), ((3, 3), 0))
    assert answers > 10
    assert codes == (0, 0)
