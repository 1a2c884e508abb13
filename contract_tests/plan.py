"""The plan of a run: every check there is, in the order in which they run. Importing a module registers its checks."""

from __future__ import annotations

from contract import Contract, load_contract
from contract_tests import auth_checks, bodies, chosen_bodies, http_checks, methods, noise, two_hosts, walk
from contract_tests.document_rules import ALWAYS
from contract_tests.registry import Check, plan

MODULES = (auth_checks, walk, chosen_bodies, bodies, http_checks, methods, noise, two_hosts)
"""The modules with checks, in the order in which they run."""


def plan_for(contract: Contract) -> tuple[Check, ...]:
    """The checks for a contract. UnknownRequirementError when the suite names a requirement that is nowhere."""
    return plan(contract, load_contract(), [module.__name__ for module in MODULES])


def checks_of(contract: Contract) -> dict[str, list[str]]:
    """Each requirement with the ids of the checks that judge it; `*` stands for every answer of every check."""
    judged: dict[str, list[str]] = {requirement: [] for requirement in contract.requirements}
    for check in plan_for(contract):
        for requirement in check.requirements:
            judged[requirement].append(check.id)
    for requirement in ALWAYS:
        if requirement in judged and "*" not in judged[requirement]:
            judged[requirement].append("*")
    return judged
