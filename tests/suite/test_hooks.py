"""The hooks for those who run `st run` themselves: one line turns them on, and they keep to the host that is named."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from contract import load_contract
from emulator.app import create_app
from emulator.auth import Principal, User
from emulator.settings import Settings
from emulator.worlds import Worlds
from tests.faulty_servers.catalogue import FAULTS
from tests.faulty_servers.middle import Answer, Call, Changed, Forward
from tests.patience import PATIENCE
from tests.suite.judging import EXAMPLE, ROOT, VACANT
from tests.suite.serving import serving

INSTANCE = "/organizations/Guardis Test/environments/Test Environment/hosts/web-1/instance"
PROBE = "/schemathesis-probe"
"""Where the engine looks what a server can bear, before anything else: a name that is nowhere."""


def _st(url: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The one line of docs/contract-tests.md, in a folder of its own: the engine keeps what it found where it runs."""
    document = str(ROOT / "openapi.yaml")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CONTRACT_")}
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", document, "--url", url, "--seed", "3", *options],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            timeout=PATIENCE,
            env={**clean, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "contract_tests.hooks", **environment},
        )


class Seen:
    """What came to the server: method and path of each request, and the statuses that each operation got."""

    def __init__(self) -> None:
        self.paths: list[tuple[str, str]] = []
        self.statuses: dict[tuple[str, str], set[int]] = {}

    def around(self, application: Any) -> Changed:
        """Put it around an application."""

        def note(call: Call, forward: Forward) -> Answer:
            answer = forward(call)
            self.paths.append((call.method, call.path))
            self.statuses.setdefault((call.method, call.action), set()).add(answer.status)
            return answer

        return Changed(application, note)


@dataclass(frozen=True, slots=True)
class Run:
    """A run against the emulator: what came to it, how the run ended, and what the host had afterwards."""

    seen: Seen
    ended: subprocess.CompletedProcess[str]
    status_after: int


@pytest.fixture(scope="module")
def run() -> Run:
    """One run against a right server, that several tests look at."""
    seen, settings = Seen(), Settings(port=0, seeds=(EXAMPLE,))
    with serving(seen.around(create_app(settings, Worlds(settings)))) as url:
        ended = _st(url, "--max-examples", "4", CONTRACT_HOST=VACANT)
        return Run(seen, ended, requests.get(url + INSTANCE, timeout=PATIENCE).status_code)


def test_the_emulator_is_green(run: Run) -> None:
    """On a right server nothing is found, and no instance is left."""
    assert run.ended.returncode == 0, run.ended.stdout + run.ended.stderr
    assert "No issues found" in run.ended.stdout
    assert run.status_after == 404


def test_every_operation_is_accepted_and_refused(run: Run) -> None:
    """The host is brought where an operation is legal, and where it is not: no operation gets 404 only."""
    for operation in load_contract().operations.values():
        action = operation.path.rpartition("/instance")[2].strip("/")
        statuses = run.seen.statuses[operation.method, action]
        assert operation.success in statuses, operation.id
        assert statuses & {400, 404, 409}, operation.id


def test_nothing_is_sent_to_another_host(run: Run) -> None:
    """Whatever is drawn, every request goes to the instance that was named; the engine's own probe is a read."""
    elsewhere = {(method, path) for method, path in run.seen.paths if not path.startswith(INSTANCE)}
    assert len(run.seen.paths) > 300
    assert all(method == "GET" and path.startswith(PROBE) for method, path in elsewhere), elsewhere


@pytest.mark.parametrize(
    "name, rule",
    [
        ("error-is-an-object", "errors.shape"),
        ("start-is-accepted-in-RUNNING", "lifecycle.start-refused"),
        ("refused-patch-loses-a-property", "refused.others"),
        ("an-instance-pauses-once", "lifecycle.pause-leads"),
        ("values-lose-their-case", "properties.values-kept"),
    ],
)
def test_a_faulty_server_is_red(name: str, rule: str) -> None:
    """A server that is wrong in one way is red, by our check of that rule."""
    with FAULTS[name].start() as url:
        ended = _st(url, "--max-examples", "6", CONTRACT_HOST=VACANT)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"❌ ST901 {rule}: " in ended.stdout, ended.stdout


def test_credentials_come_from_the_environment(serve: Callable[..., str]) -> None:
    """A server that asks for credentials is green with the right ones, and they are shown nowhere."""
    url = serve(users=(User(Principal("alice", "alice"), "wonderland-7"),))
    ended = _st(
        url, "--max-examples", "2", CONTRACT_HOST=VACANT, CONTRACT_USER="alice", CONTRACT_PASSWORD="wonderland-7"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "wonderland" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "environment, sentence",
    [
        ({}, "no host is named; set CONTRACT_HOST=ORG/ENV/HOST"),
        ({"CONTRACT_HOST": "web-1"}, "expected ORG/ENV/HOST"),
        ({"CONTRACT_HOST": VACANT, "CONTRACT_CONTRACT": "nowhere.yaml"}, "nowhere.yaml"),
        ({"CONTRACT_HOST": VACANT, "CONTRACT_SETTLE_TIMEOUT": "soon"}, "CONTRACT_SETTLE_TIMEOUT"),
    ],
)
def test_a_mistake_is_one_line(environment: dict[str, str], sentence: str) -> None:
    """A mistake in the environment ends the run with 2, before anything is sent, and one line says what to do."""
    ended = _st("http://127.0.0.1:9", **environment)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert "Traceback" not in ended.stdout


@pytest.mark.parametrize(
    "environment, sentence",
    [
        ({"CONTRACT_HOST": "Guardis Test/Test Environment/no-such-host"}, "there is no host"),
        ({"CONTRACT_HOST": VACANT, "CONTRACT_ALLOW": "power"}, "say CONTRACT_ALLOW=full"),
    ],
)
def test_a_host_that_may_not_be_used_ends_the_run(
    environment: dict[str, str], sentence: str, serve: Callable[..., str]
) -> None:
    """A host that is not there, or that nothing may be made on, ends the run before the engine draws anything."""
    seen = Seen()
    ended = _st(serve(around=seen.around), **environment)
    assert ended.returncode == 2
    assert sentence in " ".join(ended.stdout.split())
    assert len(seen.paths) <= 3


def test_the_reasons_for_what_is_off_are_written_down() -> None:
    """Every check of the engine that the hooks turn off is one that it has."""
    text = (Path(ROOT) / "contract_tests" / "hooks.py").read_text()
    ended = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", "--help"], capture_output=True, text=True, check=True
    )
    names = text[text.index("SUPERSEDED = (") : text.index('"""Checks of schemathesis')].split('"')[1::2]
    assert len(names) >= 7
    assert all(name in ended.stdout for name in names)
