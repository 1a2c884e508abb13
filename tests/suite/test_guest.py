"""A polite guest: what the suite sends, where, and how it leaves."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests

from contract import load_contract
from contract_tests.running import preflight
from contract_tests.running.plan import plan_for
from contract_tests.running.target import Level
from emulator.app import create_app
from emulator.settings import Settings
from emulator.worlds import Worlds
from tests.faulty_servers.middle import Answer, Call, Changed, Forward
from tests.patience import PATIENCE
from tests.suite.judging import EXAMPLE, HOST, ROOT, VACANT, Verdict, judge
from tests.suite.serving import serving

READING = {"GET", "HEAD", "OPTIONS"}


class Watched:
    """A server in between that notes every request."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def around(self, application: Any) -> Changed:
        """Put it around an application."""

        def note(call: Call, forward: Forward) -> Answer:
            self.calls.append(call)
            return forward(call)

        return Changed(application, note)


def _check(call: Call) -> str:
    """The check that sent a request, as its User-Agent says."""
    return str(call.environ["HTTP_USER_AGENT"]).partition("(")[2].removesuffix(")")


def _path(host: str) -> str:
    organization, environment, name = host.split("/")
    return f"/organizations/{organization}/environments/{environment}/hosts/{name}/instance"


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run, and the requests that came to the server."""

    calls: list[Call]
    verdict: Verdict
    folder: Path
    url: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One run of everything, with a few examples, that several tests look at."""
    watched, folder = Watched(), tmp_path_factory.mktemp("report")
    settings = Settings(port=0, seeds=(EXAMPLE,))
    with serving(watched.around(create_app(settings, Worlds(settings)))) as url:
        verdict = judge(url, folder, hosts=(VACANT,), max_examples=6, random_seed=42)
        yield Run(list(watched.calls), verdict, folder, url)


def _cannot_exist(path: str) -> bool:
    """Whether a path has a name that ends in 64 random bits."""
    return any(re.search(r"[0-9a-f]{16}$", name) for name in path.split("/"))


def test_writes_go_to_named_hosts_or_to_names_that_cannot_exist(run: Run) -> None:
    """No write goes anywhere but to the host that was named, whatever is generated, or to where nothing can be."""
    writes = [call for call in run.calls if call.method not in READING]
    here = [call for call in writes if call.path.startswith(f"{_path(VACANT)}")]
    assert len(here) > 300
    assert [call.path for call in writes if call not in here and not _cannot_exist(call.path)] == []


def test_reads_go_to_named_hosts_or_to_names_that_cannot_exist(run: Run) -> None:
    """A read elsewhere has a name that cannot exist, or tells a name from one that is nearly the same."""
    elsewhere = [call for call in run.calls if call.method in READING and not call.path.startswith(_path(VACANT))]
    assert any(_cannot_exist(call.path) for call in elsewhere)
    for call in elsewhere:
        is_near = "(names-" in call.environ["HTTP_USER_AGENT"]
        assert is_near or _cannot_exist(call.path) or "/" not in call.path, call


def test_nothing_is_left_behind(run: Run) -> None:
    """After a run the host has no instance, though machines were forgotten in it."""
    assert requests.get(run.url + _path(VACANT), timeout=PATIENCE).status_code == 404
    assert [call for call in run.calls if call.action == "_forget" and call.method == "PUT"]
    assert run.verdict.record["summary"]["leftBehind"] == []


def test_every_request_says_who_sends_it_and_why(run: Run) -> None:
    """The User-Agent has the suite, its version and the check."""
    agents = {call.environ["HTTP_USER_AGENT"] for call in run.calls}
    assert all(agent.startswith("contract-tests/") for agent in agents)
    assert any(agent.endswith("(legal[pauseInstance,RUNNING])") for agent in agents)


def test_the_record_has_a_row_for_everything(run: Run) -> None:
    """record.json has every requirement and every check, the seed, the states seen and the contract's digest."""
    record, contract = run.verdict.record, load_contract()
    assert record["requirements"].keys() == contract.requirements.keys()
    assert record["contract"]["sha256"] == contract.digest
    assert record["run"]["seed"] == 42
    assert record["statesSeen"].keys() >= {"ABSENT", "RUNNING", "PAUSED", "STOPPED", "UNDEFINED"}
    assert {check["id"] for check in record["results"]} >= {"quiet[PAUSED]", "bodies[importInstance]", "two-hosts"}


def test_the_exchanges_are_all_there(run: Run) -> None:
    """exchanges.ndjson has a line for each request that was sent, numbered, each with its check."""
    rows = [json.loads(line) for line in (run.folder / "exchanges.ndjson").read_text().splitlines()]
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    # what is no HTTP, or badly framed, is sent and written down, and does not come through to an application; what is
    # sent together may arrive in any order
    sent = Counter((row["check"], row["request"]["method"]) for row in rows)
    came = Counter((_check(call), call.method) for call in run.calls)
    assert came <= sent
    assert len(run.calls) > 0.95 * len(rows)
    assert {row["check"] for row in rows} >= {"start", "quiet[PAUSED]", "clean-up"}


def test_observe_only_reads(serve: Callable[..., str], folder: Path) -> None:
    """With --allow observe nothing is changed, and what was not looked at is said: exit code 4."""
    watched = Watched()
    verdict = judge(serve(around=watched.around), folder, level=Level.OBSERVE)
    assert {call.method for call in watched.calls} <= READING
    assert verdict.code == 4
    assert verdict.verdict("lifecycle.pause-leads") == "not-run"
    assert verdict.verdict("representation.complete") == "passed"
    assert "needs --allow full" in verdict.text


def test_power_keeps_the_instance(serve: Callable[..., str], folder: Path) -> None:
    """With --allow power the instance goes through its states, and is then as it was found."""
    watched = Watched()
    url = serve(around=watched.around)
    before = requests.get(url + _path(HOST), timeout=PATIENCE).json()
    watched.calls.clear()
    verdict = judge(url, folder, level=Level.POWER)
    sent = Counter((call.method, call.action) for call in watched.calls)
    assert sent["PUT", "_pause"] > 0
    assert not {("DELETE", ""), ("POST", ""), ("POST", "properties"), ("PUT", "_forget")} & sent.keys()
    after = requests.get(url + _path(HOST), timeout=PATIENCE).json()
    assert after["state"] == before["state"]
    assert all(row in after["properties"] for row in before["properties"])
    assert verdict.verdict("lifecycle.pause-leads") == "passed"
    assert verdict.verdict("lifecycle.delete-leads") == "not-run"


def test_the_same_seed_sends_the_same_requests(serve: Callable[..., str], tmp_path: Path) -> None:
    """Two runs with one seed against two fresh servers write the same bodies, in the same order."""

    def writes(name: str, seed: int) -> list[tuple[str, str, str, bytes]]:
        watched = Watched()
        judge(
            serve(around=watched.around),
            tmp_path / name,
            random_seed=seed,
            only=("bodies", "noise[startInstance]"),
            max_examples=6,
        )
        return [
            (call.method, unquote(call.path), call.query, call.body)
            for call in watched.calls
            if call.method not in READING
        ]

    first = writes("first", 5)
    assert first == writes("again", 5)
    assert first != writes("other", 6)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cleans_up(number: signal.Signals, serve: Callable[..., str], folder: Path, tmp_path: Path) -> None:
    """A run that is stopped while a machine is made deletes it, writes its record, and ends with 4."""
    timing = tmp_path / "timing.yaml"
    timing.write_text("provision: {fixed: 3600}\n")
    url = serve(timing=str(timing))
    command = [sys.executable, "-m", "contract_tests", "run", url, "--host", VACANT]
    process = subprocess.Popen(
        [*command, "--report-dir", str(folder)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    _until(lambda: _waits(folder / "exchanges.ndjson"))
    assert requests.get(url + _path(VACANT), timeout=PATIENCE).json()["state"] == "PENDING"
    process.send_signal(number)
    output, complaints = process.communicate(timeout=PATIENCE)
    assert process.returncode == 4, output + complaints
    assert complaints == ""
    assert "stopped before the end" in output
    assert requests.get(url + _path(VACANT), timeout=PATIENCE).status_code == 404
    record = json.loads((folder / "record.json").read_text())
    assert record["run"]["interrupted"] is True
    assert record["summary"]["exitCode"] == 4
    assert [check["id"] for check in record["results"]] == [check.id for check in plan_for(load_contract())]
    row = record["requirements"]["errors.too-large"]
    assert (row["verdict"], row["reason"]) == ("not-run", "stopped by a signal")


def test_an_instance_elsewhere_is_not_deleted(serve: Callable[..., str], folder: Path, monkeypatch: Any) -> None:
    """A host that has an instance, on a server that is not this machine, is left alone: exit code 3."""
    monkeypatch.setattr(preflight, "is_loopback", lambda _: False)
    watched = Watched()
    assert judge(serve(around=watched.around), folder).code == 3
    assert {call.method for call in watched.calls} <= READING


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _waits(path: Path) -> bool:
    """Whether the run has asked for a machine, and is looking at it on its way."""
    lines = [line for line in _read(path).splitlines() if "legal[provisionInstance,ABSENT]" in line]
    return sum("PENDING" in line for line in lines) > 3


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
