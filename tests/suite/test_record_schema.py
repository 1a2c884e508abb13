"""record.schema.json: the published form of a record fits what is written, and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.faulty_servers.catalogue import FAULTS
from tests.suite.example_runs import failing, green
from tests.suite.judging import VACANT, judge
from tests.suite.records import record, result

SCHEMA = json.loads((Path(__file__).parents[2] / "contract_tests" / "record.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True)


def problems(kept: Any) -> list[str]:
    """What is wrong with a record."""
    return [f"{list(error.instance_path)}: {error.message}" for error in VALIDATOR.iter_errors(kept)]


def test_it_is_a_schema() -> None:
    """The file is a schema of JSON Schema 2020-12, and each of its parts says what it means."""
    jsonschema_rs.meta.validate(SCHEMA)
    assert [name for name, part in SCHEMA["properties"].items() if not _says_something(part)] == []


@pytest.mark.parametrize("run", [green, failing])
def test_records_fit(run: Callable[[], Any]) -> None:
    """A green record and one with about everything in it fit."""
    assert problems(run()[0]) == []


def test_the_record_of_a_real_run_fits(serve: Callable[..., str], folder: Path) -> None:
    """What a run writes about a server that keeps the contract fits."""
    verdict = judge(serve(), folder, hosts=(VACANT,), only=("legal", "credentials"))
    assert verdict.record["results"]
    assert problems(verdict.record) == []


def test_the_record_of_a_real_failure_fits(folder: Path) -> None:
    """What a run writes about a server that breaks it fits, findings and all."""
    with FAULTS["pause-is-accepted-in-STOPPED"].start() as url:
        verdict = judge(url, folder, only=("refused",))
    assert any(row["findings"] for row in verdict.record["results"])
    assert problems(verdict.record) == []


def test_the_record_of_a_run_without_a_verdict_fits(tmp_path: Path) -> None:
    """What is written when nothing answers at all fits."""
    verdict = judge("http://127.0.0.1:9", tmp_path)
    assert verdict.record["summary"]["exitCode"] == 3
    assert problems(verdict.record) == []


def test_a_record_that_goes_on_fits() -> None:
    """A record without an end, a summary and requirements fits: so it is written while a run goes on."""
    kept = record([result("reading")], requirements={}, summary=None)
    kept["run"]["endedAt"] = None
    kept["target"]["server"] = None
    assert problems(kept) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda kept: kept.update(recordVersion=1),
        lambda kept: kept.update(extra=1),
        lambda kept: kept.pop("plan"),
        lambda kept: kept["contract"].update(sha256="abc"),
        lambda kept: kept["target"].update(password="secret"),
        lambda kept: kept["target"].update(level="all"),
        lambda kept: kept["run"].update(startedAt="2026-02-30T10:00:00.000+00:00"),
        lambda kept: kept["run"].pop("seed"),
        lambda kept: kept["plan"]["tests"].append(kept["plan"]["tests"][0]),
        lambda kept: kept["results"][0].update(verdict="fine"),
        lambda kept: kept["results"][0].update(exchanges=[1]),
        lambda kept: kept["results"][0].update(place={"state": "RUNNING"}),
        lambda kept: kept["requirements"]["names.exact"].update(level="MAY"),
        lambda kept: kept["operations"].update(getInstance={"ok": 1}),
        lambda kept: kept["summary"].update(exitCode=5),
    ],
)
def test_what_is_no_record_does_not_fit(spoil: Callable[[dict[str, Any]], object]) -> None:
    """A record with a member too many or too few, or with a value of another kind, does not fit."""
    kept = copy.deepcopy(green()[0])
    spoil(kept)
    assert len(problems(kept)) == 1


def _says_something(part: dict[str, Any]) -> bool:
    return "description" in part
