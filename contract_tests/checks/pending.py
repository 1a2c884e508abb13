"""What an instance on its way accepts and refuses; judged only where arriving meanwhile makes no difference.

A server that is fast enough never shows a transient state; then these requirements do not apply, by contract. One that
shows it for less time than it takes to ask is given several tries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from contract import Contract, Operation
from contract_tests.judging import cells
from contract_tests.moving.navigator import CannotReachError
from contract_tests.moving.tour import FORGET, Map, Move, Node
from contract_tests.moving.waiter import MARGIN
from contract_tests.running.bench import Bench
from contract_tests.running.registry import Cell, check_cells
from contract_tests.sending.replies import LostReplyError

PENDING_REFUSED = ("lifecycle.pending-refuses",)
CONSOLE_REFUSED = "console.refused"
NEVER_SHOWN = "this server was never seen in a transient state; by contract it need not be"
TRIES = 3
TOO_SHORT = (
    f"this server was seen in a transient state, but in {TRIES} tries it had left before it could be asked there"
)
WATCHED = 60.0
"""Seconds for which an instance is watched at most, for what was set on its way before to come up again."""


def refuse_on_way(bench: Bench, move: Move) -> None:
    """The instance was just seen on its way: try what is refused there and where it goes, as long as it is there."""
    lifecycle, host = bench.contract.lifecycle, bench.host
    if move.edge.via is None or move.target == lifecycle.absent:
        return
    # what was tried least comes first: there may be time for a few only
    refused = bench.claimed(refused_on_way(bench.contract, move))
    for operation in sorted(refused, key=lambda one: bench.tried_on_way[one.id]):
        bench.tried_on_way[operation.id] += 1
        rules = cells.pending(bench.contract, operation, legal=False) if operation.trigger else (CONSOLE_REFUSED,)
        reply = bench.client.call(operation, host, body=bench.navigator.mover.body_for(operation, host))
        still = bench.navigator.look(host).state == move.edge.via
        if not still and reply.status == 409:
            return  # it may have arrived before it was asked: right, but no evidence
        if reply.status in (404, 405, 501):  # the instance is there: so it is the operation that is not
            bench.client.missing.add(operation.id)
            rules = cells.not_offered(bench.contract, operation)
        what = f"{operation.id} in {move.edge.via}, after {move.operation.id}"
        bench.ledger.require(reply.status == 409, rules, what, expected="409", got=reply, reply=reply)
        bench.ledger.figures["pending"] += 1
        if not still:
            return


def refused_on_way(contract: Contract, move: Move) -> list[Operation]:
    """What is refused on the way of a move and where it ends: triggers, and what can be read in some states only."""
    lifecycle, places = contract.lifecycle, (str(move.edge.via), move.target)
    return [
        one
        for one in contract.operations.values()
        if (one.trigger and not any(lifecycle.edge(state, one.trigger) for state in places))
        or (one.legal_in and one.legal_in.isdisjoint(places))
    ]


def _cells(contract: Contract) -> Iterable[tuple[Cell, Iterable[str]]]:
    lifecycle = contract.lifecycle
    moves = Map(contract).all_moves(Node(lifecycle.absent)).values()
    for state in lifecycle.transient:
        for operation in contract.operations.values():
            edge = lifecycle.edge(state, str(operation.trigger)) if operation.trigger else None
            if edge is None:
                continue
            launches = [
                (start, move)
                for start, move in moves
                if move.edge.via == state and lifecycle.edge(move.target, str(operation.trigger))
            ]
            if edge.to == (lifecycle.absent,):
                launches = list(_two_kinds(lifecycle.absent, launches))
            rules = [*cells.pending(contract, operation, legal=True), *cells.leads_from_way(contract, operation)]
            starts = Counter(move.operation.id for _, move in launches)
            for start, move in launches:
                cell = cells.cell_at(contract, start, operation, target=edge.to[0], launch=move.operation, last=True)
                yield replace(cell, one_of_several=starts[move.operation.id] > 1), rules


def _two_kinds(absent: str, launches: list[tuple[Node, Move]]) -> Iterator[tuple[Node, Move]]:
    """One machine that is being made, and one that is there: each trial costs a new machine."""
    for made in (True, False):
        yield from [one for one in launches if (one[0].state == absent) is made][:1]


@check_cells("pending", "on the way:", cells=_cells)
def pending(bench: Bench, cell: Cell) -> None:
    """Set the instance on its way, and try at once what is legal there."""
    assert cell.operation is not None  # noqa: S101 - _cells makes none without
    contract, operation = bench.contract, cell.operation
    taken, end = cells.pending(contract, operation, legal=True), cells.leads_from_way(contract, operation)
    rules = [*taken, *(one for one in end if one in (cells.PENDING_DELETE, cells.LETS_SETTLE))]
    if bench.waiter.never_transient:
        bench.ledger.pass_over(rules, NEVER_SHOWN)
        return
    seen = False
    try:
        for _ in range(TRIES):
            seen = _try(bench, cell, operation, taken, end)
            if seen or not _was_shown(bench):
                break
    except (CannotReachError, LostReplyError) as error:
        bench.ledger.doubt(rules, f"{cell}: {error}")
    else:
        if not seen:
            bench.ledger.pass_over(rules, TOO_SHORT if _was_shown(bench) else NEVER_SHOWN)


def _was_shown(bench: Bench) -> bool:
    """Whether any look of this run saw an instance on its way."""
    return any(bench.waiter.seen[state] for state in bench.contract.lifecycle.transient)


def _try(bench: Bench, cell: Cell, operation: Operation, taken: tuple[str, ...], end: tuple[str, ...]) -> bool:
    """Whether the instance was still on its way when it was asked."""
    host, navigator = bench.host, bench.navigator
    navigator.reach(host, cell.start)
    launch = next((one for one in navigator.map.moves(cell.start) if one.operation == cell.launch), None)
    if launch is None:
        raise CannotReachError(f"{cell} cannot be tried on this server")
    launched = navigator.fire(launch.operation, host)
    if not launched.accepted:
        raise CannotReachError(f"{launch} does not work on this server: {launched}")
    now = navigator.catch(host, launch)
    if now.state != cell.state:
        if now.state == cell.start.state != launch.target:
            raise CannotReachError(f"{launch} was accepted, and nothing was seen of it")
        navigator.rest(host)
        return False
    reply = navigator.fire(operation, host)
    what = f"{operation.id} in {cell.state}, after {launch.operation.id}"
    accepted = reply.status == operation.success
    bench.ledger.require(accepted, taken, what, expected=str(operation.success), got=reply, reply=reply)
    bench.ledger.figures["pending"] += 1
    if reply.accepted:
        navigator.mover.will_be_found(host, launch.target)
        _settle(bench, cell, launch, what, end, since=launched.at)
    return True


def _settle(bench: Bench, cell: Cell, launch: Move, what: str, rules: tuple[str, ...], *, since: float) -> None:
    """Judge where the instance comes to rest, for good: looked at until what launched it would have arrived as well."""
    host = bench.host
    if cell.operation is not None and cell.operation.feature == FORGET:
        _import_again(bench, launch, what)
        return
    last = bench.navigator.rest(host)
    looks = bench.waiter.quiet(host) if last.state == cell.target else (last,)
    if all(look.state == cell.target for look in looks):
        left = since + min(bench.waiter.slowest * MARGIN, WATCHED) - bench.client.clock.now
        looks = (*looks, bench.waiter.until(host, lambda look: look.state != cell.target, left))
    arrived = all(look.state == cell.target for look in looks)
    got = ", ".join(look.state for look in looks)
    bench.ledger.require(arrived, rules, what, expected=f"{cell.target}, for good", got=got, reply=looks[-1].reply)


def _import_again(bench: Bench, launch: Move, what: str) -> None:
    """The machine went on after it was forgotten: an import finds it where it was going."""
    host, navigator = bench.host, bench.navigator
    navigator.look(host)
    imports = [move for move in navigator.map.moves(navigator.node(host)) if move.known]
    if not imports:
        return
    reply = navigator.fire(imports[0].operation, host)
    course = bench.waiter.follow(
        host,
        source=bench.contract.lifecycle.absent,
        via=imports[0].edge.via,
        targets=(launch.target,),
        since=reply.at,
    )
    arrived = course.last.state == launch.target
    expected = f"an import finds it in {launch.target}"
    bench.ledger.require(arrived, (cells.LETS_SETTLE,), what, expected=expected, got=course, reply=course.last.reply)
