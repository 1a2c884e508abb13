"""The cells of the lifecycle, and which requirements each of them shows, found by what it applies to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from contract import Contract, Operation, Requirement
from contract_tests.judging.document_rules import DOCUMENTED, SUCCESS
from contract_tests.moving.tour import FORGET, Map, Move, Node
from contract_tests.running.registry import Cell
from contract_tests.running.target import Level, level_of

NO_INSTANCE = "errors.no-instance"
UNCHANGED = "refused.illegal-trigger"
OFFERED = "operations.offered"
PATH = "lifecycle.path"
PENDING_DELETE, LETS_SETTLE = "lifecycle.pending-delete", "lifecycle.forget-lets-settle"


def leads(contract: Contract, operation: Operation) -> tuple[str, ...]:
    """The requirements about where a legal trigger leads; that of paths when the contract has none for it."""
    return tuple(_of_cell(contract, operation, "legal")) or (PATH,)


def leads_from_way(contract: Contract, operation: Operation) -> tuple[str, ...]:
    """The requirements about where a trigger leads that comes while an action is on its way."""
    edges = [contract.lifecycle.edge(state, str(operation.trigger)) for state in contract.lifecycle.transient]
    if not any(edge is not None and edge.to == (contract.lifecycle.absent,) for edge in edges):
        return leads(contract, operation)
    return (LETS_SETTLE,) if operation.feature == FORGET else (PENDING_DELETE,)


def accepts(contract: Contract, operation: Operation) -> tuple[str, ...]:
    """The requirements that there is no other refusal, of a trigger that is legal wherever there is an instance."""
    lifecycle = contract.lifecycle
    everywhere = set(lifecycle.states) - {lifecycle.absent} <= set(lifecycle.legal_from(str(operation.trigger)))
    return tuple(_of_cell(contract, operation, "refused")) if everywhere else ()


def makes(contract: Contract, move: Move) -> tuple[str, ...]:
    """The requirement that an accepted trigger leaves an instance where there was none."""
    rule = "operations.import-makes-instance" if len(move.edge.to) > 1 else "operations.provision-makes-instance"
    return (rule,) if rule in contract.requirements else leads(contract, move.operation)


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


def settled_states(contract: Contract) -> list[str]:
    """The states in which an instance can rest, that without an instance too, as far as a legal way leads to them."""
    plan = Map(contract)
    start = Node(contract.lifecycle.absent)
    return [name for name in contract.lifecycle.states if plan.route(start, Node(name)) is not None]


def cell_at(
    contract: Contract,
    start: Node,
    operation: Operation | None = None,
    *,
    target: str | None = None,
    launch: Operation | None = None,
    last: bool = False,
) -> Cell:
    """A cell with the features that it needs, those on the way to it included, and the level."""
    lifecycle = contract.lifecycle
    way = Map(contract).route(Node(lifecycle.absent), start) or ()
    needed = [move.operation for move in way] + [one for one in (operation, launch) if one]
    stable = lifecycle.states[start.state].kind == "stable" and not start.forgotten
    own = level_of(operation, contract) if operation else Level.OBSERVE
    state = start.state
    if launch is not None:
        edge = lifecycle.edge(start.state, str(launch.trigger))
        state = str(edge.via) if edge else state
        own = max(own, level_of(launch, contract))
    return Cell(
        state=state,
        start=start,
        operation=operation,
        target=target,
        launch=launch,
        features=tuple(dict.fromkeys(one.feature for one in needed if one.feature)),
        # a host may be in a stable state already; into any other the suite has to bring it
        level=max(own, Level.POWER if stable else Level.FULL),
        last=last,
    )


def with_features(cell: Cell, features: Iterable[str]) -> Cell:
    """The cell on a server that needs further features for it."""
    return replace(cell, features=tuple(dict.fromkeys((*cell.features, *features))))


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
