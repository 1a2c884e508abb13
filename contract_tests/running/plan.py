"""The plan of a run: every check there is, in the order in which they run. Importing a module registers its checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contract import Contract, load_contract
from contract_tests.checks import (
    auth_checks,
    bodies,
    chosen_bodies,
    connections,
    elsewhere,
    exact,
    forgetting,
    histories,
    http_checks,
    identity,
    isolation,
    legal,
    lock_on_way,
    locking,
    methods,
    name_checks,
    noise,
    order_checks,
    pending,
    races,
    refusals,
    robustness,
)
from contract_tests.judging.document_rules import ALWAYS
from contract_tests.moving.tour import Map, Node
from contract_tests.running.registry import Check, plan

MODULES = (
    auth_checks,
    legal,
    refusals,
    locking,
    pending,
    lock_on_way,
    identity,
    forgetting,
    races,
    chosen_bodies,
    exact,
    bodies,
    http_checks,
    elsewhere,
    name_checks,
    order_checks,
    methods,
    noise,
    isolation,
    histories,
    robustness,
    connections,
)
"""The modules with checks, in the order in which they run; those about cells run in the order of a tour."""


def plan_for(contract: Contract) -> tuple[Check, ...]:
    """The checks for a contract. UnknownRequirementError when the suite names a requirement that is nowhere."""
    checks = plan(contract, load_contract(), [module.__name__ for module in MODULES])
    before = [check for check in checks if check.cell is None]
    first = next((number for number, check in enumerate(checks) if check.cell), 0)
    return (*before[:first], *_itinerary(contract, [check for check in checks if check.cell]), *before[first:])


def _itinerary(contract: Contract, checks: Iterable[Check]) -> list[Check]:
    """Checks about cells, in the order of a tour: all that leaves a state as it is, then a move."""
    left = list(checks)
    ordered: list[Check] = []

    def take(chosen: Iterator[Check]) -> None:
        taken = list(chosen)
        ordered.extend(taken)
        left[:] = [check for check in left if check not in taken]

    for node, move in Map(contract).tour(Node(contract.lifecycle.absent)):
        take(check for check in left if check.cell and _stays(check, node))
        take(check for check in left if check.cell and _moves(check, node, move.key))
    return [*ordered, *left]


def _stays(check: Check, node: Node) -> bool:
    cell = check.cell
    return cell is not None and cell.start == node and cell.target is None and not cell.last


def _moves(check: Check, node: Node, key: tuple[str, str, str]) -> bool:
    cell = check.cell
    if cell is None or cell.last or cell.operation is None:
        return False
    return cell.start == node and (cell.state, cell.operation.id, cell.target) == key


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
