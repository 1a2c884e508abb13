"""What was asked and what was answered, the newest last, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

CAPACITY = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request with its answer. `at` in seconds since the epoch, `duration` in seconds.

    `before` and `after` are the states of the instance that it was about, None when it was about none.
    """

    at: float
    duration: float
    username: str
    method: str
    path: str
    operation: str | None
    status: int
    before: str | None
    after: str | None
    message: str | None


class Journal:
    """The last `CAPACITY` entries of a world."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=CAPACITY)

    def add(self, entry: Entry) -> None:
        """Note a request; when the journal is full the oldest is let go."""
        self._entries.append(entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))
