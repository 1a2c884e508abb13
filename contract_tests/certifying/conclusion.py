"""What a record says of a server as a whole: conformant, not conformant, or incomplete, which never reads as a pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from contract import Contract
from contract_tests.running.outcomes import Verdict
from contract_tests.running.plan import plan_for
from contract_tests.running.selection import EVERYTHING, select
from contract_tests.running.target import Level

FINE = (Verdict.PASSED, Verdict.NOT_APPLICABLE)
MUST = "MUST"


class Conclusion(StrEnum):
    """The three that there are."""

    CONFORMANT = "conformant"
    NON_CONFORMANT = "non-conformant"
    INCOMPLETE = "incomplete"


def conclusion(record: Mapping[str, Any], contract: Contract) -> Conclusion:
    """Of a record that fits its schema, by its contract."""
    if any(row["verdict"] == Verdict.FAILED for row in musts(record)):
        return Conclusion.NON_CONFORMANT
    return Conclusion.INCOMPLETE if next(gaps(record, contract), None) else Conclusion.CONFORMANT


def musts(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of the requirements that must hold."""
    return [row for row in record["requirements"].values() if row["level"] == MUST]


def gaps(record: Mapping[str, Any], contract: Contract) -> Iterator[str]:
    """What a record lacks to say that a server conforms, each in a sentence; a MUST that failed is none."""
    yield from _of_the_run(record)
    if record["contract"]["sha256"] != contract.digest:
        yield "another contract was judged by"
    whole = _whole(contract)
    if record["plan"]["tests"] != whole or [row["id"] for row in record["results"]] != whole:
        yield "the plan is not the whole plan of this contract"
    for name, requirement in contract.requirements.items():
        if requirement.level == MUST:
            row = record["requirements"].get(name, {"verdict": Verdict.NOT_RUN, "reason": "it is missing"})
            if row["verdict"] not in (*FINE, Verdict.FAILED):
                yield f"{name} is {row['verdict']}: {row['reason']}"


_PLANS: dict[str, list[str]] = {}


def _whole(contract: Contract) -> list[str]:
    """The ids of the whole plan; made once for each contract, for a plan takes a while."""
    if contract.digest not in _PLANS:
        _PLANS[contract.digest] = [check.id for check in select(plan_for(contract), EVERYTHING, contract).tests]
    return _PLANS[contract.digest]


def _of_the_run(record: Mapping[str, Any]) -> Iterator[str]:
    run, target = record["run"], record["target"]
    if run["endedAt"] is None or run["interrupted"] or record["summary"] is None:
        yield "the run was not finished"
    if target["level"] != str(Level.FULL) or target["profile"] != EVERYTHING.profile:
        yield f"only the level {target['level']} and the profile {target['profile']} were asked for"
    yield from (f"the run had --{what}" for what in ("only", "skip", "baseline") if run[what])
    if record["resources"]["left"]:
        yield "instances were left behind"
