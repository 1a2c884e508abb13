"""The lock of an instance on its way: it is taken and holds, and what is on its way arrives all the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from contract import Contract, Operation
from contract_tests.checks.locking import REFUSES, SETS, SHOWS
from contract_tests.checks.pending import OnWay, while_on_way
from contract_tests.judging import cells
from contract_tests.moving.tour import FORGET, Map, Node
from contract_tests.running.bench import Bench
from contract_tests.running.registry import Cell, check_cells


def _cells(contract: Contract) -> Iterable[tuple[Cell, Iterable[str]]]:
    """One action that keeps the machine, for each state in which an instance can be on its way."""
    lock, absent = contract.lifecycle.lock, contract.lifecycle.absent
    if lock is None:
        return
    for state in contract.lifecycle.transient:
        for start, move in Map(contract).all_moves(Node(absent)).values():
            if move.edge.via == state and absent not in (start.state, move.target):
                operation, launch = contract.operations[lock.lock], move.operation
                cell = cells.cell_at(contract, start, operation, launch=launch, last=True)
                yield replace(cell, target=move.target), (SETS, SHOWS, REFUSES)
                break


@check_cells("lock-on-way", "the lock, on the way:", cells=_cells)
def lock_on_way(bench: Bench, cell: Cell) -> None:
    """Lock an instance on its way, try what only the lock refuses there, and see it arrive with the lock on."""
    operation = cell.operation
    assert operation is not None  # noqa: S101 - _cells makes none without
    while_on_way(bench, cell, (SETS, SHOWS, REFUSES), lambda seen: _lock(bench, operation, seen))


def _lock(bench: Bench, operation: Operation, seen: OnWay) -> None:
    host, navigator = bench.host, bench.navigator
    what = f"{operation.id} in {seen.look.state}, after {seen.launch.operation.id}"
    reply = navigator.fire(operation, host)
    if reply.status >= 500:
        return  # charged already, as in every answer
    success = operation.success
    if not bench.ledger.require(reply.status == success, (SETS,), what, expected=str(success), got=reply, reply=reply):
        navigator.rest(host)
        return
    is_shown = bench.shown.read(reply.body, "state") is not None
    expected = "the representation of the instance"
    bench.ledger.require(is_shown, (SHOWS,), what, expected=expected, got=reply, reply=reply)
    try:
        if all(_is_refused(bench, one, what) for one in _legal(bench, seen.look.state)):
            _arrives(bench, seen, what)
    finally:
        navigator.unlocked(host, navigator.look(host))


def _legal(bench: Bench, state: str) -> list[Operation]:
    """What the state would let through, so that only the lock is in its way; what deletes comes last."""
    lifecycle = bench.contract.lifecycle
    known = [one for one in bench.navigator.map.triggering if one.id not in bench.client.missing]
    legal = [(one, lifecycle.edge(state, str(one.trigger))) for one in known]
    ends = {one.id: lifecycle.absent in edge.to for one, edge in legal if edge}
    return sorted((one for one in known if one.id in ends), key=lambda one: (ends[one.id], one.feature != FORGET))


def _is_refused(bench: Bench, operation: Operation, what: str) -> bool:
    reply = bench.navigator.fire(operation, bench.host)
    if reply.status >= 500:
        return False  # charged already, as in every answer
    expected = "409: it is locked"
    after = f"{what}; then {operation.id}"
    return bench.ledger.require(reply.status == 409, (REFUSES,), after, expected=expected, got=reply, reply=reply)


def _arrives(bench: Bench, seen: OnWay, what: str) -> None:
    last = bench.navigator.rest(bench.host)
    locked = bench.shown.read(last.body, "locked")
    if last.body is None or isinstance(locked, bool):  # one that is not shown is charged in every answer
        expected = "locked until it is unlocked"
        got = f"{last.state}, and locked reads {locked}"
        bench.ledger.require(locked is True, (SETS,), what, expected=expected, got=got, reply=last.reply)
    expected = f"{seen.launch.target}: a lock keeps nothing from arriving"
    rules = cells.leads(bench.contract, seen.launch.operation)
    arrived = last.state == seen.launch.target
    bench.ledger.require(arrived, rules, what, expected=expected, got=last.state, reply=last.reply)
    bench.ledger.figures["locked"] += 1
