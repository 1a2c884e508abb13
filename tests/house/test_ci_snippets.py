"""The snippets for CI services are complete: their commands run as they stand, and leave the report they promise."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract_tests.commands.run import run
from tests.house.documents import free_port, with_commands
from tests.house.tree import ROOT
from tests.patience import PATIENCE

FOLDER = ROOT / "docs" / "ci"
INSTALL = 'python -m pip install "hypervisor-emulator[contract-tests]"'


def _github(snippet: Any) -> tuple[list[str], Mapping[str, str], list[str]]:
    """Commands, variables and kept paths of a workflow of GitHub Actions."""
    steps = snippet["jobs"]["contract"]["steps"]
    variables = {name: value for step in steps for name, value in step.get("env", {}).items()}
    kept = [step["with"]["path"] for step in steps if "upload-artifact" in step.get("uses", "")]
    return [step["run"] for step in steps if "run" in step], variables, kept


def _gitlab(snippet: Any) -> tuple[list[str], Mapping[str, str], list[str]]:
    """The same of a job of GitLab CI."""
    job = snippet["contract"]
    kept = [*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]]
    return [*job["before_script"], *job["script"]], job["variables"], kept


SNIPPETS = {"github-actions.yaml": _github, "gitlab-ci.yaml": _gitlab}


def test_every_snippet_is_tried() -> None:
    """There is no snippet but those that these tests know."""
    assert {path.name for path in FOLDER.iterdir()} == set(SNIPPETS)


@pytest.mark.parametrize("name", SNIPPETS)
def test_the_commands_of_a_snippet_run(name: str, tmp_path: Path) -> None:
    """All commands but the installation run in their order, in one shell, and the report is where it is kept from."""
    commands, variables, kept = SNIPPETS[name](yaml.safe_load((FOLDER / name).read_text("utf-8")))
    assert commands[0] == INSTALL
    script = "\n".join(["set -e", "trap 'kill $(jobs -p) 2>/dev/null' EXIT", *commands[1:]])
    script = script.replace("8795", str(free_port()))
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**with_commands(), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "verdict: every MUST" in ended.stdout
    assert [path for path in kept if not (tmp_path / path).exists()] == []
    assert (tmp_path / "contract-report" / "junit.xml").exists()


@pytest.mark.parametrize("name", SNIPPETS)
def test_the_variables_of_a_snippet_are_options(name: str) -> None:
    """Each variable belongs to an option of `contract-tests run`, also those that are only hinted at."""
    text = (FOLDER / name).read_text("utf-8")
    _, variables, _ = SNIPPETS[name](yaml.safe_load(text))
    known = {f"CONTRACT_{option.name.upper()}" for option in run.params if option.name}
    assert {*variables, *re.findall(r"CONTRACT_\w+", text)} <= known
