"""What an instance on its way accepts and refuses; judged only where arriving meanwhile makes no difference.

A server that is fast enough never shows a transient state; then these requirements do not apply, by contract. One that
shows it for less time than it takes to ask is given several tries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from contract import Contract, Operation
from contract_tests.checks import identity
from contract_tests.judging import cells, compare
from contract_tests.moving.moves import is_path
from contract_tests.moving.navigator import CannotReachError
from contract_tests.moving.tour import FORGET, Map, Move, Node
from contract_tests.moving.waiter import MARGIN, Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.registry import Cell, check_cells
from contract_tests.sending.replies import LostReplyError, Reply

PENDING_REFUSED = ("lifecycle.pending-refuses",)
COMPLETE, KEPT = "identity.complete", "properties.kept"
CONSOLE_REFUSED = "console.refused"
NEVER_SHOWN = "this server was never seen in a transient state; by contract it need not be"
TRIES = 3
TOO_SHORT = (
    f"this server was seen in a transient state, but in {TRIES} tries it had left before it could be asked there"
)
WATCHED = 60.0
"""Seconds for which an instance is watched at most, for what was set on its way before to come up again."""

QUICK = 2.0
"""Seconds that a machine may take to be made, where more of them are made to delete each kind of action."""

TOO_DEAR = (
    "what ends a machine on its way was tried once on one that is made and one that is there: each costs a new one"
)


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
    absent = contract.lifecycle.absent
    for state in contract.lifecycle.transient:
        for operation in contract.operations.values():
            edge = contract.lifecycle.edge(state, str(operation.trigger)) if operation.trigger else None
            if edge is None:
                continue
            launches = _launches(contract, state, operation)
            rules = [*cells.pending(contract, operation, legal=True), *cells.leads_from_way(contract, operation)]
            starts = Counter(move.operation.id for _, move in launches)
            for start, move in launches:
                cell = cells.cell_at(contract, start, operation, target=edge.to[0], launch=move.operation, last=True)
                kept = [] if cell.target == absent else [COMPLETE if start.state == absent else KEPT]
                found = [cells.PATH] if operation.feature == FORGET else []
                yield replace(cell, one_of_several=starts[move.operation.id] > 1), [*rules, *kept, *found]


def _launches(contract: Contract, state: str, operation: Operation) -> list[tuple[Node, Move]]:
    """What sets an instance on its way to where the operation is tried, and from where.

    What ends the instance is tried on each action once, from whichever state comes first: a trial may cost a machine.
    """
    lifecycle = contract.lifecycle
    launches = [
        (start, move)
        for start, move in Map(contract).all_moves(Node(lifecycle.absent)).values()
        if move.edge.via == state and lifecycle.edge(move.target, str(operation.trigger))
    ]
    edge = lifecycle.edge(state, str(operation.trigger))
    if edge is None or edge.to != (lifecycle.absent,):
        return launches
    kinds = {move.operation.id: (start, move) for start, move in reversed(launches) if not move.operation.alias_of}
    return [one for one in launches if kinds.get(one[1].operation.id) == one]


def _is_too_dear(bench: Bench, cell: Cell) -> bool:
    """Whether a machine takes too long to make for one more to be deleted.

    Anywhere one is deleted while it is made, and one during an action, which the seed chooses.
    """
    lifecycle, operation = bench.contract.lifecycle, cell.operation
    if operation is None or operation.feature == FORGET or cell.target != lifecycle.absent:
        return False
    kinds = [
        move.operation
        for start, move in _launches(bench.contract, cell.state, operation)
        if start.state != lifecycle.absent
    ]
    chosen = kinds[bench.options.random_seed % len(kinds)] if kinds else None
    return cell.start.state != lifecycle.absent and cell.launch != chosen and bench.waiter.slowest > QUICK


@check_cells("pending", "on the way:", cells=_cells)
def pending(bench: Bench, cell: Cell) -> None:
    """Set the instance on its way, and try at once what is legal there."""
    assert cell.operation is not None  # noqa: S101 - _cells makes none without
    contract, operation = bench.contract, cell.operation
    end = cells.leads_from_way(contract, operation)
    rules = [*cells.pending(contract, operation, legal=True)]
    rules += [one for one in end if one in (cells.PENDING_DELETE, cells.LETS_SETTLE)]
    if _is_too_dear(bench, cell):
        bench.ledger.pass_over(rules, TOO_DEAR)
    else:
        while_on_way(bench, cell, rules, lambda seen: _ask(bench, cell, operation, seen))


@dataclass(frozen=True, slots=True)
class OnWay:
    """An instance that was seen on its way: what set it there, the answer that accepted it, and the look."""

    launch: Move
    launched: Reply
    look: Snapshot


def while_on_way(bench: Bench, cell: Cell, rules: Iterable[str], ask: Callable[[OnWay], None]) -> None:
    """Set the instance on its way as the cell has it, and ask as soon as it is seen there; some tries, if need be."""
    if bench.waiter.never_transient:
        bench.ledger.pass_over(rules, NEVER_SHOWN)
        return
    seen = None
    try:
        for _ in range(TRIES):
            seen = _set_on_way(bench, cell)
            if seen or not _was_shown(bench):
                break
        if seen:
            ask(seen)
    except (CannotReachError, LostReplyError) as error:
        bench.ledger.doubt(rules, f"{cell}: {error}")
    else:
        if not seen:
            bench.ledger.pass_over(rules, TOO_SHORT if _was_shown(bench) else NEVER_SHOWN)


def _was_shown(bench: Bench) -> bool:
    """Whether any look of this run saw an instance on its way."""
    return any(bench.waiter.seen[state] for state in bench.contract.lifecycle.transient)


def _set_on_way(bench: Bench, cell: Cell) -> OnWay | None:
    """Make the move that launches it; None when it was there already as it was first looked at."""
    host, navigator = bench.host, bench.navigator
    navigator.reach(host, cell.start)
    launch = next((one for one in navigator.map.moves(cell.start) if one.operation == cell.launch), None)
    if launch is None:
        raise CannotReachError(f"{cell} cannot be tried on this server")
    launched = navigator.fire(launch.operation, host)
    if not launched.accepted:
        raise CannotReachError(f"{launch} does not work on this server: {launched}")
    now = navigator.catch(host, launch)
    if now.state == cell.state:
        return OnWay(launch, launched, now)
    if now.state == cell.start.state != launch.target:
        raise CannotReachError(f"{launch} was accepted, and nothing was seen of it")
    navigator.rest(host)
    return None


def _ask(bench: Bench, cell: Cell, operation: Operation, seen: OnWay) -> None:
    """Try what the cell is about on the instance that is on its way."""
    reply = bench.navigator.fire(operation, bench.host)
    what = f"{operation.id} in {cell.state}, after {seen.launch.operation.id}"
    taken = cells.pending(bench.contract, operation, legal=True)
    accepted = reply.status == operation.success
    bench.ledger.require(accepted, taken, what, expected=str(operation.success), got=reply, reply=reply)
    bench.ledger.figures["pending"] += 1
    if not reply.accepted:
        return
    bench.navigator.mover.will_be_found(bench.host, seen.launch.target)
    if operation.feature == FORGET:
        _import_again(bench, seen.launch, what)
    elif _settles(bench, cell, operation, what, since=seen.launched.at):
        _judge_machine(bench, cell, seen, what)


def _settles(bench: Bench, cell: Cell, operation: Operation, what: str, *, since: float) -> bool:
    """Judge where the instance comes to rest, for good: looked at until what launched it would have arrived as well."""
    host, rules = bench.host, cells.leads_from_way(bench.contract, operation)
    last = bench.navigator.rest(host)
    looks = bench.waiter.quiet(host) if last.state == cell.target else (last,)
    if all(look.state == cell.target for look in looks):
        left = since + min(bench.waiter.slowest * MARGIN, WATCHED) - bench.client.clock.now
        looks = (*looks, bench.waiter.until(host, lambda look: look.state != cell.target, left))
    arrived = all(look.state == cell.target for look in looks)
    got = ", ".join(look.state for look in looks)
    return bench.ledger.require(
        arrived, rules, what, expected=f"{cell.target}, for good", got=got, reply=looks[-1].reply
    )


def _judge_machine(bench: Bench, cell: Cell, seen: OnWay, what: str) -> None:
    """A machine that is still there is whole: one that was being made has its names, another all that it had."""
    now = bench.navigator.look(bench.host)
    if now.body is None:
        return
    if cell.start.state == bench.contract.lifecycle.absent:
        identity.complete(bench, what, now)
        return
    lost = compare.lost(bench.shown, seen.look, now)
    bench.ledger.require(lost is None, (KEPT,), what, expected="every property as it was", got=lost, reply=now.reply)


def _import_again(bench: Bench, launch: Move, what: str) -> None:
    """The machine went on after it was forgotten: an import finds it where it was going, by a lawful path."""
    host, navigator = bench.host, bench.navigator
    navigator.look(host)
    imports = [move for move in navigator.map.moves(navigator.node(host)) if move.known]
    if not imports:
        return
    source, via = bench.contract.lifecycle.absent, imports[0].edge.via
    reply = navigator.fire(imports[0].operation, host)
    course = bench.waiter.follow(host, source=source, via=via, targets=(launch.target,), since=reply.at)
    arrived = course.last.state == launch.target
    expected = f"an import finds it in {launch.target}"
    last = course.last.reply
    if bench.ledger.require(arrived, (cells.LETS_SETTLE,), what, expected=expected, got=course, reply=last):
        stations = [source, *([via] if via else []), launch.target]
        expected = f"{' → '.join(stations)}, and never back"
        on_path = is_path(course.states, stations)
        bench.ledger.require(
            on_path, (cells.PATH,), f"{what}, then an import", expected=expected, got=course, reply=last
        )
