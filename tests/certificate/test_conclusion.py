"""What a record comes to as a whole: conformant only if nothing is missing, and never a pass when something is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract_tests.certifying.conclusion import Conclusion, conclusion, gaps
from contract_tests.certifying.statement import predicate
from contract_tests.running.outcomes import Verdict
from contract_tests.running.plan import plan_for
from contract_tests.running.selection import EVERYTHING, select
from tests.suite.records import CONTRACT, record, result

TESTS = [check.id for check in select(plan_for(CONTRACT), EVERYTHING, CONTRACT).tests]
LEVELS = {name: rule.level for name, rule in CONTRACT.requirements.items()}


def whole(verdicts: dict[str, str] | None = None) -> dict[str, Any]:
    """The record of a whole run, in which every requirement passed, but for those that are given another verdict."""
    made = record([result(name) for name in TESTS])
    made["plan"]["tests"] = TESTS
    for name, row in made["requirements"].items():
        row |= {"verdict": (verdicts or {}).get(name, "passed"), "reason": ""}
    return made


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(LEVELS)), st.sampled_from([str(one) for one in Verdict]), max_size=4))
def test_the_verdicts_decide(verdicts: dict[str, str]) -> None:
    """Conformant when each MUST passed or does not apply, not conformant when one failed, incomplete otherwise."""
    musts = [verdicts.get(name, "passed") for name, level in LEVELS.items() if level == "MUST"]
    made = whole(verdicts)
    expected = (
        Conclusion.NON_CONFORMANT
        if "failed" in musts
        else Conclusion.CONFORMANT
        if set(musts) <= {"passed", "not-applicable"}
        else Conclusion.INCOMPLETE
    )
    assert conclusion(made, CONTRACT) is expected
    stated = predicate(made, CONTRACT)
    warned = {name for name, verdict in verdicts.items() if verdict == "failed" and LEVELS[name] == "SHOULD"}
    assert (stated["result"] == "FAILED") is (expected is not Conclusion.CONFORMANT)
    assert (stated["result"] == "WARNED") is (expected is Conclusion.CONFORMANT and bool(warned))
    assert set(stated["warnedTests"]) == warned
    open_ = {name for name, verdict in verdicts.items() if verdict not in ("passed", "not-applicable")}
    assert set(stated["failedTests"]) == {name for name in open_ if LEVELS[name] == "MUST"}


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda made: made["run"].update(endedAt=None), "the run was not finished"),
        (lambda made: made["run"].update(interrupted=True), "the run was not finished"),
        (lambda made: made.update(summary=None), "the run was not finished"),
        (lambda made: made["run"].update(only=["legal"]), "the run had --only"),
        (lambda made: made["run"].update(skip=["race"]), "the run had --skip"),
        (lambda made: made["run"].update(baseline=[{}]), "the run had --baseline"),
        (lambda made: made["target"].update(level="power"), "only the level power"),
        (lambda made: made["target"].update(profile="client"), "the profile client"),
        (lambda made: made["contract"].update(sha256="0" * 64), "another contract was judged by"),
        (lambda made: made["results"].pop(), "not the whole plan"),
        (lambda made: made["results"].append(made["results"][0]), "not the whole plan"),
        (lambda made: made.update(results=made["results"][::-1]), "not the whole plan"),
        (lambda made: (made["plan"].update(tests=TESTS[1:]), made["results"].pop(0)), "not the whole plan"),
        (lambda made: made["requirements"].pop("lifecycle.path"), "lifecycle.path is not-run: it is missing"),
        (lambda made: made["resources"].update(left=["a machine"]), "instances were left behind"),
    ],
)
def test_what_is_missing_is_no_pass(spoil: Callable[[dict[str, Any]], object], words: str) -> None:
    """Whatever a run left out, it is incomplete, and says why."""
    made = copy.deepcopy(whole())
    assert conclusion(made, CONTRACT) is Conclusion.CONFORMANT
    spoil(made)
    assert conclusion(made, CONTRACT) is Conclusion.INCOMPLETE
    assert any(words in gap for gap in gaps(made, CONTRACT))
    assert predicate(made, CONTRACT)["result"] == "FAILED"
