"""Brings a host's instance into a wanted state by the shortest legal path, and cleans up afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from schemathesis.core import NOT_SET

from contract import Lock, Operation
from contract_tests.answer_checks import Representations
from contract_tests.client import Client
from contract_tests.replies import LostReplyError, Reply
from contract_tests.target import HostName
from contract_tests.tour import FORGET, Map, Move, Node
from contract_tests.waiter import Course, Snapshot, Waiter

UUID_KEY = "libvirt.uuid"
"""The property that names the machine to the hypervisor (openapi.yaml: importInstance)."""


class CannotReachError(Exception):
    """A state that a check needs cannot be reached on this server. Its text says where the way ended."""


class Navigator:
    """Knows where each host is and how to get elsewhere.

    `forgotten`: the machines that only an import brings back;
    `sent`: the body of the last trigger.
    """

    def __init__(self, client: Client, waiter: Waiter) -> None:
        self.client = client
        self.waiter = waiter
        self.shown = Representations(client.contract)
        self.map = Map(client.contract, self._usable)
        self.forgotten: dict[HostName, Snapshot] = {}
        self.sent: Any = NOT_SET
        self._lifecycle = client.contract.lifecycle
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
        """Where the host is on the map, by the last look."""
        forgotten = self.forgotten.get(host)
        return Node(self._last[host].state, forgotten.state if forgotten else None)

    def body_for(self, operation: Operation, host: HostName) -> Any:
        """A body that the operation accepts: a list of properties for an import, nothing special otherwise."""
        if operation.body is None:
            return NOT_SET
        if self.client.contract.document.resolve(operation.body.schema).get("type") != "array":
            return {}
        forgotten = self.forgotten.get(host)
        if forgotten is not None:
            return self.shown.property_list(dict(self.shown.properties(forgotten.body)))
        return self.shown.property_list(self.unknown_machine())

    def unknown_machine(self) -> Mapping[str, str]:
        """Properties of a machine that no hypervisor knows; drawn, so that no two runs use the same."""
        made_up = UUID(int=self.waiter.random.getrandbits(128), version=4)
        return {UUID_KEY: str(made_up), "contract-tests": "a machine that is not there"}

    def fire(self, operation: Operation, host: HostName, *, slash: bool = False) -> Reply:
        """Send an operation with a body that it accepts, and keep the books of what it leaves behind."""
        before = self._last.get(host)
        self.sent = self.body_for(operation, host)
        reply = self.client.call(operation, host, body=self.sent, slash=slash)
        if reply.accepted and operation.trigger:
            if operation.feature == FORGET:
                if before is not None and before.state not in (self._lifecycle.unknown, self._lifecycle.absent):
                    self.forgotten[host] = before
            elif operation.body is not None:
                self.forgotten.pop(host, None)
        return reply

    def will_be_found(self, host: HostName, state: str) -> None:
        """A machine that was forgotten on its way goes on to this state."""
        if host in self.forgotten:
            self.forgotten[host] = replace(self.forgotten[host], state=state)

    def follow(self, host: HostName, move: Move, reply: Reply, **options: Any) -> Course:
        """Wait until the instance has settled after an accepted move."""
        targets = (move.target,) if move.known or len(move.edge.to) == 1 else move.edge.to
        course = self.waiter.follow(
            host, source=move.edge.state, via=move.edge.via, targets=targets, since=reply.at, **options
        )
        self._last[host] = course.last
        return course

    def bring(self, host: HostName, goal: str) -> Snapshot:
        """Bring the host's instance into a state. CannotReachError when the server does not play along."""
        now = self.look(host)
        if goal != self._lifecycle.absent:  # what is on its way can be deleted as it is
            now = self.rest(host)
        now = self.unlocked(host, now)
        while now.state != goal:
            way = self.map.route(self.node(host), lambda node, _: node == Node(goal))
            if not way:
                raise CannotReachError(f"{host} is {now.state}, and no move leads from there to {goal}")
            now = self._step(host, way[0])
        return now

    def _step(self, host: HostName, move: Move) -> Snapshot:
        reply = self.fire(move.operation, host)
        if not reply.accepted:
            raise CannotReachError(f"{move} was answered {reply}")
        course = self.follow(host, move, reply)
        if course.last.state != move.target:
            raise CannotReachError(f"{move} should lead to {move.target}; seen: {course}")
        return course.last

    def unlocked(self, host: HostName, now: Snapshot) -> Snapshot:
        """Take a lock off that is in the way."""
        lock = self.lock
        if lock is None or self.shown.read(now.body, "locked") is not True:
            return now
        self.client.call(self.client.contract.operations[lock.unlock], host)
        return self.look(host)

    def clean(self, host: HostName) -> str | None:
        """Delete what is on the host, and the machine that it made the platform forget. What is left, in words."""
        try:
            if host in self.forgotten:
                self.look(host)
                self._bring_back(host)
            self.bring(host, self._lifecycle.absent)
        except (CannotReachError, LostReplyError) as error:
            return f"{host}: {error}"
        return None

    def _bring_back(self, host: HostName) -> None:
        way = self.map.route(self.node(host), lambda _, move: move is not None and move.known)
        if way:
            self._step(host, way[0])
