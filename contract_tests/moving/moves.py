"""Makes one legal move and judges it, whoever asks for it: accepted, arrived, and by a lawful path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from schemathesis.core import NOT_SET

from contract import Operation
from contract_tests.judging import cells
from contract_tests.judging.answer_checks import UUID_KEY, Representations
from contract_tests.moving.tour import FORGET, Move
from contract_tests.moving.waiter import Course, Snapshot, Waiter
from contract_tests.running.outcomes import Finding
from contract_tests.running.target import HostName
from contract_tests.sending.client import Client
from contract_tests.sending.replies import Reply

KEEPS_MACHINE = "lifecycle.forget-keeps-machine"

OWN_KEY = "contract-tests"
"""A property that no platform sets, in every import: it is shown as it was sent, and kept like all others."""


@dataclass(frozen=True, slots=True)
class Made:
    """A move that led where it should: the look before, the accepting answer, what was sent, what was seen then."""

    before: Snapshot
    reply: Reply
    sent: Any
    course: Course


class Mover:
    """Fires triggers and keeps the books of what they leave behind.

    `forgotten`: the machines that only an import brings back. `broken`: moves that failed, which nobody tries again:
    each may cost the whole time limit. `locked`: the hosts whose instance was locked, shown or not. `machines`: the
    looks at those that were provisioned, once they had arrived.
    """

    def __init__(self, client: Client, waiter: Waiter) -> None:
        self.forgotten: dict[HostName, Snapshot] = {}
        self.broken: set[tuple[str, str, str]] = set()
        self.locked: set[HostName] = set()
        self.machines: dict[HostName, list[Snapshot]] = {}
        self.random = waiter.random
        self._client = client
        self._waiter = waiter
        self._contract = client.contract
        self._shown = Representations(client.contract)

    def make(
        self, host: HostName, move: Move, before: Snapshot, on_way: Callable[[], None] | None = None
    ) -> Made | None:
        """Make a move and judge it; None when it is refused, or leads elsewhere. LostReplyError without an answer.

        `before` is the last look.
        """
        sent = self.body_for(move.operation, host)
        reply = self.fire(move.operation, host, before, sent)
        if not self._is_accepted(move, reply):
            self.broken.add(move.key)
            return None
        course = self.follow(host, move, reply, on_way)
        if not self._has_arrived(move, reply, course):
            self.broken.add(move.key)
            if move.operation.feature == FORGET:
                self.forgotten.pop(host, None)  # it is still there, or nobody knows what is
            return None
        if move.edge.state == self._contract.lifecycle.absent and len(move.edge.to) == 1:
            self.machines.setdefault(host, []).append(course.last)
        return Made(before, reply, sent, course)

    def fire(self, operation: Operation, host: HostName, before: Snapshot, body: Any, *, slash: bool = False) -> Reply:
        """Send a trigger with a body."""
        reply = self._client.call(operation, host, body=body, slash=slash)
        self.note(operation, host, before, reply)
        return reply

    def note(self, operation: Operation, host: HostName, before: Snapshot, reply: Reply) -> None:
        """Keep the books after an answer to an operation that was sent when the instance looked like `before`."""
        lifecycle = self._contract.lifecycle
        if reply.accepted and lifecycle.lock and operation.id in (lifecycle.lock.lock, lifecycle.lock.unlock):
            (self.locked.add if operation.id == lifecycle.lock.lock else self.locked.discard)(host)
        if reply.accepted and operation.feature == FORGET:
            if before.state not in (lifecycle.unknown, lifecycle.absent):
                self.forgotten[host] = before
        elif reply.accepted and operation.body is not None:
            self.forgotten.pop(host, None)

    def follow(self, host: HostName, move: Move, reply: Reply, on_way: Callable[[], None] | None = None) -> Course:
        """Wait until the instance has settled after an accepted move."""
        targets = (move.target,) if move.known or len(move.edge.to) == 1 else move.edge.to
        return self._waiter.follow(
            host, source=move.edge.state, via=move.edge.via, targets=targets, since=reply.at, on_way=on_way
        )

    def will_be_found(self, host: HostName, state: str) -> None:
        """A machine that was forgotten on its way goes on to this state."""
        if host in self.forgotten:
            self.forgotten[host] = replace(self.forgotten[host], state=state)

    def body_for(self, operation: Operation, host: HostName) -> Any:
        """A body that the operation accepts: a list of properties for an import, nothing special otherwise."""
        if operation.body is None:
            return NOT_SET
        if self._contract.document.resolve(operation.body.schema).get("type") != "array":
            return {}
        forgotten = self.forgotten.get(host)
        if forgotten is not None:
            known = dict(self._shown.properties(forgotten.body))
            return self._shown.property_list({**known, OWN_KEY: "found again"})
        return self._shown.property_list(self._unknown_machine())

    def _unknown_machine(self) -> Mapping[str, str]:
        """Properties of a machine that no hypervisor knows; drawn, so that no two runs use the same."""
        made_up = UUID(int=self.random.getrandbits(128), version=4)
        return {UUID_KEY: str(made_up), OWN_KEY: "a machine that is not there"}

    def _is_accepted(self, move: Move, reply: Reply) -> bool:
        operation = move.operation
        if reply.accepted:
            if reply.status == operation.success:
                self._client.ledger.hold(cells.not_offered(self._contract, operation))
                self._client.ledger.hold((*cells.success(operation), *cells.accepts(self._contract, operation)))
            return True
        if reply.status >= 500:
            return False  # charged already, as in every answer
        missing = reply.status in (404, 405)
        if missing:
            self._client.missing.add(operation.id)
        rules = cells.accepts(self._contract, operation) or cells.leads(self._contract, operation)
        if missing:
            rules = cells.not_offered(self._contract, operation)
        elif move.edge.state in self._contract.lifecycle.transient:
            rules = cells.pending(self._contract, operation, legal=True) or rules
        hint = f" (or say --without {operation.feature})" if missing and operation.feature else ""
        finding = Finding(rules, str(move), f"{operation.success}{hint}", str(reply), reply.number, reply.curl)
        self._client.ledger.breach(finding)
        return False

    def _has_arrived(self, move: Move, reply: Reply, course: Course) -> bool:
        require = self._client.ledger.require
        arrived = course.settled and course.last.state == move.target
        rules = cells.leads(self._contract, move.operation)
        if not arrived and move.edge.state == course.last.state == self._contract.lifecycle.absent:
            rules = cells.makes(self._contract, move)
        elif not arrived and move.known and course.last.state == self._contract.lifecycle.unknown:
            rules = (KEEPS_MACHINE,)
        elif move.edge.state in self._contract.lifecycle.transient:
            rules = cells.leads_from_way(self._contract, move.operation)
        seconds = self._waiter.timeouts.settle
        got = str(course) if course.settled else f"{course}, and no end after {seconds:g} s"
        expected = f"{move.target} ({move.edge.why})"
        if not require(arrived, rules, str(move), expected=expected, got=got, reply=reply):
            return False
        stations = [move.edge.state, *([move.edge.via] if move.edge.via else []), move.target]
        expected = f"{' → '.join(dict.fromkeys(stations))}, and never back"
        on_path = is_path(course.states, stations)
        require(on_path, (cells.PATH,), str(move), expected=expected, got=course, reply=reply)
        return True


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
