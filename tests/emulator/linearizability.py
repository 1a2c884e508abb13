"""Whether a history of concurrent requests can be explained by some serial order of them.

A search after Wing and Gong over the lifecycle table, where every action takes effect at once. A request that
changes nothing is placed as soon as it fits: that loses no order, and keeps the search small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from contract import Lifecycle


@dataclass(frozen=True, slots=True)
class Call:
    """A request that began at `start` and was answered at `end`; `trigger` None is a look that saw `seen`."""

    start: float
    end: float
    trigger: str | None
    accepted: bool = True
    seen: str | None = None


class Search:
    """Looks for a serial order of calls on one instance, from a state that is known."""

    def __init__(self, lifecycle: Lifecycle, calls: Iterable[Call]) -> None:
        self._lifecycle = lifecycle
        self._calls: Sequence[Call] = sorted(calls, key=lambda call: call.start)

    def explains(self, state: str) -> bool:
        """Whether some serial order of the calls is legal from this state."""
        todo = [(state, frozenset(range(len(self._calls))))]
        known = set(todo)
        while todo:
            state, left = todo.pop()
            left = self._place_idle(state, left)
            if not left:
                return True
            for after in self._moves(state, left):
                if after not in known:
                    known.add(after)
                    todo.append(after)
        return False

    def _place_idle(self, state: str, left: frozenset[int]) -> frozenset[int]:
        while True:
            placed = {call for call in self._ready(left) if self._is_idle(state, self._calls[call])}
            if not placed:
                return left
            left -= placed

    def _moves(self, state: str, left: frozenset[int]) -> Iterator[tuple[str, frozenset[int]]]:
        for number in self._ready(left):
            call = self._calls[number]
            edge = self._lifecycle.edge(state, call.trigger) if call.trigger else None
            if edge and call.accepted:
                yield edge.to[0], left - {number}

    def _ready(self, left: frozenset[int]) -> list[int]:
        """The calls that began before any other of those left was answered."""
        first_end = min(self._calls[number].end for number in left) if left else 0.0
        return [number for number in left if self._calls[number].start <= first_end]

    def _is_idle(self, state: str, call: Call) -> bool:
        if call.trigger is None:
            return call.seen == state
        edge = self._lifecycle.edge(state, call.trigger)
        return edge is None if not call.accepted else edge is not None and edge.to[0] == state
