"""Runs the product's tests with the lowest versions of its libraries that pyproject.toml allows.

So the lower bounds are facts: who has the oldest library that we call good enough has what we tested.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRA = "contract-tests"
TEST_TOOLS = ["openapi-spec-validator", "pytest-xdist"]
# tests/house is about the tree and the lock, not about the product. Old libraries may warn of what they are.
PYTEST = ["-m", "pytest", "--quiet", "--numprocesses", "2", "--ignore", "tests/house", "-W", "default"]


def lowest_versions() -> list[str]:
    """The requirements of the base install and of the extra, each `>=` made `==`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    requirements = [*project["dependencies"], *project["optional-dependencies"][EXTRA]]
    return [re.sub(">=", "==", requirement) for requirement in requirements]


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
