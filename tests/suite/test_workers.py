"""Several checks at a time: each worker has a host of its own, and the run is one run all the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from contract import load_contract
from contract_tests.running.plan import plan_for
from contract_tests.running.workers import shares
from tests.patience import PATIENCE
from tests.suite.judging import HOST, ROOT, VACANT, command_line, judge
from tests.suite.serving import emulator

PLAN = plan_for(load_contract())
SOME = ("refused", "legal", "quiet", "methods", "two-hosts")


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_every_check_of_one_host_has_one_worker(workers: int) -> None:
    """The plan is shared out, nothing twice; what needs two hosts is left to the process that began."""
    parts = shares(PLAN, workers)
    assert len(parts) == workers
    given = [check.id for part in parts for check in part]
    assert sorted(given) == sorted(check.id for check in PLAN if check.hosts == 1)


def test_a_stretch_of_the_tour_keeps_its_order() -> None:
    """What a worker does in the lifecycle is a part of the tour as it was planned."""
    order = [check.id for check in PLAN if check.cell]
    stretches = [[check.id for check in part if check.cell] for part in shares(PLAN, 3)]
    assert [name for stretch in stretches for name in stretch] == order


def test_workers_make_one_run(folder: Path) -> None:
    """With two workers every check has its row, every exchange its number, and each host one worker."""
    with emulator() as url:
        verdict = judge(url, folder, hosts=(HOST, VACANT), only=SOME, workers=2)
    assert verdict.code == 0, verdict.text
    record = verdict.record
    assert [row["id"] for row in record["results"]] == record["plan"]["tests"]
    rows = [json.loads(line) for line in (folder / "exchanges.ndjson").read_text().splitlines()]
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    hosts: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["check"].partition("[")[0] in ("refused", "legal", "quiet", "methods"):
            hosts[row["check"]].add(row["request"]["url"].partition("/hosts/")[2].partition("/")[0])
    assert all(len(names) == 1 for names in hosts.values())
    assert {next(iter(names)) for names in hosts.values()} == {"web-1", "test-host-on-Hyp3"}
    assert verdict.verdict("isolation.other-hosts") == "passed"


def test_workers_find_what_one_process_finds(serve: Callable[..., str], tmp_path: Path) -> None:
    """The verdict on each requirement is the same with workers and without."""
    verdicts = [
        judge(serve(), tmp_path / str(workers), hosts=(HOST, VACANT), only=SOME, workers=workers).record["requirements"]
        for workers in (1, 2)
    ]
    alone, together = ({name: row["verdict"] for name, row in rows.items()} for rows in verdicts)
    assert alone == together


def test_a_signal_stops_all_workers(tmp_path: Path) -> None:
    """Workers that are stopped clean up, each its own host; the run is incomplete, and has every row."""
    timing, folder = tmp_path / "timing.yaml", tmp_path / "report"
    timing.write_text("provision: {fixed: 3600}\n")
    with emulator("--timing", str(timing)) as url:
        command = [sys.executable, "-m", "contract_tests", "run", url, "--workers", "2", "--report-dir", str(folder)]
        process = subprocess.Popen(
            [*command, "--host", HOST, "--host", VACANT],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        path, deadline = folder / "exchanges.ndjson", time.monotonic() + PATIENCE
        while not path.exists() or path.read_text().count("PENDING") < 12:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        output, complaints = process.communicate(timeout=PATIENCE)
        assert (process.returncode, complaints) == (4, ""), output + complaints
        for host in (HOST, VACANT):
            organization, environment, name = host.split("/")
            address = f"{url}/organizations/{organization}/environments/{environment}/hosts/{name}/instance"
            assert requests.get(address, timeout=PATIENCE).status_code == 404
    record = json.loads((folder / "record.json").read_text())
    assert [row["id"] for row in record["results"]] == [check.id for check in PLAN]
    assert record["summary"]["leftBehind"] == []


def test_more_workers_than_hosts_are_refused(folder: Path) -> None:
    """Each worker needs a host of its own: exit code 2, and one line that says so."""
    ended = command_line("run", "http://127.0.0.1:1", "--host", VACANT, "--workers", "2", folder=folder)
    assert ended.returncode == 2
    assert "each needs a host of its own" in ended.stderr
    assert ended.stderr.count("\n") == 1
