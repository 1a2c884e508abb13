"""Where the files are that come with the emulator."""

from __future__ import annotations

from pathlib import Path


def fixtures() -> Path:
    """The folder of what is built in: beside this package in a wheel, at the root of a checkout."""
    beside = Path(__file__).with_name("fixtures")
    return beside if beside.is_dir() else Path(__file__).parents[1] / "fixtures"
