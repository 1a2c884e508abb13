"""The clock of a platform in the hands of a test: nothing waits, and the code under test need not either."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Protocol

from emulator import steering
from emulator.durations import Duration, seconds_of
from emulator.testing.driving import driven
from emulator.testing.mistakes import explained
from emulator.world import World


class Emulating(Protocol):
    """What has a world."""

    @property
    def emulated(self) -> World:
        """The world, as it is now."""


class SteeredClock:
    """Moves time; what is due on the way takes effect, in order. UsageError says what cannot be."""

    def __init__(self, platform: Emulating) -> None:
        self._platform = platform

    @property
    def now(self) -> datetime:
        """The emulated time, in UTC."""
        return datetime.fromtimestamp(self._platform.emulated.clock.now(), UTC)

    def advance(self, duration: Duration) -> None:
        """Move forward: by seconds, by a timedelta, or by a text such as `90 s`, `10 min` or `1 h 30 min`."""
        with explained():
            steering.advance(self._platform.emulated, seconds_of(duration))

    def next(self) -> None:
        """Move to the next thing that is due. UsageError when nothing is on its way."""
        with explained():
            steering.to_next(self._platform.emulated)

    def run_until(self, *, state: str, host: str | None = None) -> None:
        """Move from due to due until the host's instance is in that state. UsageError says why it never will be.

        `host` None: the only one whose instance is on its way.
        """
        with explained():
            steering.run_until(self._platform.emulated, state, host)

    def freeze(self) -> None:
        """Let time stand still, as it does in a test unless told otherwise."""
        self.run(0.0)

    def run(self, rate: float = 1.0) -> None:
        """Let time pass by itself, at so many emulated seconds in a real one."""
        with explained():
            steering.run_at(self._platform.emulated, rate)

    def driven_by(self, *modules: str) -> AbstractContextManager[None]:
        """Until the block ends, what these modules sleep moves this clock, and what they read is this clock.

        A module is named as it is imported. It is its `sleep`, `time`, `monotonic` and `perf_counter` (and the three
        in nanoseconds) that are replaced, under whatever names it imported them or `time` itself; nobody else's are.
        UsageError when a module is not there, or uses none of them.
        """
        with explained():
            return driven(modules, self._wait, self._tell)

    def _wait(self, seconds: float) -> None:
        steering.advance(self._platform.emulated, seconds)

    def _tell(self) -> float:
        return self._platform.emulated.clock.now()
