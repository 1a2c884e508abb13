"""Servers that are wrong in one way: each is caught, and by the requirement that it breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract import load_contract
from tests.faulty_servers.choosing import enough_for
from tests.faulty_servers.proving import FAULTY, Tried, is_killed
from tests.suite.judging import judge


def _a_few() -> list[str]:
    """The first server for each fifteenth requirement, which breaks no more than it must; `make prove` tries all."""
    chosen: dict[str, str] = {}
    for name, wrong in sorted(FAULTY.items(), key=lambda row: len(row[1].requirements)):
        for requirement in wrong.requirements:
            chosen.setdefault(requirement, name)
    return list(dict.fromkeys(chosen[name] for name in list(load_contract().requirements)[::15]))


@pytest.mark.parametrize("name", _a_few())
def test_a_faulty_server_is_caught(name: str, folder: Path) -> None:
    """A server that is wrong in one way fails the requirements that it breaks, and no others."""
    wrong = FAULTY[name]
    with wrong.start() as url:
        verdict = judge(url, folder, **{"only": enough_for(wrong.requirements), **wrong.options})
    failed = verdict.failed("MUST") | verdict.failed("SHOULD")
    assert failed == wrong.requirements, verdict.text
    assert is_killed(Tried(name, tuple(failed), verdict.code, "", 0.0, 1)), verdict.text


def test_every_fault_names_requirements_that_are_there() -> None:
    """The catalogue names requirements of the contract only, and says what is wrong."""
    known = set(load_contract().requirements)
    assert {name for wrong in FAULTY.values() for name in wrong.requirements} <= known
    assert all(wrong.says for wrong in FAULTY.values())


def test_every_requirement_has_a_fault() -> None:
    """Each requirement of the contract is broken by a server of the catalogue."""
    broken = {name for wrong in FAULTY.values() for name in wrong.requirements}
    assert set(load_contract().requirements) - broken == set()
