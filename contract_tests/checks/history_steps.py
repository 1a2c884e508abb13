"""The steps of a random walk, with the model that says what must come: where the instance is, whether it is locked.

The model is what the last look showed, and what the table says of it; the navigator keeps the books of machines that
were forgotten. A walk ends at its first fault: what comes after it says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from contract import Lock, Operation
from contract_tests.checks.identity import MAC_KEY
from contract_tests.checks.refusals import refusal_holds
from contract_tests.judging import cells, compare
from contract_tests.judging.answer_checks import UUID_KEY
from contract_tests.moving.moves import Made
from contract_tests.moving.navigator import CannotReachError
from contract_tests.moving.tour import FORGET, Move
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.outcomes import Finding
from contract_tests.sending.replies import LostReplyError, Reply, TargetGoneError

BUDGET_SECONDS, MOST_MOVES = 12.0, 100_000
"""Seconds that all walks together may wait for instances to settle, at the pace of the server; and no fewer moves."""

FEWEST_MOVES = 6
"""Legal moves that are made however slow the server is."""

BEFORE = 2
"""Actions before a move by which it is chosen, so that a run meets as many orders of three as it has moves for."""

DRAWS = 2**16
"""Of so many numbers one is drawn for the kind of a step, and one for what it does."""


class Story:
    """What all walks of one check share.

    `visits` counts what was done where, `orders` what was done after what. `stopped` is what ended them all before
    their time. `machines` are those that were made or imported: their names must never come back with a new one.
    `moves` counts the legal moves, `made` has the cells of those that went well.
    """

    def __init__(self, bench: Bench, home: str) -> None:
        self.bench = bench
        self.home = home
        self.visits: Counter[tuple[str, str]] = Counter()
        self.orders: Counter[tuple[str, ...]] = Counter()
        self.machines: list[Mapping[str, str]] = []
        self.stopped: Exception | None = None
        self.moves = 0
        self.made: set[tuple[str, str, str]] = set()

    def go_home(self) -> Snapshot:
        """Bring the host where every walk begins. CannotReachError, also when a lock cannot be taken off."""
        navigator, host = self.bench.navigator, self.bench.host
        now = navigator.unlocked(host, navigator.rest(host))
        if self.bench.shown.read(now.body, "locked") is True:
            raise CannotReachError(f"{host} is {now.state} and locked, and an unlock does not take the lock off")
        return navigator.bring(host, self.home)

    @property
    def goes_on(self) -> bool:
        """Whether another walk, or another move, may be made: as many as there is time for, and a few in any case."""
        enough = max(FEWEST_MOVES, self.bench.affordable(MOST_MOVES, BUDGET_SECONDS))
        return self.stopped is None and self.moves < enough


class Walk:
    """One walk from the home state on."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._bench = story.bench
        self._host = story.bench.host
        self._navigator = story.bench.navigator
        self._lifecycle = story.bench.contract.lifecycle
        self._locked = False
        self._restored = False
        self._trail: list[str] = []
        self._past: tuple[str, ...] = ()
        self._over = not story.goes_on
        self._found = 0
        self._now: Snapshot
        self._last: Operation | None = None
        if not self._over:
            self._guard(self._begin)

    def step(self, kind: int, choice: int) -> None:
        """One step of a kind; `choice` picks the operation, 0 the one that was tried least here."""
        if self._over or not self._story.goes_on:
            return
        kinds = self._kinds()
        self._guard(lambda: self._is_where_it_was() and kinds[kind % len(kinds)](choice))

    def _kinds(self) -> tuple[Callable[[int], None], ...]:
        """What can be done here, as often as it shall be drawn."""
        if self._locked:
            return (self._refused_by_lock,) * 3 + (self._unlock,) * 3 + (self._lock, self._read)
        seldom = (self._leave, self._forget, self._refused, self._unlock, self._read, self._look)
        return (self._go,) * 10 + (self._lock,) * 3 + (self._leave, self._forget) + seldom

    def _guard(self, act: Callable[[], object]) -> None:
        """Do something, and end the walk when it finds a fault or an answer is lost."""
        ledger = self._bench.ledger
        self._found = len(ledger.findings)
        try:
            act()
        except LostReplyError as error:
            ledger.doubt((cells.PATH,), str(error))
            self._over = True
        except CannotReachError as error:
            self._over = True
            self._story.stopped = error
        except TargetGoneError as error:
            self._story.stopped = error
        if not self._is_well:
            self._over = True
        if len(ledger.findings) > self._found:
            ledger.notes.append(f"the walk until then: {'; '.join(self._trail) or 'nothing'}")

    @property
    def _is_well(self) -> bool:
        """Whether the walk may go on: no fault was found in this step, and no answer lost."""
        return not self._over and len(self._bench.ledger.findings) == self._found

    def _is_where_it_was(self) -> bool:
        """Whether nothing has changed since the last step: else what this step finds would be blamed on it."""
        before, self._now = self._now, self._navigator.look(self._host)
        if before.state == self._lifecycle.absent and self._last is not None:
            rule, what = cells.leads(self._bench.contract, self._last)[0], f"{self._last.id}, and then nothing"
        else:
            rule, what = "lifecycle.quiet", f"nobody asks for a change in {before.state}, step {len(self._trail)}"
        return self._unchanged(rule, what, before, self._now.reply)

    def _begin(self) -> None:
        self._now = self._story.go_home()
        self._bench.ledger.figures["walks"] += 1

    def _visit(self, operation: Operation) -> str:
        """Note what is done where; the words for it."""
        self._story.visits[self._now.state, operation.id] += 1
        self._bench.ledger.figures["steps"] += 1
        self._bench.ledger.figures["cells"] = len(self._story.visits)
        what = f"{operation.id} in {self._now.state}{', locked' if self._locked else ''}"
        self._trail.append(what)
        return f"{what}, step {len(self._trail)}"

    def _pick(self, operations: list[Operation], choice: int) -> Operation | None:
        known = [one for one in operations if one.id not in self._bench.client.missing]
        least = sorted(known, key=lambda one: self._story.visits[self._now.state, one.id])
        return least[choice % len(least)] if least else None

    def _pick_after(self, moves: list[Move], choice: int) -> Operation | None:
        """What was done least after the two actions before it, three times out of four: faults hide in an order."""
        operations = [move.operation for move in moves]
        if choice % 4 == 3:
            return self._pick(operations, choice // 4)
        least = min(map(self._order, operations), default=0)
        return self._pick([one for one in operations if self._order(one) == least], choice // 4)

    def _order(self, operation: Operation) -> int:
        return self._story.orders[*self._past, operation.id]

    def _note_order(self, operation: Operation) -> None:
        self._story.orders[*self._past, operation.id] += 1
        self._past = (*self._past, operation.id)[-BEFORE:]

    def _go(self, choice: int) -> None:
        """A legal move that keeps or makes a machine, every other time after one that is refused.

        Most steps are such: a history needs something that lasts.
        """
        if choice % 2 == 0:
            self._refused(choice // 2)
        if self._is_well:
            moves = self._moves()
            self._make([move for move in moves if not self._ends(move)] or moves, choice // 2)

    def _leave(self, choice: int) -> None:
        """A legal move after which there is no machine, or none that is known."""
        self._make([move for move in self._moves() if self._ends(move)], choice)

    def _forget(self, choice: int) -> None:
        """A machine is forgotten, and found again by an import."""
        self._make([move for move in self._moves() if move.operation.feature == FORGET], choice)
        if self._is_well:
            self._make([move for move in self._moves() if move.known], choice)

    def _moves(self) -> list[Move]:
        broken = self._navigator.mover.broken
        moves = self._navigator.map.moves(self._navigator.node(self._host))
        return [move for move in moves if move.key not in broken]

    def _ends(self, move: Move) -> bool:
        return move.target in (self._lifecycle.absent, self._lifecycle.unknown)

    def _make(self, allowed: list[Move], choice: int) -> None:
        moves = {move.operation.id: move for move in allowed}
        operation = self._pick_after(allowed, choice)
        if operation is None:
            return
        move, what = moves[operation.id], self._visit(operation)
        self._note_order(operation)
        self._last = operation
        if self._restored and move.key in self._story.made:
            self._make_again(move, what)
            return
        self._restored = False
        made = self._navigator.make(self._host, move)
        if made is None:
            self._over = True
            if operation.feature == FORGET:  # it may be there still, and then no import must look for it
                self._navigator.mover.forgotten.pop(self._host, None)
            return
        self._now = made.course.last
        self._story.moves += 1
        self._story.made.add(move.key)
        self._bench.ledger.figures["moves"] = self._story.moves
        self._judge_machine(move, made)

    def _make_again(self, move: Move, what: str) -> None:
        """A legal move after an unlock; one that is refused now is so because of the lock that is off."""
        reply = self._navigator.fire(move.operation, self._host)
        expected = f"{move.operation.success}, as before the lock"
        self._restored = False
        if self._require(reply.accepted, "lock.unlock-restores", what, expected, reply, reply):
            course = self._navigator.mover.follow(self._host, move, reply)
            self._over = not course.settled or course.last.state != move.target  # others judge where it leads
        self._now = self._navigator.rest(self._host)

    def _judge_machine(self, move: Move, made: Made) -> None:
        absent, shown = self._lifecycle.absent, self._bench.shown
        if move.target == absent:
            return
        if move.edge.state != absent:
            lost = compare.lost(shown, made.before, self._now)
            self._require(lost is None, "properties.kept", move, "every property as it was", lost, made.reply)
        elif len(move.edge.to) > 1:
            self._imported(move, made)
        else:
            self._provisioned(move, made)

    def _imported(self, move: Move, made: Made) -> None:
        sent = dict(self._bench.shown.pairs(made.sent))
        properties = self._bench.shown.properties(self._now.body)
        lost = [
            key
            for key, value in sent.items()
            if not key.startswith(compare.VOLATILE) and (key, value) not in properties
        ]
        got = f"without {', '.join(lost)}, or with another value"
        self._require(not lost, "properties.values-kept", move, "every property as it was sent", got, made.reply)
        if move.known:
            self._bench.ledger.hold(("lifecycle.forget-keeps-machine",))
        self._story.machines.append(sent)

    def _provisioned(self, move: Move, made: Made) -> None:
        properties = dict(self._bench.shown.properties(self._now.body))
        again = [
            f"{key} {properties[key]}"
            for key in (UUID_KEY, MAC_KEY)
            if any(properties.get(key, "") == machine.get(key) for machine in self._story.machines)
        ]
        expected = f"a {UUID_KEY} and a {MAC_KEY} that no machine before had"
        got = f"the {', '.join(again)} of a machine before"
        if self._story.machines:
            self._require(not again, "identity.new-on-provision", move, expected, got, made.reply)
        self._story.machines.append(properties)

    def _refused(self, choice: int) -> None:
        """A trigger that the table does not have here."""
        state, before = self._now.state, self._now
        illegal = [one for one in self._triggering() if self._lifecycle.edge(state, str(one.trigger)) is None]
        operation = self._pick(illegal, choice)
        if operation is None:
            return
        what = self._visit(operation)
        reply = self._navigator.fire(operation, self._host)
        refusal_holds(self._bench, operation, state, reply)
        self._now = self._navigator.rest(self._host) if reply.accepted else self._navigator.look(self._host)
        if not reply.accepted:
            self._unchanged(cells.UNCHANGED, what, before, reply)

    def _refused_by_lock(self, choice: int) -> None:
        """Any trigger, under the lock."""
        before, operation = self._now, self._pick(self._triggering(), choice)
        if operation is None:
            return
        what = self._visit(operation)
        reply = self._navigator.fire(operation, self._host)
        self._now = self._navigator.rest(self._host) if reply.accepted else self._navigator.look(self._host)
        rules: tuple[str, ...] = ("lock.refuses-triggers",)
        if reply.status in (404, 405):
            self._bench.client.missing.add(operation.id)
            rules = cells.not_offered(self._bench.contract, operation)
        if reply.status != 409 and reply.status < 500:
            expected = "409: it is locked"
            self._bench.ledger.breach(Finding(rules, what, expected, str(reply), reply.number, reply.curl))
        else:
            self._unchanged("lock.refuses-triggers", what, before, reply)

    def _lock(self, _: int) -> None:
        self._turn(locked=True)

    def _unlock(self, _: int) -> None:
        self._turn(locked=False)

    def _turn(self, *, locked: bool) -> None:
        """Lock or unlock, whether it is so already or not."""
        lock: Lock | None = self._navigator.lock
        if lock is None:
            return
        before, operation = self._now, self._bench.contract.operations[lock.lock if locked else lock.unlock]
        what = self._visit(operation)
        reply = self._navigator.fire(operation, self._host)
        self._now = self._navigator.look(self._host)
        if before.state == self._lifecycle.absent:
            self._require(reply.status == 404, cells.NO_INSTANCE, what, "404", reply, reply)
        elif locked is self._locked:
            fine = reply.accepted  # with which 2xx is judged in every answer
            got = compare.changed(self._bench.shown, before, self._now) if fine else reply
            expected = f"{operation.success}, and no change at all"
            self._require(fine and got is None, "lock.idempotent", what, expected, got, reply)
        else:
            shows = self._bench.shown.read(self._now.body, "locked")
            holds = reply.status == operation.success and shows is locked
            got = f"{reply.status}, and GET shows {shows!r}"
            expected = f"{operation.success}, and then {lock.field} reads {str(locked).lower()}"
            self._require(holds, "lock.sets", what, expected, got, reply)
            self._locked, self._restored = locked, not locked

    def _read(self, choice: int) -> None:
        """What answers in some states only: the console."""
        reading = [one for one in self._bench.contract.operations.values() if one.legal_in is not None]
        operation = self._pick(self._bench.claimed(one for one in reading if not one.trigger), choice)
        if operation is None:
            return
        what, state = self._visit(operation), self._now.state
        reply = self._bench.client.call(operation, self._host)
        if state == self._lifecycle.absent:
            self._require(reply.status == 404, cells.NO_INSTANCE, what, "404", reply, reply)
        elif state in (operation.legal_in or ()):
            rule, success = cells.success(operation)[0], operation.success
            self._require(reply.status == success, rule, what, str(success), reply, reply)
        else:
            self._require(reply.status == 409, "console.refused", what, "409", reply, reply)

    def _look(self, _: int) -> None:
        """Nobody asks for a change, and nothing changes."""
        self._visit(self._bench.shown.reading)
        for _ in range(self._bench.waiter.timeouts.quiet):
            if not self._is_where_it_was():
                break

    def _triggering(self) -> list[Operation]:
        return list(self._navigator.map.triggering)

    def _unchanged(self, rule: str, what: str, before: Snapshot, reply: Reply) -> bool:
        difference = compare.changed(self._bench.shown, before, self._now)
        return self._require(difference is None, rule, what, "the instance as it was", difference, reply)

    def _require(self, holds: bool, rule: str, what: object, expected: str, got: object, reply: Reply) -> bool:  # noqa: FBT001 - as in the ledger
        if reply.status >= 500:
            return False  # charged already, as in every answer
        return self._bench.ledger.require(holds, (rule,), str(what), expected=expected, got=got, reply=reply)
