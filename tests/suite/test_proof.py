"""What `make prove` wrote down is about the servers that are there now."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

from contract import load_contract
from tests.faulty_servers import proving
from tests.lawful_servers.catalogue import VARIANTS
from tests.patience import PATIENCE
from tests.suite.judging import ROOT

AGAIN = "run `make prove`: the catalogue of servers has changed since docs/proof.md was made"


def _proof() -> dict[str, Any]:
    return dict(json.loads((ROOT / "contract_tests" / "proof.json").read_text("utf-8")))


def test_the_proof_is_about_the_servers_that_are_there() -> None:
    """proof.json has exactly the wrong and the lawful servers of the catalogue, with what is claimed of them now."""
    proof = _proof()
    assert set(proof["faulty"]) == set(proving.FAULTY), AGAIN
    assert set(proof["lawful"]) == set(VARIANTS), AGAIN
    assert proof["catalogueSha256"] == proving.digest(), AGAIN


def test_the_page_is_about_the_servers_that_are_there() -> None:
    """docs/proof.md has a row for each server of the catalogue, and one for each requirement."""
    rows = re.findall(r"^\| (\S+) \|", (ROOT / "docs" / "proof.md").read_text("utf-8"), re.MULTILINE)
    requirements = [f"`{name}`" for name in load_contract().requirements]
    expected = [*requirements, *proving.FAULTY, *VARIANTS, *proving.SURVIVORS]
    assert sorted(set(rows) - {"server", "servers", "requirement", "---"}) == sorted(set(expected)), AGAIN


def test_nothing_survives_without_a_reason() -> None:
    """Every wrong server was caught, or is a survivor with a reason, and no lawful one was blamed."""
    proof = _proof()
    alive = {name for name, row in proof["faulty"].items() if not row["killed"]}
    assert alive == set(proof["survivors"]) == set(proving.SURVIVORS)
    assert set(proof["lawful"].values()) == {"green"}


def test_every_requirement_is_proven() -> None:
    """Each requirement of the contract was seen to be broken by some server."""
    caught = {name for row in _proof()["faulty"].values() if row["killed"] for name in row["caught"]}
    assert caught == set(load_contract().requirements)


def test_some_servers_can_be_tried_alone() -> None:
    """prove.py tries the servers that are named, says what came of them, and writes nothing down.

    With --own a wrong server is judged by fewer tests.
    """
    before = (ROOT / "docs" / "proof.md").read_bytes()
    wrong, said = _proven("pause-is-missing")
    assert "1 of 1 wrong servers caught, 0 of 0 lawful ones green" in said
    alone, said = _proven("--own", "pause-is-missing", "never-shows-pending")
    assert "1 of 1 wrong servers caught, 1 of 1 lawful ones green" in said
    assert 0 < alone < wrong
    assert (ROOT / "docs" / "proof.md").read_bytes() == before


def _proven(*arguments: str) -> tuple[int, str]:
    """By how many tests prove.py has judged pause-is-missing, and what it said."""
    command = [sys.executable, "scripts/prove.py", "--workers", "1", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    found = re.search(r"pause-is-missing +(\d+) tests", done.stdout)
    return int(found[1]) if found else 0, done.stdout
