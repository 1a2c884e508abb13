"""Who waits for what on which socket: waitress's loop, but for that it would ask every connection in every turn.

Here a connection is asked when something has happened to it; so the idle ones cost nothing, and a thread that has
answered need not wake the loop to be sent the next request.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from threading import RLock
from typing import Protocol

SWEEP = 1.0
"""Seconds after which all are asked: what was idle for too long shall close."""


class Watched(Protocol):
    """What is open: a connection, the socket that listens, the pipe that wakes."""

    accepting: bool

    def readable(self) -> bool:
        """Whether it would read now."""

    def writable(self) -> bool:
        """Whether it would write now."""


class Watch(dict[int, Watched]):
    """What is open, by its file number. `handle` is told what can read (EVENT_READ) or write (EVENT_WRITE)."""

    def __init__(self, handle: Callable[[Watched, int], None]) -> None:
        super().__init__()
        self._handle = handle
        self._selector = DefaultSelector()
        self._armed: dict[int, int] = {}
        self._arming = RLock()  # what somebody wants must be what is known of it, whichever thread looked last
        self._new: list[int] = []
        self._sweep_at = time.monotonic() + SWEEP

    def __setitem__(self, number: int, one: Watched) -> None:
        super().__setitem__(number, one)
        self._armed[number] = 0
        self._new.append(number)  # to be asked in the next turn: it is still being made

    def __delitem__(self, number: int) -> None:
        super().__delitem__(number)
        with self._arming:
            self._arm(number, 0)
            self._armed.pop(number, None)

    def turn(self, timeout: float) -> None:
        """Wait for at most so many seconds until something happens, and handle it."""
        now = time.monotonic()
        if now >= self._sweep_at:
            self._sweep_at, self._new = now + SWEEP, list(self)
        while self._new:
            self.ask(self._new.pop())
        for key, events in self._selector.select(timeout):
            if wanted := events & self._still(key.fd, events):
                self._handle(self[key.fd], wanted)
                self.ask(key.fd)

    def ask(self, number: int | None) -> None:
        """Watch for what it wants now; from any thread. None, and what is closed, are let be.

        What it does not want to read for the time being is watched on: mostly it wants it again before it comes.
        """
        with self._arming:
            if number is None or number not in self:
                return
            armed, wanted = self._armed[number], _wants(self[number])
            if wanted & ~armed or armed & ~wanted & EVENT_WRITE:
                self._arm(number, wanted)

    def _still(self, number: int, events: int) -> int:
        """What it wants now that this has happened; what it does not is not watched for any more."""
        with self._arming:
            if number not in self:
                return 0
            wanted = _wants(self[number])
            if events & ~wanted:
                self._arm(number, wanted)
            return wanted

    def _arm(self, number: int, wanted: int) -> None:
        armed, self._armed[number] = self._armed.get(number, 0), wanted
        if armed and wanted:
            self._selector.modify(number, wanted)
        elif wanted:
            self._selector.register(number, wanted)
        elif armed:
            with suppress(OSError):
                self._selector.unregister(number)

    def close(self) -> None:
        """Let go of the selector."""
        self._selector.close()


def _wants(one: Watched) -> int:
    write = one.writable() and not one.accepting
    return EVENT_READ * bool(one.readable()) | EVENT_WRITE * bool(write)
