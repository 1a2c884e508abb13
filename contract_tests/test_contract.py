"""The contract, a test for each check of the plan. For `pytest --pyargs contract_tests`; see contract_tests.plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract_tests.inside_pytest import Sitting
    from contract_tests.running.registry import Check


def test_contract(
    contract_sitting: Sitting, contract_check: Check, record_property: Callable[[str, object], None]
) -> None:
    """The server does what the contract asks for here."""
    contract_sitting.judge(contract_check, record_property)
