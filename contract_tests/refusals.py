"""All that is refused or only read in one state, tried where the walk comes by: nothing of it may change anything."""

from __future__ import annotations

from itertools import pairwise

from contract import Operation
from contract_tests import cells, compare
from contract_tests.bench import Bench
from contract_tests.locking import LockRound
from contract_tests.outcomes import Finding
from contract_tests.replies import LostReplyError, Reply
from contract_tests.target import HostName
from contract_tests.waiter import Snapshot


class Refusals:
    """What the lifecycle does not allow in a state, and what its reading operations answer there."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._lifecycle = bench.contract.lifecycle
        self._lock = LockRound(bench)

    @property
    def unlocked(self) -> set[str]:
        """The states in which an instance was locked and unlocked again."""
        return self._lock.unlocked

    def all_of_state(self, host: HostName) -> None:
        """Try the reads, the refused triggers, the lock and the quiet in the state that the host is in.

        A refusal that failed to refuse may have moved the instance: the rest of the round is then left out.
        """
        now: Snapshot | None = self._bench.navigator.look(host)
        state = self._bench.navigator.node(host).state
        self._reads(host, state)
        for operation in self._bench.navigator.map.triggering:
            if now is not None and self._lifecycle.edge(state, str(operation.trigger)) is None:
                now = self._try(operation, host, now)
        if now is None or (state != self._lifecycle.absent and not self._lock.run(host, now)):
            return
        self._quiet(host)

    def _try(self, operation: Operation, host: HostName, before: Snapshot) -> Snapshot | None:
        """The look after the attempt; None when the instance is not where it was."""
        bench, state = self._bench, before.state
        what = f"{operation.id} in {state}"
        try:
            reply = bench.navigator.fire(operation, host)
            refusal_holds(bench, operation, state, reply)
            after = bench.navigator.rest(host) if reply.accepted else bench.navigator.look(host)
        except LostReplyError as error:
            bench.ledger.doubt(cells.refused(bench.contract, operation, state), f"{what}: {error}")
            after = bench.navigator.rest(host)
            return after if after.state == state else None
        bench.ledger.figures["refused"] += 1
        if not reply.accepted:
            self._unchanged((cells.UNCHANGED,), what, before, after, reply)
        return after if after.state == state else None

    def _unchanged(self, rules: tuple[str, ...], what: str, before: Snapshot, after: Snapshot, reply: Reply) -> None:
        difference = compare.changed(self._bench.shown, before, after)
        expected = "the instance as it was"
        self._bench.ledger.require(difference is None, rules, what, expected=expected, got=difference, reply=reply)

    def _reads(self, host: HostName, state: str) -> None:
        absent = state == self._lifecycle.absent
        operations = self._bench.contract.operations.values()
        for operation in self._bench.claimed(operations):
            if operation.legal_in is not None and not operation.trigger:
                self._read(operation, host, state)
            elif absent and not operation.trigger and operation.method != "GET":
                self._absent(operation, host)

    def _read(self, operation: Operation, host: HostName, state: str) -> None:
        bench, what = self._bench, f"{operation.id} in {state}"
        reply = bench.client.call(operation, host)
        if state == self._lifecycle.absent:
            self._expect(404, (cells.NO_INSTANCE,), what, reply)
        elif state in (operation.legal_in or ()):
            self._expect(operation.success, cells.success(operation), what, reply)
        else:
            self._expect(409, ("console.refused",), what, reply)
            if reply.status == 409:
                named = state in reply.text
                got = f"a message that does not: {reply}"
                expected = f"a message that names {state}"
                rules = ("console.refusal-reads-well",)
                bench.ledger.require(named, rules, what, expected=expected, got=got, reply=reply)

    def _absent(self, operation: Operation, host: HostName) -> None:
        reply = self._bench.client.call(operation, host)
        self._expect(404, (cells.NO_INSTANCE,), f"{operation.id} in {self._lifecycle.absent}", reply)

    def _expect(self, status: int, rules: tuple[str, ...], what: str, reply: Reply) -> None:
        if reply.status < 500:  # a 5xx was charged already, as in every answer
            self._bench.ledger.require(
                reply.status == status, rules, what, expected=str(status), got=reply, reply=reply
            )

    def _quiet(self, host: HostName) -> None:
        looks = self._bench.waiter.quiet(host)
        for before, after in pairwise(looks):
            what = f"nobody asks for a change in {before.state}"
            self._unchanged(("lifecycle.quiet",), what, before, after, after.reply)


def refusal_holds(bench: Bench, operation: Operation, state: str, reply: Reply) -> bool:
    """Judge the answer to a trigger that the lifecycle does not allow in a state."""
    absent = bench.contract.lifecycle.absent
    expected = 404 if state == absent else 409
    rules = cells.refused(bench.contract, operation, state)
    what = f"{operation.id} in {state}"
    if reply.status in (404, 405, 501) and reply.status != expected:
        bench.client.missing.add(operation.id)
        rules = cells.not_offered(bench.contract, operation)
    elif reply.status >= 500:
        return False  # charged already, as in every answer
    legal = ", ".join(bench.contract.lifecycle.legal_from(str(operation.trigger)))
    if reply.status == expected:
        bench.ledger.hold(rules)
        return True
    why = f"{expected}: {operation.trigger} is legal in {legal} only"
    bench.ledger.breach(Finding(rules, what, why, str(reply), reply.number, reply.curl))
    return False
