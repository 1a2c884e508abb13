"""Sends a volley from a state, waits until the instance has settled, and keeps the books of the machines.

The only way from a forgotten machine back is an import by its name. After each round in which an instance may have
been forgotten, the machine of the look before is imported, whatever the answers said: it is there again, for the next
round or to be deleted, or it turns out not to be there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf, nextafter

from contract import Operation
from contract_tests.checks.race_history import History, Row, ends, looks_of, row_of
from contract_tests.judging.linearizability import Call
from contract_tests.moving.tour import FORGET
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.ledger import Ledger
from contract_tests.sending.together import Answered


class Rounds:
    """Rounds on the first host of the bench, each from the same settled state."""

    def __init__(self, bench: Bench, state: str) -> None:
        self._bench = bench
        self._state = state
        self._host = bench.host
        self._lifecycle = bench.contract.lifecycle

    def together(self, operations: Sequence[Operation]) -> tuple[History, list[Answered]]:
        """Send the operations at one moment. CannotReachError, or LostReplyError when nothing was sent."""
        before = self._brought(self._state)
        bodies = [self._bench.navigator.mover.body_for(one, self._host) for one in operations]
        answers = self._bench.client.together(list(zip(operations, bodies, strict=True)), self._host)
        rows = tuple(row_of(answered, self._shown(answered)) for answered in answers)
        return self._finished(before, rows), answers

    def in_turn(self, operations: Sequence[Operation]) -> History:
        """Send the operations one after the other. CannotReachError, or LostReplyError when an answer is lost."""
        before = self._brought(self._state)
        rows: list[Row] = []
        for operation in operations:
            body = self._bench.navigator.mover.body_for(operation, self._host)
            start = nextafter(self._bench.client.clock.now, inf)  # after the answer to the one before
            reply = self._bench.client.call(operation, self._host, body=body)
            seen = self._seen(operation, reply.status, reply.body)
            rows.append(Row(operation.id, Call(start, reply.at, operation.trigger, reply.status, seen)))
        return self._finished(before, tuple(rows))

    def _brought(self, state: str) -> Snapshot:
        with self._aside():
            return self._bench.navigator.bring(self._host, state)

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """What is found on the way to a race is the matter of other checks: each move has one of its own."""
        ledger, self._bench.client.ledger = self._bench.client.ledger, Ledger()
        try:
            yield
        finally:
            self._bench.client.ledger = ledger

    def _shown(self, answered: Answered) -> str | None:
        return self._seen(answered.operation, answered.status, answered.reply.body if answered.reply else None)

    def _seen(self, operation: Operation, status: int | None, body: object) -> str | None:
        """The state that a look shows; None when it tells none, and for what is no look."""
        shown = self._bench.shown
        if operation.id != shown.reading.id:
            return None
        if status == 404:
            return self._lifecycle.absent
        state = shown.read(body, "state") if status == 200 else None
        return state if state in self._lifecycle.states else None

    def _finished(self, before: Snapshot, rows: tuple[Row, ...]) -> History:
        since = max(row.call.end for row in rows)
        course = self._bench.waiter.follow(
            self._host,
            source=before.state,
            via=self._lifecycle.unknown if self._imports(rows) else None,
            targets=tuple(sorted(ends(self._lifecycle, before.state, rows))),
            since=since,
        )
        looks = looks_of(course, self._bench.shown.reading.id, since, self._lifecycle.absent)
        self._keep_books(before, rows)
        # one that is where it was when the time is over has come to rest, too, though perhaps in the wrong place
        settled = course.settled or course.last.state == before.state
        return History(before.state, rows, looks, course.last, settled)

    def _imports(self, rows: Sequence[Row]) -> bool:
        imports = self._importing()
        return imports is not None and any(row.operation == imports.id for row in rows)

    def _importing(self) -> Operation | None:
        for operation in self._bench.navigator.map.triggering:
            edge = self._lifecycle.edge(self._lifecycle.absent, str(operation.trigger))
            if edge is not None and len(edge.to) > 1:
                return operation
        return None

    def _keep_books(self, before: Snapshot, rows: Sequence[Row]) -> None:
        operations = self._bench.contract.operations
        had = [row for row in rows if row.call.is_accepted or row.call.is_lost]
        if before.state == self._lifecycle.absent:
            self._count_machines(had)
        elif before.state != self._lifecycle.unknown and any(
            operations[row.operation].feature == FORGET for row in had
        ):
            self._take_back(before)

    def _count_machines(self, had: Sequence[Row]) -> None:
        """Two accepted provisions are a fault, and the suite knows at most one of their machines by its name."""
        into: dict[str, list[Row]] = {}
        for row in had:
            edge = self._lifecycle.edge(self._lifecycle.absent, str(row.call.trigger))
            into.setdefault("makes" if edge and len(edge.to) == 1 else "else", []).append(row)
        if len(into.get("makes", [])) > 1 and not into.get("else"):
            sentence = f"{self._host}: perhaps a machine, because two provisions were accepted at once"
            if sentence not in self._bench.navigator.lost:
                self._bench.navigator.lost.append(sentence)

    def _take_back(self, machine: Snapshot) -> None:
        navigator, importing = self._bench.navigator, self._importing()
        self._brought(self._lifecycle.absent)
        navigator.mover.forgotten[self._host] = machine
        with self._aside():
            accepted = importing is not None and navigator.fire(importing, self._host).accepted
        if not accepted:
            del navigator.mover.forgotten[self._host]
            navigator.lost.append(f"{self._host}: a machine that was forgotten in a race, and no import takes back")
        elif navigator.rest(self._host).state == self._lifecycle.unknown:
            # not there, or still on its way: what is deleted is no trouble to the next round
            self._brought(self._lifecycle.absent)
