"""Brings a host's instance into a wanted state by the shortest legal path, and cleans up afterwards."""

from __future__ import annotations

from collections.abc import Callable

from schemathesis.core import NOT_SET

from contract import Lock, Operation
from contract_tests.answer_checks import Representations
from contract_tests.client import Client
from contract_tests.moves import Made, Mover
from contract_tests.replies import LostReplyError, Reply
from contract_tests.target import HostName
from contract_tests.tour import Map, Move, Node
from contract_tests.waiter import Snapshot, Waiter


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

    def bring(self, host: HostName, goal: str) -> Snapshot:
        """Bring the host's instance into a state, and let no forgotten machine behind.

        CannotReachError when the server does not play along; what it did wrong is then in the ledger.
        """
        now = self.look(host)
        if goal != self._lifecycle.absent:  # what is on its way can be deleted as it is
            now = self.rest(host)
        self.unlocked(host, now)
        while (here := self.node(host)) != Node(goal):
            way = self.map.route(here, lambda node, _: node == Node(goal), self._works)
            if not way and here.forgotten:
                self.lost.append(f"{host}: a machine that was forgotten in {here.forgotten}, and no import finds")
                del self.mover.forgotten[host]
            elif not way:
                raise CannotReachError(f"{host} is {here.state}, and nothing that works leads from there to {goal}")
            else:
                self.make(host, way[0])
        return self._last[host]

    def _works(self, move: Move) -> bool:
        return move.key not in self.mover.broken

    def unlocked(self, host: HostName, now: Snapshot) -> Snapshot:
        """Take a lock off that is in the way."""
        lock = self.lock
        shown = self.shown.read(now.body, "locked")
        if lock is None or now.body is None or not (shown is True or (shown is None and host in self.mover.locked)):
            return now
        self.fire(self.client.contract.operations[lock.unlock], host)
        return self.look(host)

    def clean(self, host: HostName) -> str | None:
        """Delete what is on the host, and the machine that it made the platform forget. What is left, in words."""
        try:
            self.bring(host, self._lifecycle.absent)
        except (CannotReachError, LostReplyError) as error:
            return f"{host}: {error}"
        return None
