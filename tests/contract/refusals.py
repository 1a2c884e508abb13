"""What a test of a refusal does: break the document, load it, and look at the one line that says so."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from contract import ContractError, load_contract


class Broken(NamedTuple):
    """A change that breaks the document, and what must be said of it.

    `line` is a line of the changed document, or a part of one: the refusal names that line.
    """

    old: str
    new: str
    line: str
    place: str
    message: str


def refusal(path: Path) -> ContractError:
    """The error with which a contract is refused."""
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    return caught.value


def line_of(path: Path, text: str) -> int:
    """The line, from 1, that is a text, or else the one on which it stands."""
    lines = list(enumerate(path.read_text().splitlines(), 1))
    found = [number for number, line in lines if line == text] or [number for number, line in lines if text in line]
    assert len(found) == 1, f"{text!r} must stand on one line, not on {found}"
    return found[0]


def assert_refused(path: Path, broken: Broken) -> None:
    """One of the problems names file, line and place, and says what is wrong."""
    error = refusal(path)
    start = f"{path}:{line_of(path, broken.line)}: {broken.place}: "
    matching = [problem for problem in error.problems if problem.startswith(start)]
    assert matching, f"no problem starts with {start!r}: {error.problems}"
    assert broken.message in matching[0], matching[0]
    assert "\n" not in str(error)
