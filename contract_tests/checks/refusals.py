"""All that is refused, or only read, in a settled state: nothing of it may change anything."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from contract import Contract, Operation
from contract_tests.judging import cells, compare
from contract_tests.moving.tour import Node
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.outcomes import Finding
from contract_tests.running.registry import Cell, check_cells
from contract_tests.sending.replies import LostReplyError, Reply

CONSOLE_REFUSED, READS_WELL, QUIET = "console.refused", "console.refusal-reads-well", "lifecycle.quiet"

MOMENT = 0.18
"""The share of the time to dwell that is spent in the states whose turn it is not."""


def _refused_cells(contract: Contract) -> Iterable[tuple[Cell, Iterable[str]]]:
    lifecycle = contract.lifecycle
    for state in cells.settled_states(contract):
        for operation in contract.operations.values():
            if operation.trigger and lifecycle.edge(state, operation.trigger) is None:
                rules = (*cells.refused(contract, operation, state), cells.UNCHANGED)
                yield cells.cell_at(contract, Node(state), operation), rules


@check_cells("refused", "what the lifecycle does not allow:", cells=_refused_cells)
def refused(bench: Bench, cell: Cell) -> None:
    """The trigger is refused, and nothing changed; a quiet window after shows that nothing changes later either."""
    host, operation = bench.host, cell.operation
    assert operation is not None  # noqa: S101 - _refused_cells makes none without
    before = bench.navigator.reach(host, cell.start)
    try:
        reply = bench.navigator.fire(operation, host)
        refusal_holds(bench, operation, cell.state, reply)
        after = bench.navigator.rest(host) if reply.accepted else bench.navigator.look(host)
    except LostReplyError as error:
        bench.ledger.doubt(cells.refused(bench.contract, operation, cell.state), f"{cell}: {error}")
        bench.navigator.rest(host)
        return
    bench.ledger.figures["refused"] += 1
    if not reply.accepted:
        for look in (after, *bench.waiter.quiet(host)):
            if not _unchanged(bench, cells.UNCHANGED, str(cell), before, look, reply):
                break


def refusal_holds(bench: Bench, operation: Operation, state: str, reply: Reply) -> bool:
    """Judge the answer to a trigger that the lifecycle does not allow in a state."""
    absent = bench.contract.lifecycle.absent
    expected = 404 if state == absent else 409
    rules = cells.refused(bench.contract, operation, state)
    what = f"{operation.id} in {state}"
    if reply.status in (404, 405, 501) and reply.status != expected:
        bench.client.missing.add(operation.id)
        rules = cells.not_offered(bench.contract, operation)
    elif reply.status >= 500:
        return False  # charged already, as in every answer
    legal = ", ".join(bench.contract.lifecycle.legal_from(str(operation.trigger)))
    if reply.status == expected:
        bench.ledger.hold(rules)
        return True
    why = f"{expected}: {operation.trigger} is legal in {legal} only"
    bench.ledger.breach(Finding(rules, what, why, str(reply), reply.number, reply.curl))
    return False


def _read_cells(contract: Contract) -> Iterable[tuple[Cell, Iterable[str]]]:
    absent = contract.lifecycle.absent
    for state in cells.settled_states(contract):
        for operation in contract.operations.values():
            if operation.trigger:
                continue
            cell = cells.cell_at(contract, Node(state), operation)
            if state == absent:
                yield cell, (cells.NO_INSTANCE,)
            elif operation.method == "GET" and state in (operation.legal_in or (state,)):
                yield cell, cells.success(operation)
            elif operation.legal_in is not None:
                yield cell, (CONSOLE_REFUSED, READS_WELL)


@check_cells("read", "what only reads, and what a missing instance answers:", cells=_read_cells)
def read(bench: Bench, cell: Cell) -> None:
    """An operation that is no trigger: answered where it is legal, 409 elsewhere, 404 without an instance."""
    operation = cell.operation
    assert operation is not None  # noqa: S101 - _read_cells makes none without
    before = bench.navigator.reach(bench.host, cell.start)
    reply = bench.client.call(operation, bench.host)
    bench.ledger.figures["answers"] += 1
    if cell.state == bench.contract.lifecycle.absent:
        _expect(bench, 404, (cells.NO_INSTANCE,), str(cell), reply)
    elif cell.state in (operation.legal_in or (cell.state,)):
        _expect(bench, operation.success, cells.success(operation), str(cell), reply)
    else:
        _expect(bench, 409, (CONSOLE_REFUSED,), str(cell), reply)
        if reply.status == 409:
            named = cell.state in reply.text
            expected, got = f"a message that names {cell.state}", f"a message that does not: {reply}"
            bench.ledger.require(named, (READS_WELL,), str(cell), expected=expected, got=got, reply=reply)
    if reply.status < 500:
        _unchanged(bench, "refused.others" if reply.status == 404 else QUIET, str(cell), before, _look(bench), reply)


def _look(bench: Bench) -> Snapshot:
    return bench.navigator.look(bench.host)


def _expect(bench: Bench, status: int, rules: tuple[str, ...], what: str, reply: Reply) -> None:
    if reply.status < 500:  # a 5xx was charged already, as in every answer
        bench.ledger.require(reply.status == status, rules, what, expected=str(status), got=reply, reply=reply)


def _quiet_cells(contract: Contract) -> Iterable[tuple[Cell, Iterable[str]]]:
    for state in cells.settled_states(contract):
        yield cells.cell_at(contract, Node(state)), (QUIET,)


@check_cells("quiet", "nobody asks for a change:", cells=_quiet_cells)
def quiet(bench: Bench, cell: Cell) -> None:
    """A settled instance stays as it is, also after a while, and when it was read in every way."""
    last = bench.navigator.reach(bench.host, cell.start)
    for before, after in pairwise(bench.waiter.quiet(bench.host)):
        _unchanged(bench, QUIET, f"nobody asks for a change in {cell}", before, after, after.reply)
        last = after
    if bench.contract.lifecycle.states[cell.state].kind == "stable":
        _dwell(bench, cell, last)


def _dwell(bench: Bench, cell: Cell, before: Snapshot) -> None:
    """Watch it for a while after all that reads only: long in the state whose turn it is by the seed, else a moment."""
    stable = [name for name, state in bench.contract.lifecycle.states.items() if state.kind == "stable"]
    is_turn = stable[bench.options.random_seed % len(stable)] == cell.state
    seconds = bench.waiter.timeouts.dwell * (1 if is_turn else MOMENT)
    reading = [
        one for one in bench.contract.operations.values() if not one.trigger and cell.state in (one.legal_in or ())
    ]
    for operation in bench.claimed(reading):
        bench.client.call(operation, bench.host)
    after = bench.waiter.until(bench.host, lambda look: look.state != cell.state, seconds)
    _unchanged(bench, QUIET, f"nobody asks for a change in {cell}, for {seconds:.1f} s", before, after, after.reply)


def _unchanged(bench: Bench, rule: str, what: str, before: Snapshot, after: Snapshot, reply: Reply) -> bool:
    difference = compare.changed(bench.shown, before, after)
    expected = "the instance as it was"
    return bench.ledger.require(difference is None, (rule,), what, expected=expected, got=difference, reply=reply)
