"""The machine behind a record that goes: forgotten, passed by another, found again, and used as before.

The contract: lifecycle.forget-keeps-machine. A machine that was forgotten is found with what the client says of it.
"""

from __future__ import annotations

from contract_tests.checks.identity import address, imported
from contract_tests.judging import compare
from contract_tests.moving.moves import KEEPS_MACHINE, Made
from contract_tests.moving.navigator import CannotReachError
from contract_tests.moving.tour import FORGET, Move, Node
from contract_tests.running.bench import Bench
from contract_tests.running.registry import check
from contract_tests.running.target import Level

KEPT, VALUES, ADDRESS = "properties.kept", "properties.values-kept", "identity.address"


@check(
    "forgotten-machine",
    "a machine that was forgotten, after another on its host",
    level=Level.FULL,
    requirements=(KEEPS_MACHINE, VALUES, KEPT, ADDRESS),
)
def forgotten_machine(bench: Bench) -> None:
    """Forget a machine, make and delete another, import the first; then a restart keeps what it has."""
    host, navigator, lifecycle = bench.host, bench.navigator, bench.contract.lifecycle
    running = next(name for name, state in lifecycle.states.items() if state.guest_runs)
    forget = next((one for one in navigator.map.moves(Node(running)) if one.operation.feature == FORGET), None)
    if forget is None:
        bench.ledger.pass_over((KEEPS_MACHINE,), "this server is not said to forget machines and to find them again")
        return
    navigator.bring(host, running)
    if forget.key in navigator.mover.broken or navigator.make(host, forget) is None:
        raise CannotReachError("this server forgets no machine")
    _pass_by(bench)
    found = next((one for one in navigator.map.moves(navigator.node(host)) if one.known), None)
    if found is None:
        return
    made = navigator.make(host, found)
    if made is not None:
        bench.ledger.hold((KEEPS_MACHINE,))
        imported(bench, found, made)
        _use(bench, running)


def _pass_by(bench: Bench) -> None:
    """Another machine comes and goes on the host; the books are kept, for it is no place on the map."""
    host, navigator, absent = bench.host, bench.navigator, bench.contract.lifecycle.absent
    forgotten = navigator.mover.forgotten.pop(host)
    try:
        for makes in (True, False):
            moves = navigator.map.moves(Node(navigator.look(host).state))
            move = next((one for one in moves if _fits(one, absent, makes=makes)), None)
            if move is None or navigator.make(host, move) is None:
                return
    finally:
        navigator.mover.forgotten[host] = forgotten


def _fits(move: Move, absent: str, *, makes: bool) -> bool:
    if makes:
        return move.edge.state == absent and len(move.edge.to) == 1
    return move.target == absent and move.operation.feature != FORGET


def _use(bench: Bench, running: str) -> None:
    """Switch it off and on again."""
    navigator, host = bench.navigator, bench.host
    for move in _restart(bench, running):
        made = navigator.make(host, move)
        if made is None:
            return
        _kept(bench, move, made)
    address(bench)


def _restart(bench: Bench, running: str) -> list[Move]:
    """From where a machine runs to where only a start leads on, and back."""
    plan, states = bench.navigator.map, bench.contract.lifecycle.states.values()
    others = [Node(one.name) for one in states if one.kind == "stable" and one.name != running]
    off = min(others, key=lambda node: len(plan.moves(node)), default=Node(running))
    return [*(plan.route(Node(running), off) or ()), *(plan.route(off, Node(running)) or ())]


def _kept(bench: Bench, move: Move, made: Made) -> None:
    lost = compare.lost(bench.shown, made.before, made.course.last)
    expected = "every property as it was"
    bench.ledger.require(lost is None, (KEPT,), str(move), expected=expected, got=lost, reply=made.reply)
