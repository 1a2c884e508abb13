"""Entries of a journal, made for tests."""

from __future__ import annotations

from typing import Any

from contract import load_contract
from emulator.journal import Entry

CONTRACT = load_contract()
PLACE = ("Guardis Test", "Test Environment", "test-host-on-Hyp3")


def entry(operation: str | None = "getInstance", **members: Any) -> Entry:
    """An entry that says this, and the least of all else."""
    least = {"world": "default", "at": 0.0, "duration": 0.0, "username": "", "method": "GET", "path": "/"}
    return Entry(**{"contract": CONTRACT, "operation": operation, "names": PLACE, "status": 200, **least, **members})
