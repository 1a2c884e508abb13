"""Tries whether what came of a race comes without one, too: then it is no fault of the race, and other checks say so.

The same requests are sent in turn, and each of them alone in every state in which it may have come. What a failure in
the world explains as well must come again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import permutations

from contract import Operation
from contract_tests.checks.race_history import History, Judgement, in_words
from contract_tests.checks.race_rounds import Rounds
from contract_tests.moving.navigator import CannotReachError
from contract_tests.moving.tour import Node
from contract_tests.running.bench import Bench
from contract_tests.sending.replies import LostReplyError

AGAIN = 3
"""How often a race is run again that something else would explain, too."""


class Control:
    """The counter-tests of races from one state."""

    def __init__(self, bench: Bench, state: str) -> None:
        self._bench = bench
        self._state = state
        self._lifecycle = bench.contract.lifecycle

    def excuse(self, operations: Sequence[Operation], history: History, judgement: Judgement) -> str | None:
        """Why what no order explains is perhaps no fault of a race; None when it must be one."""
        said = in_words(judgement.rows)
        answered = sorted(history.sent, key=lambda row: row.call.end)
        in_order = [self._bench.contract.operations[row.operation] for row in answered]
        try:
            if judgement.perhaps and not self._comes_again(operations, judgement):
                return f"{said}; {judgement.perhaps}"
        except (CannotReachError, LostReplyError) as error:
            return f"{said}; it could not be tried again: {error}"
        return self.without_race(in_order)

    def without_race(self, operations: Sequence[Operation]) -> str | None:
        """What these requests do wrong without a race, in words; None when nothing is wrong then."""
        triggers = {operation.id: operation for operation in operations if operation.trigger}
        sequences = [tuple(operations), tuple(reversed(operations))]
        if len(triggers) > 2:  # in a long row one may be settled, or deleted, before it has shown its fault
            sequences += permutations(triggers.values(), 2)
        try:
            return self._in_turn(sequences) or self._alone(triggers)
        except (CannotReachError, LostReplyError) as error:
            return f"it could not be told from other faults: {error}"

    def _comes_again(self, operations: Sequence[Operation], judgement: Judgement) -> bool:
        rounds = Rounds(self._bench, self._state)
        for _ in range(AGAIN):
            history, _answers = rounds.together(operations)
            if history.settled and history.judged(self._lifecycle).rule == judgement.rule:
                return True
        return False

    def _in_turn(self, sequences: Iterable[tuple[Operation, ...]]) -> str | None:
        for sequence in sequences:
            if not self._is_right(self._state, sequence):
                names = ", ".join(operation.id for operation in sequence)
                return f"no fault of a race: {names}, one after the other, are answered like that too"
        return None

    def _alone(self, triggers: Mapping[str, Operation]) -> str | None:
        for state in self._states(triggers):
            for operation in triggers.values():
                if not self._is_right(state, (operation,)):
                    return f"no fault of a race: {operation.id} alone in {state} is not as it should be"
        return None

    def _is_right(self, state: str, operations: Sequence[Operation]) -> bool:
        history = Rounds(self._bench, state).in_turn(operations)
        return history.settled and history.judged(self._lifecycle).rule is None

    def _states(self, triggers: Container[str]) -> list[str]:
        """The states in which an instance can rest between these triggers, as far as they are legal."""
        found = [self._state]
        for state in found:
            moves = self._bench.navigator.map.moves(Node(state))
            targets = [move.target for move in moves if move.operation.id in triggers]
            found.extend(target for target in dict.fromkeys(targets) if target not in found)
        return found
