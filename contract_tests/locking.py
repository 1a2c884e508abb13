"""The lock, tried in every state that has an instance: it is set, it refuses every trigger, it is taken off again."""

from __future__ import annotations

from contract import Lock
from contract_tests import compare
from contract_tests.bench import Bench
from contract_tests.replies import LostReplyError, Reply
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

    def run(self, host: HostName, state: str) -> bool:
        """Whether the instance is still where it was. Nothing is done when the server does not claim a lock."""
        lock = self._bench.navigator.lock
        if lock is None:
            return True
        try:
            if self._set(lock, host, state, locked=True):
                stayed = self._refuses_all(host, state)
                if not stayed:
                    return False
                self._set(lock, host, state, locked=True, again=True)
            if self._set(lock, host, state, locked=False):
                self.unlocked.add(state)
            self._set(lock, host, state, locked=False, again=True)
        except LostReplyError as error:
            self._bench.ledger.doubt((SETS, REFUSES), f"in {state}: {error}")
        return self._bench.navigator.unlocked(host, self._bench.navigator.look(host)).state == state

    def _set(self, lock: Lock, host: HostName, state: str, *, locked: bool, again: bool = False) -> bool:
        bench = self._bench
        operation = bench.contract.operations[lock.lock if locked else lock.unlock]
        what = f"{operation.id} in {state}" + (", which it is already" if again else "")
        before = bench.navigator.look(host)
        reply = bench.client.call(operation, host)
        after = bench.navigator.look(host)
        if reply.status >= 500:
            return False  # charged already, as in every answer
        shown = bench.shown.read(after.body, "locked")
        rules = (AGAIN,) if again else (SETS,)
        got = str(reply) if reply.status != 200 else f"200, and GET shows {shown!r}"
        expected = f"200, and then {lock.field} reads {str(locked).lower()}"
        holds = bench.require(
            reply.status == 200 and shown is locked, rules, what, expected=expected, got=got, reply=reply
        )
        if reply.status == 200:
            is_shown = bench.shown.read(reply.body, "state") is not None
            expected = "the representation of the instance"
            bench.require(is_shown, (SHOWS,), what, expected=expected, got=reply, reply=reply)
        if again and holds:
            self._same(before, after, what, reply)
        return holds

    def _same(self, before: Snapshot, after: Snapshot, what: str, reply: Reply) -> None:
        difference = compare.changed(self._bench.shown, before, after)
        expected = "no change at all"
        self._bench.require(difference is None, (AGAIN,), what, expected=expected, got=difference, reply=reply)

    def _refuses_all(self, host: HostName, state: str) -> bool:
        bench = self._bench
        for operation in bench.navigator.map.triggering:
            what = f"{operation.id} in {state}, locked"
            before = bench.navigator.look(host)
            reply = bench.navigator.fire(operation, host)
            if reply.status >= 500:
                continue
            after = bench.navigator.rest(host) if reply.accepted else bench.navigator.look(host)
            bench.require(reply.status == 409, (REFUSES,), what, expected="409: it is locked", got=reply, reply=reply)
            difference = compare.changed(bench.shown, before, after)
            expected = "the instance as it was"
            if not bench.require(difference is None, (REFUSES,), what, expected=expected, got=difference, reply=reply):
                bench.navigator.unlocked(host, after)
                return False
            bench.ledger.figures["locked"] += 1
        return True
