"""The suite inside pytest: an item for each check, the options of the command line, the same record."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from contract import load_contract
from contract_tests.commands.run import run
from contract_tests.plugin import OPTIONS
from contract_tests.running.outcomes import ExitCode
from contract_tests.running.plan import plan_for
from tests.faulty_servers.middle import Answer, Call, Changed, Forward
from tests.patience import PATIENCE
from tests.suite.judging import HOST, VACANT
from tests.suite.serving import emulator


def _command(folder: Path, *arguments: str) -> list[str]:
    own = ["-p", "no:cacheprovider", "-p", "no:randomly", "--contract-report-dir", str(folder)]
    return [sys.executable, "-m", "pytest", "--pyargs", "contract_tests", *own, *arguments]


def _pytest(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the plugin as a vendor does, in a folder that has no settings of pytest."""
    return subprocess.run(
        _command(folder, *arguments),
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, **environment},
    )


def _counts(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_every_check_is_an_item(folder: Path) -> None:
    """What pytest collects are the checks of the plan, each with its id, and nothing is sent for it."""
    listed = _pytest(folder, "--contract-url", "http://127.0.0.1:1", "--contract-host", VACANT, "--collect-only", "-q")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    for check in plan_for(load_contract()):
        assert f"test_contract[{check.id}]" in listed.stdout


def test_a_conforming_server_passes(folder: Path) -> None:
    """Items pass, or are skipped with a reason; record and reports are those of a run."""
    with emulator() as url:
        ended = _pytest(folder, "--contract-url", url, "--contract-host", VACANT, "-k", "refused or legal", "-rs")
        organization, environment, name = VACANT.split("/")
        address = f"{url}/organizations/{organization}/environments/{environment}/hosts/{name}/instance"
        assert requests.get(address, timeout=PATIENCE).status_code == 404
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "passed" in _counts(ended.stdout)
    record = json.loads((folder / "record.json").read_text())
    verdicts = {row["id"]: row["verdict"] for row in record["results"]}
    assert verdicts["legal[pauseInstance,RUNNING]"] == "passed"
    assert verdicts["quiet[RUNNING]"] == "not-run"
    assert (folder / "junit.xml").exists()


def test_a_fault_fails_its_items_only(serve: Callable[..., str], folder: Path) -> None:
    """A failing item shows the requirement, what was sent, what was expected and what came."""

    def around(application: Any) -> Changed:
        def answer(call: Call, forward: Forward) -> Answer:
            return forward(call.at("_off") if (call.method, call.action) == ("PUT", "_pause") else call)

        return Changed(application, answer)

    url = serve(around=around)
    ended = _pytest(folder, "--contract-url", url, "--contract-host", VACANT, "-k", "pauseInstance")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "FAILED" in ended.stdout
    assert "::test_contract[locked[pauseInstance,RUNNING]]" not in ended.stdout
    for words in (
        "legal[pauseInstance,RUNNING]",
        "lifecycle.pause-leads: An accepted pause MUST lead from RUNNING to PAUSED.",
        "expected  PAUSED",
        "sent      curl -i -X PUT",
    ):
        assert words in ended.stdout
    assert "Traceback" not in ended.stdout


def test_a_requirement_is_a_marker(folder: Path) -> None:
    """Items carry the requirements that they judge as markers; an item may be chosen by an option as well."""
    with emulator() as url:
        ended = _pytest(
            folder, "--contract-url", url, "--contract-host", VACANT, "--contract-only", "lifecycle.pause-refused", "-v"
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "refused[pauseInstance,STOPPED]" in ended.stdout
    assert "startInstance" not in ended.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--contract-url", "nonsense"), "URL 'nonsense'"),
        (("--contract-url", "http://127.0.0.1:1"), "no host is named; give --contract-host"),
        (("--contract-url", "http://127.0.0.1:1", "--contract-host", VACANT, "--contract-allow", "all"), "'all'"),
    ],
)
def test_wrong_usage_is_one_line(arguments: tuple[str, ...], words: str, folder: Path) -> None:
    """What is wrong with the options is said by pytest's own usage error, before anything is collected."""
    ended = _pytest(folder, *arguments)
    assert ended.returncode == 4
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not folder.exists()


def test_a_server_must_be_named(folder: Path) -> None:
    """The suite without a server to judge is an error of the collection that says what to give."""
    ended = _pytest(folder)
    assert ended.returncode == 2
    assert "give --contract-url URL" in ended.stdout


def test_no_server_is_no_verdict(folder: Path) -> None:
    """A server that does not answer ends the session at once with 3, and one sentence."""
    ended = _pytest(folder, "--contract-url", "http://127.0.0.1:1", "--contract-host", VACANT)
    assert ended.returncode == 3
    assert "no verdict: http://127.0.0.1:1 does not answer" in ended.stdout


def test_a_run_without_the_suite_imports_nothing_of_it() -> None:
    """A session that has nothing to do with the contract loads the plugin, and neither engine nor contract."""
    script = (
        "import sys, pytest; pytest.main(['--version']); import contract_tests.plugin; "
        "print([name for name in ('schemathesis', 'contract', 'requests', 'networkx') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip().endswith("[]")


def test_each_worker_of_xdist_needs_its_host(folder: Path) -> None:
    """With pytest-xdist every worker takes a host of its own; too few hosts are wrong usage."""
    with emulator() as url:
        common = ("--contract-url", url, "--contract-host", VACANT, "-n", "2", "-k", "refused")
        enough = _pytest(folder, *common, "--contract-host", HOST)
        short = _pytest(folder, *common)
    assert enough.returncode == 0, enough.stdout + enough.stderr
    hosts = {json.loads((folder / f"gw{n}" / "record.json").read_text())["target"]["hosts"][0] for n in (0, 1)}
    assert hosts == {VACANT, HOST}
    assert short.returncode == 4
    assert "2 workers, and 1 hosts: each needs one of its own; give more --contract-host" in short.stderr


def test_sigterm_cleans_up(folder: Path, tmp_path: Path) -> None:
    """A session that is ended by SIGTERM deletes what it made, and writes its record."""
    timing = tmp_path / "timing.yaml"
    timing.write_text("provision: {fixed: 3600}\n")
    with emulator("--timing", str(timing)) as url:
        command = _command(folder, "--contract-url", url, "--contract-host", VACANT)
        said = tmp_path / "output.txt"
        with (
            said.open("w") as file,
            subprocess.Popen(command, cwd=tmp_path, stdout=file, stderr=subprocess.STDOUT) as process,
        ):
            path, deadline = folder / "exchanges.ndjson", time.monotonic() + PATIENCE
            while process.poll() is None and (not path.exists() or path.read_text().count("PENDING") < 5):
                if time.monotonic() > deadline:
                    process.kill()
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=PATIENCE)
            finally:
                process.kill()
        assert process.returncode == 2, said.read_text()
        organization, environment, name = VACANT.split("/")
        address = f"{url}/organizations/{organization}/environments/{environment}/hosts/{name}/instance"
        assert requests.get(address, timeout=PATIENCE).status_code == 404
    assert json.loads((folder / "record.json").read_text())["summary"]["exitCode"] == ExitCode.INCOMPLETE


def test_sigterm_between_two_checks(folder: Path, tmp_path: Path) -> None:
    """What stops a session when no check is under way counts, too: its record cannot read as a pass."""
    (tmp_path / "ended_early.py").write_text(
        "import os, signal\n\n\ndef pytest_runtest_logfinish():\n    os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    with emulator() as url:
        ended = _pytest(
            folder,
            *("--contract-url", url, "--contract-host", VACANT, "-p", "ended_early"),
            PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path]),
        )
    assert ended.returncode == pytest.ExitCode.INTERRUPTED, ended.stdout + ended.stderr
    summary = json.loads((folder / "record.json").read_text())["summary"]
    assert summary["exitCode"] == ExitCode.INCOMPLETE
    assert summary["counts"]["not-run"] > 0


def test_every_option_is_one_of_the_command() -> None:
    """The options of the plugin are those of `contract-tests run`, by their names."""
    assert set(OPTIONS) <= {name.removeprefix("--") for option in run.params for name in option.opts}
