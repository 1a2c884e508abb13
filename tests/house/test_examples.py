"""The examples work as they stand, with the command that their page shows, where nothing but them lies about."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.house.documents import with_commands
from tests.house.tree import ROOT
from tests.patience import PATIENCE

FOLDER = ROOT / "examples"
ROW = re.compile(r"^\|.*\| \[[^]]+\]\(([^)]+)\) \| (.+) \|$", re.MULTILINE)
HELPERS = {"README.md", "power_tool.py", "slow-shutdown.yaml", "busy.yaml"}
JOB = "github-actions.yaml"
NODE = "javascript/power.test.mjs"


def _commands() -> dict[str, str]:
    """What the page says of each file: the shell commands that run it."""
    page = (FOLDER / "README.md").read_text("utf-8")
    return {name: " && ".join(re.findall(r"`([^`]+)`", how)) for name, how in ROW.findall(page)}


COMMANDS = _commands()


def _run(script: str, folder: Path) -> str:
    """Run a script in a copy of the examples; what it printed."""
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    shutil.copy(ROOT / "openapi.yaml", folder)
    # the plugin by its name, which an installed project gives by itself: once, whether or not this one is
    plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "emulator.pytest_plugin"}
    ended = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env={**with_commands(), **plugins, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_every_example_is_run() -> None:
    """The page has a row for each file, and there are ten at least."""
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert {name for name in there - HELPERS if "__pycache__" not in name} == COMMANDS.keys()
    assert len(COMMANDS) >= 10


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in (JOB, NODE)])
def test_an_example_works(name: str, tmp_path: Path) -> None:
    """Its command ends well; where it is one of pytest, tests were run."""
    printed = _run(COMMANDS[name].replace("python ", f"{sys.executable} "), tmp_path)
    assert ("pytest" in COMMANDS[name]) == (" passed in " in printed)


@pytest.mark.skipif(
    shutil.which("node") is None and os.environ.get("CI") != "true", reason="there is no node here; CI has it"
)
def test_the_example_for_javascript_works(tmp_path: Path) -> None:
    """Node's own test runner, and no package."""
    printed = _run(f"cd javascript && {COMMANDS[NODE]}", tmp_path)
    assert re.search(r"pass 2\n", printed), printed


def test_the_job_for_github_works(tmp_path: Path) -> None:
    """All of its commands but the installation, in their order."""
    job = yaml.safe_load((FOLDER / JOB).read_text("utf-8"))["jobs"]["tests"]
    install, *commands = [step["run"] for step in job["steps"] if "run" in step]
    assert install == "python -m pip install hypervisor-emulator pytest"
    assert _run("\n".join(commands), tmp_path).count(" passed in ") == len(commands)
