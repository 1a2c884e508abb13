"""Several processes that serve one listening socket: each a server of its own, over one store.

The parent serves nothing. It puts another in the place of a worker that has died, and passes on when to stop.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
_HEARD = STOP_SIGNALS | {signal.SIGCHLD}

TICK = 1.0
"""Seconds between two looks at whether to go on."""

SHORT_LIFE = 1.0
"""A worker that died younger than this, in seconds, is replaced only after as long: or a broken start would spin."""


class Workers:
    """So many processes, each of which calls `serve` once."""

    def __init__(self, count: int, serve: Callable[[], None]) -> None:
        self._count = count
        self._serve = serve
        self._born: dict[int, float] = {}

    def start(self) -> bool:
        """Start them; False in a worker, after it has served."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        return all(self._fork() for _ in range(self._count))

    def watch(self, goes_on: Callable[[], bool]) -> bool:
        """Until a signal says stop, or `goes_on` does not hold, keep their number; False in a worker, see start."""
        while goes_on():
            heard = signal.sigtimedwait(_HEARD, TICK)
            if heard is not None and heard.si_signo in STOP_SIGNALS:
                break
            for pid in self._ended():
                logger.warning("worker %d has ended; another takes its place", pid)
                time.sleep(max(0.0, self._born.pop(pid) + SHORT_LIFE - time.monotonic()))
                if not self._fork():
                    return False
        self._stop()
        return True

    def _fork(self) -> bool:
        pid = os.fork()
        if pid:
            self._born[pid] = time.monotonic()
            return True
        self._serve()
        return False

    def _ended(self) -> list[int]:
        return [pid for pid in self._born if os.waitpid(pid, os.WNOHANG)[0]]

    def _stop(self) -> None:
        for pid in self._born:
            os.kill(pid, signal.SIGTERM)
        for pid in self._born:
            os.waitpid(pid, 0)


def hear(stop: Callable[[], None]) -> None:
    """Call `stop` at a signal, also at one that came before it could be heard: workers are born with signals held back.

    Signals interrupt each other's handlers, without end when more come than are handled: the second does nothing.
    """
    heard: list[int] = []

    def once(number: int, _: object) -> None:
        if not heard:
            heard.append(number)
            stop()

    for number in STOP_SIGNALS:
        signal.signal(number, once)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)


def ignore_stops() -> None:
    """From now on: a second signal must not turn an end into another one, as Python goes down."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # or one that is on its way would be complained of
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
