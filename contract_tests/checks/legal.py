"""Every legal move: accepted, by a lawful path to where the table says, with the machine kept or made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contract import Contract
from contract_tests.checks import identity
from contract_tests.checks.pending import (
    CONSOLE_REFUSED,
    NEVER_SHOWN,
    PENDING_REFUSED,
    refuse_on_way,
    refused_on_way,
)
from contract_tests.judging import cells, compare
from contract_tests.moving.moves import KEEPS_MACHINE, Made
from contract_tests.moving.navigator import CannotReachError
from contract_tests.moving.tour import Map, Move, Node
from contract_tests.running.bench import Bench
from contract_tests.running.registry import Cell, check_cells
from contract_tests.sending.replies import LostReplyError

KEPT = "properties.kept"


def _cells(contract: Contract) -> Iterable[tuple[Cell, Iterable[str]]]:
    for start, move in Map(contract).all_moves(Node(contract.lifecycle.absent)).values():
        yield cells.cell_at(contract, start, move.operation, target=move.target), _judged(contract, start, move)


def _judged(contract: Contract, start: Node, move: Move) -> Iterator[str]:
    """What a move shows when it goes as it should."""
    operation, absent = move.operation, contract.lifecycle.absent
    yield from (cells.PATH, *cells.success(operation), *cells.not_offered(contract, operation))
    yield from cells.accepts(contract, operation)
    yield from (KEEPS_MACHINE,) if move.known else cells.leads(contract, operation)
    if absent not in (move.edge.state, move.target):
        yield KEPT
        if move.edge.via is not None:
            yield from PENDING_REFUSED
            if any(one.legal_in for one in refused_on_way(contract, move)):
                yield CONSOLE_REFUSED
    elif move.edge.state == absent and len(move.edge.to) > 1:
        yield from ("operations.import-makes-instance", "properties.values-kept")
    elif move.edge.state == absent:
        yield from (
            "operations.provision-makes-instance",
            "operations.provision-answers-representation",
            "identity.complete",
            "identity.address",
        )


@check_cells("legal", "where a legal trigger leads:", cells=_cells)
def legal(bench: Bench, cell: Cell) -> None:
    """Make the move, and judge what comes of it."""
    navigator, host = bench.navigator, bench.host
    navigator.reach(host, cell.start)
    move = next((one for one in navigator.map.moves(cell.start) if _is(one, cell)), None)
    if move is None:
        raise CannotReachError(f"{cell} cannot be tried on this server")
    try:
        made = navigator.make(host, move, lambda: refuse_on_way(bench, move))
    except LostReplyError as error:
        navigator.mover.broken.add(move.key)
        bench.ledger.doubt(cells.leads(bench.contract, move.operation), f"{move}: {error}")
        navigator.rest(host)
        return
    if made is not None:
        bench.ledger.figures["legal"] += 1
        _observed(bench, move, made)
        if move.known:
            bench.ledger.hold((KEEPS_MACHINE,))
        _judge_machine(bench, move, made)


def _is(move: Move, cell: Cell) -> bool:
    return cell.operation is not None and move.key == (cell.state, cell.operation.id, cell.target)


def _observed(bench: Bench, move: Move, made: Made) -> None:
    """Say so where nothing showed that an accepted trigger had an effect, or that it was ever on its way."""
    if move.edge.via is not None and not set(made.course.states) & set(bench.contract.lifecycle.transient):
        bench.ledger.pass_over(PENDING_REFUSED, NEVER_SHOWN)
        if move.target == move.edge.state:
            bench.ledger.notes.append(f"{move}: its effect was not observable, the instance never left {move.target}")


def _judge_machine(bench: Bench, move: Move, made: Made) -> None:
    absent = bench.contract.lifecycle.absent
    _judge_console(bench, move)
    if absent not in (move.edge.state, move.target):
        lost = compare.lost(bench.shown, made.before, made.course.last)
        expected = "every property as it was"
        bench.ledger.require(lost is None, (KEPT,), str(move), expected=expected, got=lost, reply=made.reply)
        if bench.contract.lifecycle.states[move.target].guest_runs and _was_made_here(bench, made):
            identity.address(bench)
    elif move.edge.state == absent and len(move.edge.to) > 1:
        identity.imported(bench, move, made)
    elif move.edge.state == absent:
        identity.provisioned(bench, move, made)


def _judge_console(bench: Bench, move: Move) -> None:
    """What only some states show is shown in them, whatever the way there."""
    reading = [
        one
        for one in bench.contract.operations.values()
        if one.method == "GET" and not one.trigger and move.target in (one.legal_in or ())
    ]
    for operation in bench.claimed(reading):
        reply = bench.client.probe("GET", bench.host.path(operation.path))
        if reply.status < 500:  # how it answers is judged where it is read for its own sake
            success = operation.success
            what = f"{operation.id} after {move.operation.id}"
            accepted, rules = reply.status == success, cells.success(operation)
            bench.ledger.require(accepted, rules, what, expected=str(success), got=reply, reply=reply)


def _was_made_here(bench: Bench, made: Made) -> bool:
    """Whether this run provisioned the machine: of one that was imported nobody knows whether it gets an address."""
    machine = bench.shown.machine(bench.shown.read(made.before.body, "properties"))
    looks = bench.navigator.mover.machines.get(bench.host, ())
    return any(bench.shown.machine(bench.shown.read(look.body, "properties")) == machine for look in looks)
