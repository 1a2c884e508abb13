"""What proves the checks: the faulty servers that they caught, as `make prove` found it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PATH = Path(__file__).parents[1] / "proof.json"
"""Made by `make prove` and carried by the wheel; a copy of the project in which it was never made has none."""


def read_proof() -> dict[str, Any] | None:
    """All of it; None where it was never made."""
    return dict(json.loads(PATH.read_text("utf-8"))) if PATH.exists() else None


def proofs() -> dict[str, list[str]]:
    """For each requirement the faulty servers that were caught at it."""
    proof = read_proof()
    if proof is None:
        return {}
    proven: dict[str, list[str]] = {}
    for name, row in proof["faulty"].items():
        for requirement in row["caught"]:
            proven.setdefault(requirement, []).append(name)
    return proven
