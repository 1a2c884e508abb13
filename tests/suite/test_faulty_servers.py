"""Servers that are wrong in one way: each is caught, and by the requirement that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contract import load_contract
from tests.faulty_servers.catalogue import FAULTS
from tests.faulty_servers.middle import Changed
from tests.suite.judging import judge


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_server_is_caught(name: str, serve: Callable[..., str], folder: Path) -> None:
    """A server that is wrong in one way fails the requirements that it breaks and no others: exit code 1."""
    fault = FAULTS[name]
    url = serve(around=lambda application: Changed(application, fault.make()))
    verdict = judge(url, folder)
    assert verdict.failed("MUST") == fault.requirements, verdict.text
    assert not [check["id"] for check in verdict.record["checks"] if check["verdict"] == "error"], verdict.text
    assert verdict.code == 1, verdict.text


def test_every_fault_names_requirements_that_are_there() -> None:
    """The catalogue names requirements of the contract only."""
    known = set(load_contract().requirements)
    assert {name for fault in FAULTS.values() for name in fault.requirements} <= known
