"""Brings a host's instance into a wanted state by the shortest legal path, and cleans up afterwards."""

from __future__ import annotations

from collections.abc import Callable

from schemathesis.core import NOT_SET

from contract import Lock, Operation
from contract_tests.judging.answer_checks import Representations
from contract_tests.moving.moves import Made, Mover
from contract_tests.moving.tour import Map, Move, Node
from contract_tests.moving.waiter import Snapshot, Waiter
from contract_tests.running.target import HostName
from contract_tests.sending.client import Client
from contract_tests.sending.replies import LostReplyError, Reply

LONGEST_WAY = 50
"""Moves after which a way is given up: four times the longest way of a server that does as it should."""


class CannotReachError(Exception):
    """A state that a check needs cannot be reached on this server. Its text says where the way ended."""


class Navigator:
    """Knows where each host is and how to get elsewhere. `lost`: machines that it could not bring back, in words."""

    def __init__(self, client: Client, waiter: Waiter) -> None:
        self.client = client
        self.waiter = waiter
        self.shown = Representations(client.contract)
        self.map = Map(client.contract, self._usable)
        self.mover = Mover(client, waiter)
        self._lifecycle = client.contract.lifecycle
        self.lost: list[str] = []
        self._last: dict[HostName, Snapshot] = {}

    def _usable(self, operation: Operation) -> bool:
        return self.client.may(operation) and self.client.target.claims(operation.feature)

    @property
    def lock(self) -> Lock | None:
        """The lock of the contract, when the server claims it and the level lets it be used."""
        lock = self._lifecycle.lock
        usable = lock and self._usable(self.client.contract.operations[lock.lock])
        return lock if usable else None

    def look(self, host: HostName) -> Snapshot:
        """The instance now."""
        self._last[host] = self.waiter.look(host)
        return self._last[host]

    def rest(self, host: HostName) -> Snapshot:
        """The instance, once it is in no transient state."""
        self._last[host] = self.waiter.rest(host)
        return self._last[host]

    def node(self, host: HostName) -> Node:
        """Where the host is on the map, by the last look. A forgotten machine counts while there is room for it."""
        state = self._last[host].state
        forgotten = self.mover.forgotten.get(host) if state == self._lifecycle.absent else None
        return Node(state, forgotten.state if forgotten else None)

    def fire(self, operation: Operation, host: HostName, *, slash: bool = False) -> Reply:
        """Send a trigger wherever it leads, with a body that it accepts. Other operations are sent as they are."""
        body = self.mover.body_for(operation, host) if operation.trigger else NOT_SET
        return self.mover.fire(operation, host, self._last[host], body, slash=slash)

    def make(self, host: HostName, move: Move, on_way: Callable[[], None] | None = None) -> Made | None:
        """Make a move and judge it; None when it failed. Then the instance is given time to come to rest."""
        made = self.mover.make(host, move, self._last[host], on_way)
        if made is None:
            self.rest(host)
        else:
            self._last[host] = made.course.last
        return made

    def catch(self, host: HostName, move: Move) -> Snapshot:
        """The instance once an accepted move shows: on its way, as a rule."""
        timeouts = self.waiter.timeouts
        seconds = timeouts.last_poll if move.key in self.mover.broken else timeouts.settle
        targets = (move.target,)
        self._last[host] = self.waiter.catch(host, source=move.edge.state, targets=targets, seconds=seconds)
        return self._last[host]

    def bring(self, host: HostName, goal: str) -> Snapshot:
        """Bring the host's instance into a state, and let no forgotten machine behind; see reach."""
        return self.reach(host, Node(goal))

    def reach(self, host: HostName, goal: Node) -> Snapshot:
        """Bring the host to a place on the map, unlocked, by the cheapest legal moves; replans when one fails.

        CannotReachError when the server does not play along; what it did wrong is then in the ledger.
        """
        now = self.look(host)
        on_way = now.state in self._lifecycle.transient or self.waiter.is_lagging(host)
        if on_way and goal != Node(self._lifecycle.absent):  # what is on its way can be deleted as it is
            now = self.rest(host)
        if self._is_locked(self.unlocked(host, now)):
            raise CannotReachError(f"{host} is locked, and the lock does not come off")
        for _ in range(LONGEST_WAY):
            if (here := self.node(host)) == goal:
                return self._last[host]
            way = self.map.route(here, goal, self._works)
            if not way and here.forgotten:
                self.lost.append(f"{host}: a machine that was forgotten in {here.forgotten}, and no import finds")
                del self.mover.forgotten[host]
            elif not way:
                raise CannotReachError(f"{host} is {here.state}, and nothing that works leads from there to {goal}")
            else:
                self.make(host, way[0])
        raise CannotReachError(f"{host} does not come to {goal}: after {LONGEST_WAY} moves it is {self.node(host)}")

    def _works(self, move: Move) -> bool:
        return move.key not in self.mover.broken

    def _is_locked(self, now: Snapshot) -> bool:
        return self.lock is not None and self.shown.read(now.body, "locked") is True

    def unlocked(self, host: HostName, now: Snapshot) -> Snapshot:
        """Take a lock off that is in the way."""
        lock = self.lock
        shown = self.shown.read(now.body, "locked")
        if lock is None or now.body is None or not (shown is True or (shown is None and host in self.mover.locked)):
            return now
        self.fire(self.client.contract.operations[lock.unlock], host)
        return self.look(host)

    def settle(self, host: HostName, goal: str) -> str | None:
        """Leave the host in a state, without a machine that it made the platform forget. What is left, in words."""
        try:
            self.bring(host, goal)
        except (CannotReachError, LostReplyError) as error:
            return f"{host}: {error}"
        return None
