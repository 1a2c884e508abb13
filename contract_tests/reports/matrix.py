"""The pictures of the lifecycle: a cell for each state and operation, with what came of it there.

Which operations and states there are is told by the record alone: the tests have a place each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract_tests.reports.rows import Row


@dataclass(slots=True)
class Matrix:
    """A picture. `cells` maps operation and state to the tests that were made there, `checks` names their checks."""

    states: Sequence[str]
    operations: Sequence[str] = ()
    checks: list[str] = field(default_factory=list)
    cells: dict[tuple[str, str], list[Row]] = field(default_factory=dict)


def matrices(record: Mapping[str, Any], rows: Sequence[Row]) -> list[Matrix]:
    """The pictures of a run. Checks without a cell in common share one, so legal and refused moves stand together."""
    states = [state["name"] for state in record["lifecycle"]["states"]]
    found: list[Matrix] = []
    for check, cells in _by_check(rows).items():
        matrix = next((one for one in found if one.cells.keys().isdisjoint(cells)), None)
        if matrix is None:
            matrix = Matrix(states)
            found.append(matrix)
        matrix.checks.append(check)
        matrix.cells.update(cells)
    for matrix in found:
        matrix.operations = _operations(record["lifecycle"]["triggers"], matrix)
    return found


def _by_check(rows: Sequence[Row]) -> dict[str, dict[tuple[str, str], list[Row]]]:
    found: dict[str, dict[tuple[str, str], list[Row]]] = {}
    for row in rows:
        place = row["place"] or {}
        if place.get("operation") and place.get("state"):
            cells = found.setdefault(row["check"], {})
            cells.setdefault((place["operation"], place["state"]), []).append(row)
    return found


def _operations(triggers: Sequence[str], matrix: Matrix) -> list[str]:
    """The operations that have a cell: the triggers as the lifecycle orders them, then the others."""
    there = dict.fromkeys(operation for operation, _ in matrix.cells)
    return [*(name for name in triggers if name in there), *(name for name in there if name not in triggers)]
