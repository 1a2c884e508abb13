"""The command that repeats one test of a run, as a person can paste it."""

from __future__ import annotations

import shlex
from pathlib import Path


def replay_line(folder: Path, test: str) -> str:
    """Repeats a test of the run that wrote its report into this folder."""
    return f"contract-tests replay {shlex.quote(str(folder))} {shlex.quote(test)}"
