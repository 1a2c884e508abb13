"""Runs the product's tests with the lowest versions of its libraries that pyproject.toml allows.

So the lower bounds are facts: who has the oldest library that we call good enough has what we tested.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from tests.conftest import LONG

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("contract-tests", "certify", "granian", "load", "postgresql")
TEST_TOOLS = ["junit2html", "junitparser", "openapi-spec-validator", "pytest-xdist"]
# tests/house is about the tree and the lock, not about the product. Old libraries may warn of what they are.
# Whole runs by the dozen say little of libraries: the long modules are left out, but for one.
KEPT = "suite.test_command_line"
PYTEST = [
    "-m",
    "pytest",
    "--quiet",
    "--numprocesses",
    "2",
    "--dist",
    "loadscope",
    "-W",
    "default",
    "--ignore=tests/house",
    *(f"--ignore=tests/{name.replace('.', '/')}.py" for name in LONG if name != KEPT),
    "-m",
    "not whole_run and not slow",
]


def lowest_versions() -> list[str]:
    """The requirements of the base install and of the extras, each `>=` made `==`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [one for extra in EXTRAS for one in project["optional-dependencies"][extra]]
    return [one.replace(">=", "==") for one in (*project["dependencies"], *extras) if ">=" in one]


def main() -> int:
    """The exit code of pytest, in an environment of its own that goes away afterwards."""
    versions = lowest_versions()
    print("Testing with", ", ".join(versions), flush=True)
    with tempfile.TemporaryDirectory(prefix="lowest-") as folder:
        python = Path(folder, "bin", "python")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = ["-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check"]
        subprocess.run([python, *pip, *versions, *TEST_TOOLS], check=True)
        subprocess.run([python, *pip, "--no-deps", "--editable", ROOT], check=True)
        return subprocess.run([python, *PYTEST], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
