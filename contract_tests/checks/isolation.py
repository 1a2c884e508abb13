"""What needs two hosts: their machines differ, and what is done to the one leaves the other alone.

The contract: isolation.other-hosts and identity.distinct. The sharpest pair is two hosts of one name in two
environments or organizations: a server that forgets a part of the address mixes them up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from contract import Operation
from contract_tests.checks.identity import MAC_KEY
from contract_tests.judging import compare
from contract_tests.judging.answer_checks import UUID_KEY
from contract_tests.moving.tour import Move, Node
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.registry import check
from contract_tests.running.target import HostName, Level
from contract_tests.sending.lines import PLAIN_PATIENCE, Heard, Lines
from contract_tests.sending.raw import Message
from contract_tests.sending.replies import Reply

DISTINCT, ISOLATED = "identity.distinct", "isolation.other-hosts"
OF_PATH = "representation.names-of-path"

ROUNDS = 4
"""How often both hosts are read at once, each twice."""

ROLES = ("organization", "environment", "host")


@check(
    "two-hosts",
    "two hosts, side by side",
    level=Level.FULL,
    requirements=(DISTINCT, ISOLATED, OF_PATH),
    hosts=2,
)
def two_hosts(bench: Bench) -> None:
    """One gets a machine, then the other; then every operation is done to each of them while the other is watched."""
    first, second = bench.target.hosts[:2]
    for host in (first, second):
        bench.navigator.bring(host, bench.contract.lifecycle.absent)
    pair = Pair(bench, first, second)
    pair.provision()
    pair.read_at_once()
    pair.watch_each(pair.operations())
    Pair(bench, second, first).watch_each(pair.disturbing())
    pair.watch_alike()
    pair.let_go_on()
    pair.compare_all()


class Pair:
    """Two hosts: something is done to the one, and the other is watched."""

    def __init__(self, bench: Bench, acting: HostName, watched: HostName) -> None:
        self._bench = bench
        self._lines = Lines(bench.client)
        self._lifecycle = bench.contract.lifecycle
        self._acting, self._watched = acting, watched
        self._running = next(name for name, state in self._lifecycle.states.items() if state.guest_runs)

    def operations(self) -> list[Operation]:
        """All that write, those that end with no instance last: each of them costs a provision."""
        claimed = [one for one in self._bench.claimed(self._bench.contract.operations.values()) if one.method != "GET"]
        return sorted(claimed, key=lambda one: (self._state_for(one) == self._lifecycle.absent) + 2 * self._ends(one))

    def disturbing(self) -> list[Operation]:
        """Two for the way back: one that changes a machine that runs, and one that ends it."""
        running = [one for one in self.operations() if self._state_for(one) == self._running]
        return [running[0], next(one for one in running if self._ends(one))]

    def provision(self) -> None:
        """A machine for the one leaves the other without; a machine for the other is another one."""
        navigator = self._bench.navigator
        nothing = navigator.look(self._watched)
        one = navigator.bring(self._acting, self._running)
        self._unchanged("provisioned", nothing, one.reply)
        two = navigator.bring(self._watched, self._running)
        difference = compare.changed(self._bench.shown, one, navigator.look(self._acting))
        what = f"{self._watched} was provisioned"
        expected = f"{self._acting} as it was"
        self._bench.ledger.require(
            difference is None, (ISOLATED,), what, expected=expected, got=difference, reply=two.reply
        )
        self._distinct(one, two)

    def compare_all(self) -> None:
        """All machines that the run has provisioned on the two hosts, not only those that are there at once."""
        made = [self._bench.navigator.mover.machines.get(host, []) for host in (self._acting, self._watched)]
        for key in (UUID_KEY, MAC_KEY):
            values = [{dict(self._bench.shown.properties(look.body)).get(key) for look in looks} for looks in made]
            shared = sorted(one for one in values[0] & values[1] if one)
            if all(made):
                self._bench.ledger.require(
                    not shared,
                    (DISTINCT,),
                    f"all machines of {self._acting} and {self._watched}",
                    expected=f"a {key} for each",
                    got=f"{key} {', '.join(shared)} on both",
                    reply=made[1][-1].reply,
                )

    def _distinct(self, one: Snapshot, two: Snapshot) -> None:
        machines = [dict(self._bench.shown.properties(look.body)) for look in (one, two)]
        shared = [key for key in (UUID_KEY, MAC_KEY) if machines[0].get(key) == machines[1].get(key)]
        self._bench.ledger.require(
            not shared,
            (DISTINCT,),
            f"{self._acting} and {self._watched}, both provisioned",
            expected="a libvirt.uuid and a mac for each",
            got=f"the same {', '.join(shared)}",
            reply=two.reply,
        )

    def read_at_once(self) -> None:
        """Both are asked before either is heard: each answer is about the host that its own path names."""
        hosts = (self._acting, self._watched) * 2
        for _ in range(ROUNDS):
            with ExitStack() as stack:
                asked = [
                    (host, stack.enter_context(self._lines.open(PLAIN_PATIENCE)), self._read(host)) for host in hosts
                ]
                for _, line, message in asked:
                    line.tell(message)
                for host, line, message in asked:
                    self._is_about(host, line.hear(message))

    def _read(self, host: HostName) -> Message:
        return self._lines.message("GET", host.path(self._bench.shown.reading.path), b"Connection: close")

    def _is_about(self, host: HostName, heard: Heard) -> None:
        if heard.reply is None or not heard.reply.accepted:
            self._bench.ledger.notes.append(f"{host}, read together with another: {heard}")
            return
        shown = tuple(self._bench.shown.read(heard.reply.body, role) for role in ROLES)
        self._bench.ledger.figures["answers"] += 1
        self._bench.ledger.require(
            shown == host.names,
            (OF_PATH,),
            f"{host}, read while another host is",
            expected=f"the names {', '.join(host.names)}, as in the path",
            got=heard,
            reply=heard.reply,
        )

    def watch_each(self, operations: list[Operation]) -> None:
        """Each operation where it is legal, on the one; then a look at the other."""
        for operation in operations:
            self._bench.navigator.bring(self._acting, self._state_for(operation))
            before = self._bench.navigator.look(self._watched)
            reply = self._bench.navigator.fire(operation, self._acting)
            self._bench.navigator.rest(self._acting)
            self._unchanged(f"sent {operation.id}", before, reply)
        self._bench.navigator.bring(self._acting, self._running)

    def watch_alike(self) -> None:
        """What is legal where a machine does not run, with the other host in that state as well.

        An update that names no host changes all that are in the state from which it leads.
        """
        navigator = self._bench.navigator
        for state, operation in self._elsewhere():
            navigator.bring(self._watched, state)
            navigator.bring(self._acting, state)
            before = navigator.look(self._watched)
            reply = navigator.fire(operation, self._acting)
            navigator.rest(self._acting)
            self._unchanged(f"sent {operation.id} in {state}", before, reply)

    def _elsewhere(self) -> Iterator[tuple[str, Operation]]:
        """Operations that keep the machine, in stable states in which it does not run."""
        for name, state in self._lifecycle.states.items():
            for operation in self._bench.navigator.map.triggering:
                edge = self._lifecycle.edge(name, str(operation.trigger))
                is_action = edge is not None and self._lifecycle.absent not in edge.to and not operation.alias_of
                if state.kind == "stable" and not state.guest_runs and is_action:
                    yield name, operation

    def let_go_on(self) -> None:
        """While the one is locked, and while it may be on its way, the other takes what its own state lets it take."""
        navigator, moves = self._bench.navigator, self._bench.navigator.map.moves(Node(self._running))
        move = next((one for one in moves if one.target not in (self._running, self._lifecycle.absent)), None)
        if move is None:
            return
        lock = navigator.lock
        if lock is not None:
            self._let_both_run()
            locked = navigator.fire(self._bench.contract.operations[lock.lock], self._acting)
            self._takes(move, f"{self._acting} is locked", locked)
            navigator.unlocked(self._acting, navigator.look(self._acting))
        self._let_both_run()
        done = navigator.fire(move.operation, self._acting)
        self._takes(move, f"{self._acting} was just sent {move.operation.id}", done)

    def _let_both_run(self) -> None:
        for host in (self._watched, self._acting):
            self._bench.navigator.bring(host, self._running)

    def _takes(self, move: Move, what: str, done: Reply) -> None:
        """The watched host takes a move now; one that it takes later only was refused because of its neighbour."""
        navigator = self._bench.navigator
        reply = navigator.fire(move.operation, self._watched)
        if not done.accepted or (not reply.accepted and not self._takes_later(move)):
            return  # what is wrong with either alone is judged elsewhere
        navigator.rest(self._watched)
        self._bench.ledger.figures["answers"] += 1
        self._bench.ledger.require(
            reply.accepted,
            (ISOLATED,),
            f"{move.operation.id} on {self._watched}, while {what}",
            expected=f"{move.operation.success}, as without",
            got=reply,
            reply=reply,
        )

    def _takes_later(self, move: Move) -> bool:
        navigator = self._bench.navigator
        for host in (self._acting, self._watched):
            navigator.unlocked(host, navigator.rest(host))
        return (
            navigator.look(self._watched).state == move.edge.state
            and navigator.fire(move.operation, self._watched).accepted
        )

    def _state_for(self, operation: Operation) -> str:
        """A state in which the operation is legal; where a machine runs, if that is one."""
        legal = self._lifecycle.legal_from(operation.trigger) if operation.trigger else (self._running,)
        return self._running if self._running in legal else legal[0]

    def _ends(self, operation: Operation) -> bool:
        edge = self._lifecycle.edge(self._state_for(operation), operation.trigger or "")
        return edge is not None and self._lifecycle.absent in edge.to

    def _unchanged(self, what: str, before: Snapshot, reply: Reply) -> None:
        difference = compare.changed(self._bench.shown, before, self._bench.navigator.look(self._watched))
        self._bench.ledger.figures["answers"] += 1
        self._bench.ledger.require(
            difference is None,
            (ISOLATED,),
            f"{self._acting} was {what}",
            expected=f"{self._watched} as it was",
            got=difference,
            reply=reply,
        )
