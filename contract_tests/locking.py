"""The lock, tried in every state that has an instance: it is set, it refuses every trigger, it is taken off again."""

from __future__ import annotations

from contract import Lock
from contract_tests import cells, compare
from contract_tests.bench import Bench
from contract_tests.outcomes import Finding
from contract_tests.replies import LostReplyError
from contract_tests.target import HostName
from contract_tests.waiter import Snapshot

SETS, REFUSES, AGAIN, SHOWS = "lock.sets", "lock.refuses-triggers", "lock.idempotent", "lock.answers-representation"


class LockRound:
    """Lock, try everything, lock again, unlock, unlock again. Ends unlocked.

    `unlocked` holds the states in which that went well.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.unlocked: set[str] = set()

    def run(self, host: HostName, now: Snapshot) -> bool:
        """Whether the instance is still where it was. Nothing is done when the server does not claim a lock."""
        lock, state = self._bench.navigator.lock, now.state
        if lock is None:
            return True
        try:
            if self._set(lock, host, now, locked=True):
                if not self._refuses_all(host):
                    return False
                self._again(lock, host, locked=True)
            # unlocked whatever came of it: a server may lock and not show it
            if self._set(lock, host, self._bench.navigator.look(host), locked=False):
                self.unlocked.add(state)
                self._again(lock, host, locked=False)
        except LostReplyError as error:
            self._bench.ledger.doubt((SETS, REFUSES), f"in {state}: {error}")
        return self._bench.navigator.unlocked(host, self._bench.navigator.look(host)).state == state

    def _set(self, lock: Lock, host: HostName, before: Snapshot, *, locked: bool) -> bool:
        """Whether the lock reads as it should."""
        bench = self._bench
        operation = bench.contract.operations[lock.lock if locked else lock.unlock]
        what = f"{operation.id} in {before.state}"
        reply = bench.client.call(operation, host)
        after = bench.navigator.look(host)
        if reply.status >= 500:
            return False  # charged already, as in every answer
        shown = bench.shown.read(after.body, "locked")
        got = str(reply) if reply.status != 200 else f"200, and GET shows {shown!r}"
        expected = f"200, and then {lock.field} reads {str(locked).lower()}"
        holds = reply.status == 200 and shown is locked
        if reply.status != 200 or isinstance(shown, bool):  # one that is not shown is charged in every answer
            bench.ledger.require(holds, (SETS,), what, expected=expected, got=got, reply=reply)
        if reply.status == 200:
            is_shown = bench.shown.read(reply.body, "state") is not None
            expected = "the representation of the instance"
            bench.ledger.require(is_shown, (SHOWS,), what, expected=expected, got=reply, reply=reply)
        return holds

    def _again(self, lock: Lock, host: HostName, *, locked: bool) -> None:
        bench = self._bench
        operation = bench.contract.operations[lock.lock if locked else lock.unlock]
        before = bench.navigator.look(host)
        reply = bench.client.call(operation, host)
        difference = compare.changed(bench.shown, before, bench.navigator.look(host))
        what = f"{operation.id} in {before.state}, which it is already"
        fine = reply.status == 200 and difference is None
        got = difference if reply.status == 200 else reply
        bench.ledger.require(fine, (AGAIN,), what, expected="200, and no change at all", got=got, reply=reply)

    def _refuses_all(self, host: HostName) -> bool:
        bench = self._bench
        before = bench.navigator.look(host)
        for operation in bench.claimed(bench.navigator.map.triggering):
            what = f"{operation.id} in {before.state}, locked"
            reply = bench.navigator.fire(operation, host)
            if reply.status >= 500:
                continue  # charged already, as in every answer
            if reply.status in (404, 405):
                bench.client.missing.add(operation.id)
                rules = cells.not_offered(bench.contract, operation)
                bench.ledger.breach(Finding(rules, what, "409: it is locked", str(reply), reply.number, reply.curl))
                continue
            after = bench.navigator.rest(host) if reply.accepted else bench.navigator.look(host)
            bench.ledger.require(
                reply.status == 409, (REFUSES,), what, expected="409: it is locked", got=reply, reply=reply
            )
            difference = compare.changed(bench.shown, before, after)
            expected = "the instance as it was"
            if not bench.ledger.require(
                difference is None, (REFUSES,), what, expected=expected, got=difference, reply=reply
            ):
                bench.navigator.unlocked(host, after)
                return False
            bench.ledger.figures["locked"] += 1
            before = after
        return True
