"""What a start costs: the modules that `serve` loads, and no word beyond what it has to say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulator.conftest import DOCUMENTED, ROOT, VACANT
from tests.emulator.processes import Process, environment

DRIVER = """
import json, sys
before = set(sys.modules)
from emulator.__main__ import main
code = main(["serve", "--port", "0", *sys.argv[2:]])
with open(sys.argv[1], "w") as file:
    json.dump(sorted({name.partition(".")[0] for name in set(sys.modules) - before}), file)
sys.exit(code)
"""
NOT_NEEDED = [
    # the suite, and what it is made of
    "contract_tests",
    "hypothesis",
    "pytest",
    "requests",
    "rich",
    "schemathesis",
    # other ways to judge a document or a value
    "fastjsonschema",
    "jsonschema",
    "openapi_core",
    "openapi_spec_validator",
    # what only some commands or settings need
    "faker",
    "sqlalchemy",
    "statistics",
]
NEEDED = ["contract", "emulator", "flask", "jsonschema_rs", "orjson", "transitions", "waitress", "yaml"]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The modules that a `serve` has loaded once it has answered requests, and what it printed."""
    listing: Path = tmp_path_factory.mktemp("startup") / "modules.json"
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(listing), "--log-format", "none"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as popen:
        process = Process(popen)
        for method, path in (("GET", DOCUMENTED), ("POST", VACANT), ("GET", "/organizations"), ("GET", "/nowhere")):
            process.ask(method, path)
        code, out, err = process.stop()
    assert code == 0
    return {"modules": json.loads(listing.read_text()), "out": out.splitlines(), "err": err.splitlines()}


@pytest.mark.parametrize("module", NOT_NEEDED)
def test_a_start_does_not_load_what_it_does_not_need(loaded: dict[str, list[str]], module: str) -> None:
    """Neither the suite nor anything that is slow to import is loaded by `serve`."""
    assert module not in loaded["modules"]


def test_the_list_of_modules_is_no_empty_one(loaded: dict[str, list[str]]) -> None:
    """What the emulator is made of is in the list, so the list can be trusted."""
    assert set(NEEDED) <= set(loaded["modules"])


def test_a_start_says_two_lines(loaded: dict[str, list[str]]) -> None:
    """After the ready line comes the curl to try, then nothing; and nothing on standard error."""
    assert len(loaded["out"]) == 1
    assert loaded["out"][0].startswith("Try: curl http://127.0.0.1:")
    assert loaded["err"] == []
