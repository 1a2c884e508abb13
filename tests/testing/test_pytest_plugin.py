"""The fixture `hypervisor`, in runs of pytest as its users start them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOT
from tests.patience import PATIENCE

PLUGINS = ("-p", "emulator.pytest_plugin", "-p", "no:cacheprovider")
"""The plugin by its module: in a checkout that is not installed no entry point names it (tests/house/test_wheel.py)."""

ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def run(folder: Path, tests: str, *arguments: str, conftest: str = "") -> tuple[int, str]:
    """Run pytest on these tests, in a folder of their own; its exit code, and what it said."""
    (folder / "test_it.py").write_text(tests)
    (folder / "conftest.py").write_text(conftest)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGINS, "--strict-markers", "-W", "error", *arguments],
        cwd=folder,
        env={**os.environ, **ALONE, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_the_plugin_loads_nothing() -> None:
    """What every run of pytest pays for is two modules of ours, and none of anybody else."""
    code = (
        "import sys, pytest; before = set(sys.modules); import emulator.pytest_plugin; print(set(sys.modules) - before)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(eval(loaded)) == {"emulator", "emulator.pytest_plugin"}


FIRST = """
from urllib.request import Request, urlopen

def test_one(hypervisor):
    url = hypervisor.add("Acme/Prod/web1", state="RUNNING")
    urlopen(Request(url + "/_pause", method="PUT"))
    assert hypervisor.state("web1") == "PAUSED"

def test_another(hypervisor):
    hypervisor.add("Acme/Prod/web1", state="STOPPED")
    assert hypervisor.state("web1") == "STOPPED"
"""


def test_each_test_has_a_platform_of_its_own(tmp_path: Path) -> None:
    """Two tests of one process use the same names, and do not meet."""
    code, output = run(tmp_path, FIRST)
    assert (code, "2 passed" in output) == (0, True), output


SETTINGS = """
import pytest

@pytest.fixture
def hypervisor_settings():
    return {"seeds": "every-state", "timing": "polls:2"}

def test_those_of_the_module(hypervisor):
    assert hypervisor.state("paused") == "PAUSED"

@pytest.mark.hypervisor(seeds="small-company")
def test_those_of_the_marker_come_first(hypervisor, hypervisor_server):
    with pytest.raises(Exception, match="there is no host 'paused'"):
        hypervisor.state("paused")
    assert hypervisor.url.startswith(hypervisor_server.url)

@pytest.mark.hypervisor(timming="instant")
def test_a_typing_error(hypervisor):
    pass
"""


def test_settings_come_from_a_fixture_and_a_marker(tmp_path: Path) -> None:
    """For a module, and for one test; a setting that there is none of is told in one line."""
    code, output = run(tmp_path, SETTINGS)
    assert (code, "2 passed, 1 error" in output) == (1, True), output
    assert "there is no setting 'timming' of a world; there are seeds, timing, clock, random_seed, fleet" in output
    assert "Traceback" not in output


CONTRACT = """
from pathlib import Path
import pytest

@pytest.fixture(scope="session")
def hypervisor_contract():
    return Path("mine.yaml")
"""


def test_a_project_can_have_a_contract_of_its_own(tmp_path: Path) -> None:
    """The server of the session follows the document that a fixture names."""
    (tmp_path / "mine.yaml").write_text((ROOT / "openapi.yaml").read_text("utf-8").replace("/_pause", "/_halt"))
    code, output = run(tmp_path, FIRST.replace("/_pause", "/_halt"), conftest=CONTRACT)
    assert code == 0, output


BROKEN = """
from urllib.error import HTTPError
from urllib.request import urlopen

def test_before(hypervisor):
    pass

def test_that_breaks_the_emulator(hypervisor, monkeypatch):
    monkeypatch.setattr(hypervisor.emulated.store, "run", None)
    try:
        urlopen(hypervisor.url + "/organizations")
    except HTTPError as error:
        error.close()

def test_after(hypervisor):
    pass
"""


def test_an_error_in_the_server_fails_the_test_that_caused_it(tmp_path: Path) -> None:
    """Though the test itself was content: its teardown tells the server's traceback; other tests pass."""
    code, output = run(tmp_path, BROKEN)
    assert (code, "3 passed, 1 error" in output) == (1, True), output
    assert "ERROR at teardown of test_that_breaks_the_emulator" in output
    assert "a request broke the emulator: #1 GET /w/" in output
    assert "TypeError: 'NoneType' object is not callable" in output


EXAMPLES = """
from hypothesis import given, settings, strategies as st
from urllib.request import Request, urlopen

@settings(max_examples=20, database=None)
@given(st.lists(st.sampled_from(["_off", "_start"]), max_size=4))
def test_a_rule(hypervisor_server, actions):
    with hypervisor_server.world() as hypervisor:
        url = hypervisor.add("Acme/Prod/web1", state="RUNNING")
        assert hypervisor.state("web1") == "RUNNING"
        urlopen(Request(url + "/_off", method="PUT"))
        assert hypervisor.state("web1") == "STOPPED"
"""


def test_each_example_of_hypothesis_has_a_platform_of_its_own(tmp_path: Path) -> None:
    """What one example adds the next can add again, and Hypothesis has nothing to complain about."""
    code, output = run(tmp_path, EXAMPLES)
    assert (code, "1 passed" in output) == (0, True), output


WORKERS = 8
CROWD = """
import json, os, pytest
from pathlib import Path
from urllib.request import Request, urlopen

@pytest.mark.parametrize("number", range(48))
def test_one_of_many(hypervisor, number):
    url = hypervisor.add("Acme/Prod/web1", state="RUNNING", description=str(number))
    for _ in range(3):
        urlopen(Request(url + "/_pause", method="PUT"))
        urlopen(Request(url + "/_resume", method="PUT"))
    assert json.load(urlopen(url.removesuffix("/instance")))["description"] == str(number)
    assert hypervisor.state("web1") == "RUNNING"
    Path(f"seen-{number}.json").write_text(json.dumps([os.environ["PYTEST_XDIST_WORKER"], hypervisor.url]))
"""


def test_eight_workers_do_not_meet(tmp_path: Path) -> None:
    """Each worker of pytest-xdist has a server of its own, and each test a platform of its own on it."""
    code, output = run(tmp_path, CROWD, "-p", "xdist", "-n", str(WORKERS), "--dist", "load")
    assert (code, "48 passed" in output) == (0, True), output
    seen = [json.loads(path.read_text()) for path in tmp_path.glob("seen-*.json")]
    servers = {(worker, url.partition("/w/")[0]) for worker, url in seen}
    assert len({url for _, url in seen}) == 48
    assert len({worker for worker, _ in seen}) == len(servers) == WORKERS
