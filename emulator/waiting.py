"""Requests that wait: so few at a time that there are always threads for those that do not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from emulator.errors import Unavailable

SEATS = 4
"""So many requests of a process wait at most, of the eight that its threads can serve together."""

_seats = threading.BoundedSemaphore(SEATS)


@contextmanager
def seat() -> Iterator[None]:
    """Room for one request that waits, until the block ends. Unavailable, with Retry-After, when all are taken."""
    if not _seats.acquire(blocking=False):
        raise Unavailable(f"{SEATS} requests wait already, the most that can; come again, or ask without waiting")
    try:
        yield
    finally:
        _seats.release()
