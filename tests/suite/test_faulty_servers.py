"""Servers that are wrong in one way: each is caught, and by the requirement that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contract import load_contract
from tests.faulty_servers.catalogue import FAULTS
from tests.faulty_servers.middle import Changed
from tests.suite.judging import QUICK, judge

DRAWN = {"http.unknown-query", "operations.action-body", "errors.refused-by-schema", "properties.values-kept"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_server_is_caught(name: str, serve: Callable[..., str], folder: Path) -> None:
    """A server that is wrong in one way fails the requirements that it breaks and no others: exit code 1."""
    fault = FAULTS[name]
    url = serve(around=lambda application: Changed(application, fault.make()))
    # what only drawn requests show needs a whole run; for all others half of it will do
    drawn = fault.requirements & DRAWN
    verdict = judge(url, folder, only=() if drawn else QUICK)
    assert verdict.failed("MUST") == fault.requirements, verdict.text
    assert not [check["id"] for check in verdict.record["checks"] if check["verdict"] == "error"], verdict.text
    assert verdict.code == 1, verdict.text


def test_every_fault_names_requirements_that_are_there() -> None:
    """The catalogue names requirements of the contract only."""
    known = set(load_contract().requirements)
    assert {name for fault in FAULTS.values() for name in fault.requirements} <= known
