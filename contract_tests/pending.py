"""What an instance on its way accepts and refuses; judged only where arriving meanwhile makes no difference.

A server that is fast enough never shows a transient state; then these requirements do not apply, by contract.
"""

from __future__ import annotations

from collections.abc import Iterable

from contract import Edge, Operation
from contract_tests import cells
from contract_tests.bench import Bench
from contract_tests.navigator import CannotReachError
from contract_tests.replies import LostReplyError
from contract_tests.target import HostName
from contract_tests.tour import FORGET, Move

DELETED, SETTLES = "lifecycle.pending-delete", "lifecycle.forget-lets-settle"
NEVER_SHOWN = "this server was never seen in a transient state; by contract it need not be"


class PendingRound:
    """Tries triggers while an action is on its way, on the walk's own host."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._lifecycle = bench.contract.lifecycle
        self._refused: set[tuple[str, str]] = set()

    def refusals(self, host: HostName, move: Move) -> None:
        """The instance was just seen on its way: try what is refused there and where it is going."""
        if move.edge.via is None or move.target == self._lifecycle.absent:
            return
        for operation in self._bench.navigator.map.triggering:
            key = (move.edge.via, operation.id)
            states = (move.edge.via, move.target)
            if key in self._refused or any(self._lifecycle.edge(state, str(operation.trigger)) for state in states):
                continue
            self._refused.add(key)
            self._refuse(operation, host, move.edge.via)

    def _refuse(self, operation: Operation, host: HostName, state: str) -> None:
        bench = self._bench
        rules = cells.pending(bench.contract, operation, legal=False)
        reply = bench.client.call(operation, host, body=bench.navigator.mover.body_for(operation, host))
        if bench.navigator.look(host).state != state and reply.status == 409:
            return  # it may have arrived before it was asked: right, but no evidence
        what = f"{operation.id} in {state}"
        bench.ledger.require(reply.status == 409, rules, what, expected="409", got=reply, reply=reply)
        bench.ledger.figures["pending"] += 1

    def legal_moves(self) -> None:
        """Try what is legal on the way, each once, after the walk."""
        bench = self._bench
        shown = [state for state in self._lifecycle.transient if bench.waiter.seen[state]]
        for state in shown:
            for operation in bench.navigator.map.triggering:
                edge = self._lifecycle.edge(state, str(operation.trigger))
                if edge is not None:
                    self._attempt(operation, edge)
        bench.ledger.pass_over(self._rules(), NEVER_SHOWN)

    def _rules(self) -> Iterable[str]:
        yield from (DELETED, SETTLES)
        for operation in self._bench.navigator.map.triggering:
            for legal in (True, False):
                yield from cells.pending(self._bench.contract, operation, legal=legal)

    def _attempt(self, operation: Operation, edge: Edge) -> None:
        rules = [*cells.pending(self._bench.contract, operation, legal=True), *self._after(operation, edge)]
        try:
            launch = self._launch(operation)
            if launch is None or not self._try(operation, edge, launch, rules):
                self._bench.ledger.pass_over(rules, NEVER_SHOWN)
        except (CannotReachError, LostReplyError) as error:
            self._bench.ledger.doubt(rules, f"{operation.id} in {edge.state}: {error}")

    def _after(self, operation: Operation, edge: Edge) -> Iterable[str]:
        if edge.to != (self._lifecycle.absent,):
            return ()
        return (SETTLES,) if operation.feature == FORGET else (DELETED,)

    def _launch(self, operation: Operation) -> Move | None:
        """The nearest move that passes through the state and ends where the operation is legal as well."""
        host, navigator = self._bench.host, self._bench.navigator
        navigator.rest(host)

        def wanted(_: object, move: Move | None) -> bool:
            goes = move is not None and move.edge.via in self._lifecycle.transient
            return goes and move is not None and self._lifecycle.edge(move.target, str(operation.trigger)) is not None

        way = navigator.map.route(navigator.node(host), wanted)
        return way[-1] if way else None

    def _try(self, operation: Operation, edge: Edge, launch: Move, rules: list[str]) -> bool:
        """Whether the instance was still on its way when it was asked."""
        bench, host = self._bench, self._bench.host
        navigator = bench.navigator
        navigator.bring(host, launch.edge.state)
        if not navigator.fire(launch.operation, host).accepted or navigator.look(host).state != edge.state:
            navigator.rest(host)
            return False
        reply = navigator.fire(operation, host)
        what = f"{operation.id} in {edge.state}"
        accepted = reply.status == operation.success
        bench.ledger.require(accepted, rules, what, expected=str(operation.success), got=reply, reply=reply)
        bench.ledger.figures["pending"] += 1
        if reply.accepted:
            navigator.mover.will_be_found(host, launch.target)
            self._settle(operation, edge, launch, what, rules)
        return True

    def _settle(self, operation: Operation, edge: Edge, launch: Move, what: str, rules: list[str]) -> None:
        bench, host = self._bench, self._bench.host
        if operation.feature == FORGET:
            self._import_again(launch, what)
            return
        last = bench.navigator.rest(host)
        looks = bench.waiter.quiet(host) if last.state == edge.to[0] else (last,)
        arrived = all(look.state in edge.to for look in looks)
        got = ", ".join(look.state for look in looks)
        bench.ledger.require(arrived, rules, what, expected=f"{edge.to[0]}, for good", got=got, reply=looks[-1].reply)

    def _import_again(self, launch: Move, what: str) -> None:
        """The machine went on after it was forgotten: an import finds it where it was going."""
        bench, host = self._bench, self._bench.host
        bench.navigator.look(host)
        imports = [move for move in bench.navigator.map.moves(bench.navigator.node(host)) if move.known]
        if not imports:
            return
        reply = bench.navigator.fire(imports[0].operation, host)
        course = bench.waiter.follow(
            host, source=self._lifecycle.absent, via=imports[0].edge.via, targets=(launch.target,), since=reply.at
        )
        arrived = course.last.state == launch.target
        expected = f"an import finds it in {launch.target}"
        bench.ledger.require(arrived, (SETTLES,), what, expected=expected, got=course, reply=course.last.reply)
