"""What a platform was asked, as a test expects it; what was not asked is told with what came nearest to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from difflib import get_close_matches
from typing import Any

from emulator.journal import Entry, Journal, Wanted
from emulator.journal.near_misses import line, nearest
from emulator.testing.mistakes import UsageError

MOST_TOLD = 10
"""So many requests are told that came and should not have."""

PATIENCE = 5.0
"""Real seconds that `wait_for` waits unless told otherwise."""

ACCEPTED = range(200, 400)


class Requests:
    """The requests to a platform that are like `wanted`, as they are whenever it is asked.

    An expectation that does not hold is an AssertionError. A refused request is none of those that are expected,
    unless its status was asked for; `never` means that nobody has even tried.
    """

    def __init__(self, journal: Callable[[], Journal], wanted: Wanted) -> None:
        self._journal = journal
        self._wanted = wanted

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._counted(self._find()))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def once(self) -> Entry:
        """Exactly one, which is answered."""
        __tracebackhide__ = True
        return self.times(1)[0]

    def times(self, count: int) -> list[Entry]:
        """Exactly so many, which are answered."""
        __tracebackhide__ = True
        found = list(self)
        if len(found) != count:
            raise AssertionError(self._told(_times(count), found))
        return found

    def at_least(self, count: int) -> list[Entry]:
        """So many or more, which are answered."""
        __tracebackhide__ = True
        found = list(self)
        if len(found) < count:
            raise AssertionError(self._told(f"at least {_times(count)}", found))
        return found

    def never(self) -> None:
        """None at all, not even one that was refused."""
        __tracebackhide__ = True
        found = self._find()
        if found:
            raise AssertionError(self._told("never", found))

    def wait_for(self, count: int = 1, *, timeout: float = PATIENCE) -> list[Entry]:
        """So many or more, which are answered, as soon as they have come: from a thread or a process of their own.

        `timeout` is in real seconds.
        """
        __tracebackhide__ = True
        until = time.monotonic() + timeout
        found = list(self)
        while len(found) < count and (left := until - time.monotonic()) > 0:
            refused = len(self._find()) - len(found)
            found = self._counted(self._journal().wait_for(self._wanted, refused + count, left))
        if len(found) < count:
            raise AssertionError(self._told(f"{_times(count)} within {timeout:g} s", found))
        return found

    def _find(self) -> list[Entry]:
        return [entry for entry in self._journal() if self._wanted.fits(entry)]

    def _counted(self, entries: list[Entry]) -> list[Entry]:
        is_told = self._wanted.status is not None
        return [entry for entry in entries if is_told or entry.status in ACCEPTED]

    def _told(self, expected: str, found: list[Entry]) -> str:
        """What was expected and what came; the nearest requests where nothing did."""
        journal = self._journal()
        entries = list(journal)
        lines = [line(entry, self._wanted, entries) for entry in found[:MOST_TOLD]] or nearest(journal, self._wanted)
        heading = ":" if found else ". Nearest:" if lines else ". There was no request at all."
        return "\n  ".join([f"expected {_named(self._wanted)} {expected}, got {len(found)}{heading}", *lines])


class JournalView:
    """All that a platform was asked since it began, or was restored; iterated, the entries themselves."""

    def __init__(self, journal: Callable[[], Journal], wanted: Callable[..., Wanted]) -> None:
        self._journal = journal
        self._wanted = wanted

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._journal())

    def find(self, operation: str | None = None, **members: Any) -> list[Entry]:
        """The entries that are like this, refused ones too; `members` are those of Hypervisor.requests."""
        wanted = self._wanted(operation, **members)
        return [entry for entry in self if wanted.fits(entry)]

    def count(self, operation: str | None = None, **members: Any) -> int:
        """How many `find` would find."""
        return len(self.find(operation, **members))


def refuse_unknown(operation: str | None, known: Collection[str]) -> None:
    """UsageError, with the likeliest, when there is no such operation."""
    if operation is not None and operation not in known:
        likely = ", ".join(get_close_matches(operation, known, n=3, cutoff=0.4)) or ", ".join(sorted(known))
        raise UsageError(f"there is no operation {operation!r}; there is {likely}")


def _named(wanted: Wanted) -> str:
    """Such as: pauseInstance(web1)."""
    place = wanted.host or wanted.environment or wanted.organization
    named = f"{wanted.operation or 'a request'}{f'({place})' if place else ''}"
    status = f" with status {wanted.status}" if wanted.status is not None else ""
    return f"{named}{status}{f' by {wanted.agent}' if wanted.agent else ''}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
