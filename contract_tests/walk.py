"""One walk through the whole lifecycle, made from the table: every legal move, and every refusal on the way."""

from __future__ import annotations

from collections.abc import Iterable

from contract import Contract
from contract_tests import cells, compare
from contract_tests.bench import Bench
from contract_tests.identity import Identities
from contract_tests.moves import Made
from contract_tests.navigator import CannotReachError
from contract_tests.pending import PendingRound
from contract_tests.refusals import Refusals
from contract_tests.registry import check
from contract_tests.replies import LostReplyError
from contract_tests.target import Level
from contract_tests.tour import Move

Cell = tuple[str, str, str]


def _requirements(contract: Contract) -> Iterable[str]:
    return cells.all_of(contract)


@check(
    "walk",
    "a walk through the whole lifecycle",
    level=Level.POWER,
    requirements=(
        cells.PATH,
        cells.UNCHANGED,
        "lifecycle.quiet",
        "properties.kept",
        "properties.values-kept",
        "operations.provision-makes-instance",
        "operations.provision-answers-representation",
        "operations.import-makes-instance",
        "lifecycle.forget-keeps-machine",
        "lifecycle.pending-delete",
        "lifecycle.forget-lets-settle",
        "identity.complete",
        "identity.address",
        "identity.new-on-provision",
        "console.access",
        "console.refused",
        "console.refusal-reads-well",
        "errors.no-instance",
        "lock.sets",
        "lock.refuses-triggers",
        "lock.unlock-restores",
        "lock.idempotent",
        "lock.answers-representation",
    ),
    derived=_requirements,
)
def walk(bench: Bench) -> None:
    """The walk."""
    Walk(bench).run()


class Walk:
    """The walk on the first host. It replans from what it sees when a move does not lead where it should."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._host = bench.host
        self._navigator = bench.navigator
        self._ledger = bench.ledger
        self._lifecycle = bench.contract.lifecycle
        self._refusals = Refusals(bench)
        self._pending = PendingRound(bench)
        self._identities = Identities(bench)
        self._done: set[Cell] = set()
        self._arrived: set[Cell] = set()
        self._visited: set[str] = set()

    def run(self) -> None:
        """From where the host is, or from no instance when the level allows it, through all moves and back."""
        host, home = self._host, self._navigator.rest(self._host).state
        self._navigator.unlocked(host, self._navigator.look(host))
        if self._bench.target.level is Level.FULL:
            home = self._lifecycle.absent
            self._back_to(home)
        reachable = {move.key for move in self._navigator.map.all_moves(self._navigator.node(host))}
        while self._go_on():
            pass
        self._pending.legal_moves()
        self._back_to(home)
        self._sum_up(reachable)

    def _go_on(self) -> bool:
        """Look around in a state that is new, then go where something is left to do. False when nothing is."""
        here = self._navigator.node(self._host)
        if here.state not in self._visited:
            self._visited.add(here.state)
            self._refusals.all_of_state(self._host)
            return True
        way = self._navigator.map.next_moves(here, self._done, self._navigator.mover.broken)
        if way is None:
            return False
        self._make(way[0])
        return True

    def _make(self, move: Move) -> None:
        self._done.add(move.key)
        try:
            made = self._navigator.make(self._host, move, lambda: self._pending.refusals(self._host, move))
        except LostReplyError as error:
            self._navigator.mover.broken.add(move.key)
            self._ledger.doubt(cells.leads(self._bench.contract, move.operation), f"{move}: {error}")
            self._navigator.rest(self._host)
            return
        if made is not None:
            self._arrived.add(move.key)
            self._judge_machine(move, made)
            if move.edge.state in self._refusals.unlocked:
                self._ledger.hold(("lock.unlock-restores",))

    def _judge_machine(self, move: Move, made: Made) -> None:
        absent = self._lifecycle.absent
        if absent not in (move.edge.state, move.target):
            lost = compare.lost(self._bench.shown, made.before, made.course.last)
            self._bench.ledger.require(
                lost is None,
                ("properties.kept",),
                str(move),
                expected="every property as it was",
                got=lost,
                reply=made.reply,
            )
        elif move.edge.state == absent and len(move.edge.to) > 1:
            self._identities.imported(move, made)
        elif move.edge.state == absent:
            self._identities.provisioned(self._host, move, made)

    def _back_to(self, home: str) -> None:
        try:
            self._navigator.bring(self._host, home)
        except (CannotReachError, LostReplyError) as error:
            self._ledger.notes.append(f"not brought back to {home}: {error}")

    def _sum_up(self, reachable: set[Cell]) -> None:
        for state, operation, _ in sorted(reachable - self._done):
            rules = cells.leads(self._bench.contract, self._bench.contract.operations[operation])
            self._ledger.doubt(rules, f"{operation} in {state} was not reached: a move before it failed")
        self._ledger.figures["legal"] = len(self._arrived)
        self._ledger.figures["legal-reachable"] = len(reachable)
        self._ledger.figures["states"] = len(self._visited)
