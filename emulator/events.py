"""What happened in a world, numbered: whoever asks from a number on sees all of it once, or is told what is missing.

Notes are taken inside the units of work of the store, so each world has one writer at a time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

KEPT = 10_000
"""So many events a world remembers, the latest."""

STATE, CLOCK, RESET = "state", "clock", "reset"

RESET_SINCE, FORGOTTEN = "reset", "forgotten"
"""Why events are missing: the world has begun anew since, or they were let go."""

Row = tuple[int, float, str, tuple[str, ...], str | None, str | None, str | None]
"""Number, time (seconds since the epoch), kind, names (outermost first), from, to, cause."""


@dataclass(frozen=True, slots=True)
class Found:
    """Events after a number, oldest first; `gap` says why some between are missing, `following` from where to go on."""

    rows: list[Row]
    gap: str | None
    following: int


class Events:
    """The latest events of one world. Numbers begin after `number`, and go on in its successor."""

    __slots__ = ("_first", "_is_over", "_kept", "_listeners", "_more", "number")

    def __init__(self, number: int = 0) -> None:
        self.number = self._first = number
        self._kept: deque[Row] = deque(maxlen=KEPT)
        self._listeners = 0
        self._is_over = False
        self._more = threading.Condition()

    @property
    def oldest(self) -> int:
        """The number of the oldest that is kept; the next one when there is none."""
        return self._kept[0][0] if self._kept else self.number + 1

    def add(
        self,
        at: float,
        kind: str,
        names: tuple[str, ...] = (),
        source: str | None = None,
        target: str | None = None,
        cause: str | None = None,
    ) -> None:
        """Note what happened at a time; the oldest is let go when there are many."""
        number = self.number + 1
        self._kept.append((number, at, kind, names, source, target, cause))
        self.number = number
        if self._listeners:
            self._wake()

    def successor(self, at: float) -> Events:
        """Those of the same world when it begins anew; the reset is the first of them. Nobody waits here then."""
        heir = Events(self.number)
        heir.add(at, RESET)
        self.end()
        return heir

    def end(self) -> None:
        """Nothing will come any more: let go of those who wait."""
        self._is_over = True
        self._wake()

    def since(self, number: int, most: int) -> Found:
        """At most so many events after a number, which another world may have given."""
        kept = tuple(self._kept)
        newest = self.number
        gap = None
        if not self._first <= number <= newest:
            gap, number = RESET_SINCE, self._first
        elif kept and number < kept[0][0] - 1:
            gap = FORGOTTEN
        rows = list(takewhile(lambda row: row[0] > number, reversed(kept)))[::-1][:most]
        return Found(rows, gap, rows[-1][0] if rows else newest)

    def wait(self, number: int, seconds: float, is_gone: Callable[[], bool] = lambda: False) -> bool:
        """Wait for an event after a number, for so many real seconds at most; whether one may be there.

        True, too, when nothing will come here any more, and when `is_gone` says that nobody waits for it.
        """

        def look() -> bool:
            return self.number > number or self._is_over or is_gone()

        with self._more:
            self._listeners += 1
            try:
                return self._more.wait_for(look, seconds)
            finally:
                self._listeners -= 1

    def _wake(self) -> None:
        with self._more:
            self._more.notify_all()
