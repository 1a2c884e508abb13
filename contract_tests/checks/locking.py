"""The lock, in every state that has an instance: it is set, it refuses every trigger, it is taken off again."""

from __future__ import annotations

from collections.abc import Iterable

from contract import Contract, Lock, Operation
from contract_tests.judging import cells, compare
from contract_tests.moving.navigator import CannotReachError
from contract_tests.moving.tour import Node
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.outcomes import Finding
from contract_tests.running.registry import Cell, check_cells
from contract_tests.running.target import HostName
from contract_tests.sending.replies import Reply

SETS, REFUSES, AGAIN, SHOWS = "lock.sets", "lock.refuses-triggers", "lock.idempotent", "lock.answers-representation"
RESTORES, QUIET = "lock.unlock-restores", "lifecycle.quiet"


def _states(contract: Contract) -> list[str]:
    return [state for state in cells.settled_states(contract) if state != contract.lifecycle.absent]


def _lock_cells(contract: Contract) -> Iterable[tuple[Cell, Iterable[str]]]:
    lock = contract.lifecycle.lock
    if lock is not None:
        for state in _states(contract):
            cell = cells.cell_at(contract, Node(state), contract.operations[lock.lock], last=True)
            yield cell, (SETS, AGAIN, SHOWS, RESTORES)


def _locked_cells(contract: Contract) -> Iterable[tuple[Cell, Iterable[str]]]:
    lock = contract.lifecycle.lock
    if lock is not None:
        for state in _states(contract):
            for operation in contract.operations.values():
                if operation.trigger:
                    cell = cells.cell_at(contract, Node(state), operation)
                    yield cells.with_features(cell, (lock.feature,) if lock.feature else ()), (REFUSES,)


@check_cells("locked", "under lock:", cells=_locked_cells)
def locked(bench: Bench, cell: Cell) -> None:
    """A trigger, legal or not, on a locked instance: 409, and nothing changed. The lock is taken off again."""
    lock, host, operation = bench.navigator.lock, bench.host, cell.operation
    assert operation is not None  # noqa: S101 - _locked_cells makes none without
    if operation.id in bench.client.missing:
        bench.ledger.pass_over((REFUSES,), f"{operation.id} is not there")
        return
    bench.navigator.reach(host, cell.start)
    if lock is None or not bench.navigator.fire(bench.contract.operations[lock.lock], host).accepted:
        raise CannotReachError(f"the instance cannot be locked in {cell.state}")
    try:
        before = bench.navigator.look(host)
        if _stayed(bench, cell, before):
            _refused(bench, host, operation, before)
    finally:
        bench.navigator.unlocked(host, bench.navigator.look(host))


def _stayed(bench: Bench, cell: Cell, before: Snapshot) -> bool:
    """Whether it is still where it was brought: what changes by itself has nothing to do with the lock."""
    got = f"{cell.state} became {before.state}"
    what = f"nobody asks for a change in {cell.state}, locked"
    return bench.ledger.require(
        before.state == cell.state, (QUIET,), what, expected="the instance as it was", got=got, reply=before.reply
    )


def _refused(bench: Bench, host: HostName, operation: Operation, before: Snapshot) -> None:
    what = f"{operation.id} in {before.state}, locked"
    reply = bench.navigator.fire(operation, host)
    if reply.status >= 500:
        return  # charged already, as in every answer
    if reply.status in (404, 405):
        bench.client.missing.add(operation.id)
        rules = cells.not_offered(bench.contract, operation)
        bench.ledger.breach(Finding(rules, what, "409: it is locked", str(reply), reply.number, reply.curl))
        return
    holds = bench.ledger.require(
        reply.status == 409, (REFUSES,), what, expected="409: it is locked", got=reply, reply=reply
    )
    if holds and before.state == _example(bench, operation):
        reply = _written_otherwise(bench, host, operation, before)
    after = bench.navigator.rest(host) if reply.accepted else bench.navigator.look(host)
    difference = compare.changed(bench.shown, before, after)
    expected = "the instance as it was"
    bench.ledger.require(difference is None, (REFUSES,), what, expected=expected, got=difference, reply=reply)
    bench.ledger.figures["locked"] += 1


def _example(bench: Bench, operation: Operation) -> str | None:
    """Where a trigger is tried with its path written otherwise: nothing but the lock is in its way there."""
    lifecycle = bench.contract.lifecycle
    legal = [state for state in lifecycle.legal_from(str(operation.trigger)) if state != lifecycle.absent]
    return next((state for state in legal if lifecycle.states[state].guest_runs), legal[0] if legal else None)


def _written_otherwise(bench: Bench, host: HostName, operation: Operation, before: Snapshot) -> Reply:
    """The same path with a slash at its end, and a query that asks for force: what looks at the lock may overlook it.

    Another refusal than 409 is judged elsewhere (http.slash, http.unknown-query).
    """
    body = bench.navigator.mover.body_for(operation, host)
    reply = bench.client.call(operation, host, body=body, query={"force": "True"}, slash=True)
    bench.navigator.mover.note(operation, host, before, reply)
    what = f"{operation.id} in {before.state}, locked, with a slash at the end and force=True"
    expected = "409: it is locked"
    bench.ledger.require(not reply.accepted, (REFUSES,), what, expected=expected, got=reply, reply=reply)
    return reply


@check_cells("locking", "the lock:", cells=_lock_cells)
def lock(bench: Bench, cell: Cell) -> None:
    """Lock, lock again, unlock, unlock again; then a legal trigger is accepted as before."""
    lock, host = bench.navigator.lock, bench.host
    if lock is None:
        raise CannotReachError("this server has no lock")
    now = bench.navigator.reach(host, cell.start)
    if _set(bench, lock, host, now, locked=True):
        _again(bench, lock, host, locked=True)
    # unlocked whatever came of it: a server may lock and not show it
    if _set(bench, lock, host, bench.navigator.look(host), locked=False):
        _again(bench, lock, host, locked=False)
        _restored(bench, host, cell)
    bench.navigator.unlocked(host, bench.navigator.look(host))


def _set(bench: Bench, lock: Lock, host: HostName, before: Snapshot, *, locked: bool) -> bool:
    """Whether the lock reads as it should."""
    operation = bench.contract.operations[lock.lock if locked else lock.unlock]
    what = f"{operation.id} in {before.state}"
    reply = bench.navigator.fire(operation, host)
    after = bench.navigator.look(host)
    if reply.status >= 500:
        return False  # charged already, as in every answer
    shown = bench.shown.read(after.body, "locked")
    got = str(reply) if reply.status != 200 else f"200, and GET shows {shown!r}"
    expected = f"200, and then {lock.field} reads {str(locked).lower()}"
    holds = reply.status == 200 and shown is locked
    if reply.status != 200 or isinstance(shown, bool):  # one that is not shown is charged in every answer
        bench.ledger.require(holds, (SETS,), what, expected=expected, got=got, reply=reply)
    if reply.status == 200:
        _answered(bench, what, reply, after)
    return holds


def _answered(bench: Bench, what: str, reply: Reply, after: Snapshot) -> None:
    """The answer is the representation: it says what GET says right after it."""
    state = bench.shown.read(reply.body, "state")
    said = Snapshot(str(state), reply.body, reply)
    lists = [isinstance(bench.shown.read(look.body, "properties"), list) for look in (said, after)]
    if state is not None and not all(lists):
        return  # one that is none was charged already, as in every answer
    got = reply if state is None else compare.changed(bench.shown, said, after)
    expected = "the representation of the instance, as GET shows it then"
    bench.ledger.require(got is None, (SHOWS,), what, expected=expected, got=got, reply=reply)


def _again(bench: Bench, lock: Lock, host: HostName, *, locked: bool) -> None:
    operation = bench.contract.operations[lock.lock if locked else lock.unlock]
    before = bench.navigator.look(host)
    reply = bench.navigator.fire(operation, host)
    difference = compare.changed(bench.shown, before, bench.navigator.look(host))
    what = f"{operation.id} in {before.state}, which it is already"
    fine = reply.status == 200 and difference is None
    got = difference if reply.status == 200 else reply
    bench.ledger.require(fine, (AGAIN,), what, expected="200, and no change at all", got=got, reply=reply)


def _restored(bench: Bench, host: HostName, cell: Cell) -> None:
    """An unlocked instance takes what its state allows: one trigger, and one that keeps the instance if any does."""
    absent, navigator = bench.contract.lifecycle.absent, bench.navigator
    moves = [move for move in navigator.map.moves(cell.start) if move.key not in navigator.mover.broken]
    if not moves:
        return
    move = min(moves, key=lambda one: one.target == absent)
    reply = navigator.fire(move.operation, host)
    navigator.rest(host)
    if reply.status < 500:  # a 5xx was charged already, as in every answer
        expected = f"{move.operation.success}, as before the lock"
        bench.ledger.require(
            reply.accepted, (RESTORES,), f"{move}, unlocked", expected=expected, got=reply, reply=reply
        )
