"""One walk through the whole lifecycle, made from the table: every legal move, and every refusal on the way."""

from __future__ import annotations

from collections.abc import Iterable

from contract import Contract
from contract_tests import cells, compare
from contract_tests.bench import Bench
from contract_tests.identity import Identities
from contract_tests.navigator import CannotReachError
from contract_tests.outcomes import Finding
from contract_tests.pending import PendingRound
from contract_tests.refusals import Refusals
from contract_tests.registry import check
from contract_tests.replies import LostReplyError, Reply
from contract_tests.target import Level
from contract_tests.tour import Move
from contract_tests.waiter import Course, Snapshot

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
        self._broken: set[Cell] = set()
        self._arrived: set[Cell] = set()
        self._visited: set[str] = set()

    def run(self) -> None:
        """From where the host is, or from no instance when the level allows it, through all moves and back."""
        bench, host = self._bench, self._host
        now = self._navigator.unlocked(host, self._navigator.rest(host))
        if bench.target.level is Level.FULL:
            now = self._navigator.bring(host, self._lifecycle.absent)
        home = now.state
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
        way = self._navigator.map.next_moves(here, self._done, self._broken)
        if way is None:
            return False
        self._make(way[0])
        return True

    def _make(self, move: Move) -> None:
        self._done.add(move.key)
        try:
            before = self._navigator.look(self._host)
            reply = self._navigator.fire(move.operation, self._host)
            if self._is_accepted(move, reply):
                course = self._navigator.follow(
                    self._host, move, reply, on_way=lambda: self._pending.refusals(self._host, move)
                )
                self._judge(move, before, reply, course)
                return
            self._broken.add(move.key)
        except LostReplyError as error:
            self._broken.add(move.key)
            self._ledger.doubt(cells.leads(self._bench.contract, move.operation), f"{move}: {error}")
        self._navigator.rest(self._host)

    def _is_accepted(self, move: Move, reply: Reply) -> bool:
        contract, operation = self._bench.contract, move.operation
        if reply.accepted:
            if reply.status == operation.success:
                self._ledger.hold((*cells.not_offered(contract, operation), *cells.success(operation)))
                if move.edge.state in self._refusals.unlocked:
                    self._ledger.hold(("lock.unlock-restores",))
            return True
        if reply.status >= 500:
            return False  # charged already, in every answer
        missing = reply.status in (404, 405)
        rules = cells.not_offered(contract, operation) if missing else cells.leads(contract, operation)
        hint = f" (or say --without {operation.feature})" if missing and operation.feature else ""
        self._ledger.breach(
            Finding(rules, str(move), f"{operation.success}{hint}", str(reply), reply.number, reply.curl)
        )
        return False

    def _judge(self, move: Move, before: Snapshot, reply: Reply, course: Course) -> None:
        rules = cells.leads(self._bench.contract, move.operation)
        arrived = course.settled and course.last.state == move.target
        why = f"{move.target} ({move.edge.why})"
        got = str(course) if course.settled else f"{course}, and no end after {self._bench.waiter.timeouts.settle:g} s"
        self._bench.require(arrived, rules, str(move), expected=why, got=got, reply=reply)
        if not arrived:
            self._broken.add(move.key)
            self._navigator.rest(self._host)
            return
        self._arrived.add(move.key)
        self._judge_path(move, reply, course)
        self._judge_machine(move, before, reply, course)

    def _judge_path(self, move: Move, reply: Reply, course: Course) -> None:
        stations = [move.edge.state, *([move.edge.via] if move.edge.via else []), move.target]
        expected = f"{' → '.join(dict.fromkeys(stations))}, and never back"
        ok = is_path(course.states, stations)
        self._bench.require(ok, (cells.PATH,), str(move), expected=expected, got=course, reply=reply)

    def _judge_machine(self, move: Move, before: Snapshot, reply: Reply, course: Course) -> None:
        shown, absent = self._bench.shown, self._lifecycle.absent
        if absent not in (move.edge.state, move.target):
            lost = compare.lost(shown, before, course.last)
            self._bench.require(
                lost is None,
                ("properties.kept",),
                str(move),
                expected="every property as it was",
                got=lost,
                reply=reply,
            )
        elif move.edge.state == absent and len(move.edge.to) > 1:
            self._identities.imported(move, reply, course)
        elif move.edge.state == absent:
            self._identities.provisioned(self._host, move, reply, course)

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


def is_path(states: Iterable[str], stations: list[str]) -> bool:
    """Whether the states seen are stations of the way, each at most once and in their order, up to the last."""
    place = 0
    seen = list(states)
    for state in seen:
        try:
            place = stations.index(state, place) + 1
        except ValueError:
            return False
    return bool(seen) and seen[-1] == stations[-1]
