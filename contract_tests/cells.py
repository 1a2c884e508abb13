"""Which requirements a cell of the lifecycle shows, found in the contract given by what they apply to."""

from __future__ import annotations

from collections.abc import Iterator

from contract import Contract, Operation, Requirement
from contract_tests.document_rules import DOCUMENTED, SUCCESS

NO_INSTANCE = "errors.no-instance"
UNCHANGED = "refused.illegal-trigger"
OFFERED = "operations.offered"
PATH = "lifecycle.path"


def leads(contract: Contract, operation: Operation) -> tuple[str, ...]:
    """The requirements about where a legal trigger leads; that of paths when the contract has none for it."""
    return tuple(_of_cell(contract, operation, "legal")) or (PATH,)


def refused(contract: Contract, operation: Operation, state: str) -> tuple[str, ...]:
    """The requirements about the refusal of a trigger in a state."""
    found = list(_of_cell(contract, operation, "refused"))
    if state == contract.lifecycle.absent:
        found = [requirement for requirement in found if 404 in contract.requirements[requirement].scope.statuses]
        rule = contract.requirements.get(NO_INSTANCE)
        if rule is not None and operation.id in rule.scope.operations:
            # an alias that is wrong here is so because there is no instance, not because it is an alias
            found = [NO_INSTANCE] if operation.alias_of else [*found, NO_INSTANCE]
    return tuple(found) or (UNCHANGED,)


def pending(contract: Contract, operation: Operation, *, legal: bool) -> tuple[str, ...]:
    """The requirements about a trigger that comes while an action is on its way."""
    rules = [
        requirement.id
        for requirement in _about(contract, operation, "pending")
        if not requirement.scope.operations and requirement.id.endswith("accepts" if legal else "refuses")
    ]
    return tuple(rules)


def success(operation: Operation) -> tuple[str, ...]:
    """The requirement about the code and the content of an accepted operation."""
    return (SUCCESS.get(operation.id, DOCUMENTED),)


def not_offered(contract: Contract, operation: Operation) -> tuple[str, ...]:
    """The requirement that an operation is there at all."""
    rule = contract.requirements.get(OFFERED)
    return (OFFERED,) if rule is not None and operation.id in rule.scope.operations else success(operation)


def all_of(contract: Contract) -> Iterator[str]:
    """Every requirement that some cell of the contract shows."""
    for operation in contract.operations.values():
        if operation.trigger is None:
            continue
        yield from leads(contract, operation)
        yield from success(operation)
        yield from not_offered(contract, operation)
        for state in contract.lifecycle.states:
            if contract.lifecycle.edge(state, operation.trigger) is None:
                yield from refused(contract, operation, state)
        for legal in (True, False):
            yield from pending(contract, operation, legal=legal)


def _of_cell(contract: Contract, operation: Operation, cells: str) -> Iterator[str]:
    if operation.alias_of is not None:
        for requirement in contract.requirements.values():
            if requirement.scope.operations == {operation.id}:
                yield requirement.id
        return
    for requirement in _about(contract, operation, cells):
        if requirement.area == "lifecycle" and requirement.scope.triggers == {operation.trigger}:
            yield requirement.id


def _about(contract: Contract, operation: Operation, cells: str) -> Iterator[Requirement]:
    for requirement in contract.requirements.values():
        if requirement.scope.cells == cells and operation.trigger in requirement.scope.triggers:
            yield requirement
