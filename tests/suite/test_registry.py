"""Checks and requirements: what is tied to what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract import load_contract
from contract_tests.running import plan, registry
from contract_tests.running.registry import UnknownRequirementError
from contract_tests.running.target import Level

CONTRACT = load_contract()


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks that are registered in the test are gone after it."""
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    monkeypatch.setattr(plan, "MODULES", (*plan.MODULES, __import__("sys").modules[__name__]))


@pytest.mark.usefixtures("registered")
def test_an_unknown_requirement_is_refused_at_start() -> None:
    """A check that judges a requirement which is in no contract keeps the suite from starting."""
    registry.check("wrong", "a wrong check", level=Level.OBSERVE, requirements=("no.such-rule",))(lambda _: None)
    with pytest.raises(UnknownRequirementError, match=r"check wrong judges no\.such-rule"):
        plan.plan_for(CONTRACT)


@pytest.mark.usefixtures("registered")
def test_two_checks_of_one_name_are_refused() -> None:
    """A second check of a name is refused where it is written."""
    with pytest.raises(ValueError, match="credentials"):
        registry.check("credentials", "another check", level=Level.OBSERVE)(lambda _: None)


def test_a_requirement_that_a_contract_drops_is_not_judged() -> None:
    """A contract without a requirement has its checks without it."""
    left = {name: rule for name, rule in CONTRACT.requirements.items() if name != "lifecycle.path"}
    checks = {check.id: check for check in plan.plan_for(replace(CONTRACT, requirements=left))}
    assert not [name for name, check in checks.items() if "lifecycle.path" in check.requirements]
    assert "lifecycle.pause-leads" in checks["legal[pauseInstance,RUNNING]"].requirements


def test_no_check_has_the_name_of_a_feature() -> None:
    """`--only lock` is about the feature: a check of that name would be chosen with all that judges it."""
    assert {check.name for check in plan.plan_for(CONTRACT)}.isdisjoint(CONTRACT.features)
