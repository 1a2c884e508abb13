"""Time as an argument: real, frozen or N times as fast, and moved by hand.

Nothing in the emulator looks at the wall clock but this module; nobody sleeps.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
"""The last second that can be written; emulated time stops there."""


@dataclass(frozen=True, slots=True)
class Course:
    """How time runs: at tick `reference` it was `anchor`, and it runs at `rate` emulated seconds a tick of a second.

    Times are seconds since the epoch, as floats. ValueError for a rate that would go back.
    """

    anchor: float
    reference: float
    rate: float = 1.0

    def __post_init__(self) -> None:
        if self.rate < 0:
            raise ValueError(f"a clock cannot run at {self.rate}: time does not go back")

    def at(self, tick: float) -> float:
        """The time at this tick."""
        return min(self.anchor + (tick - self.reference) * self.rate, END)

    def advanced(self, seconds: float, tick: float) -> Course:
        """The same, so many seconds later from this tick on. ValueError for negative ones and too many."""
        if seconds < 0:
            raise ValueError(f"a clock cannot be moved by {seconds} s: time does not go back")
        if self.at(tick) + seconds > END:
            raise ValueError(f"a clock cannot be moved by {seconds} s: time ends with the year 9999")
        return replace(self, anchor=self.anchor + seconds)

    def moved_to(self, instant: float, tick: float) -> Course:
        """The same, at that time from this tick on, exactly; where that has passed already, unchanged."""
        return Course(min(instant, END), tick, self.rate) if instant > self.at(tick) else self

    def running_at(self, rate: float, tick: float) -> Course:
        """At `rate` from this tick on; 0 freezes. ValueError when it is negative."""
        return Course(self.at(tick), tick, rate)


Turn = Callable[[Course, float], Course]
"""From a course and the tick of now to the course that is to follow."""


class Clock:
    """A clock that runs at `rate` emulated seconds a real second (0: frozen) and can be moved forward.

    It never goes back, whatever happens to the wall clock: it follows the monotonic one.
    """

    def __init__(self, rate: float = 1.0, start: float | None = None) -> None:
        self._course = Course(time.time() if start is None else start, self._tick(), rate)
        self._turning = threading.Lock()

    @property
    def rate(self) -> float:
        """Emulated seconds in a real second; 0 when frozen."""
        return self._read().rate

    def now(self) -> float:
        """The emulated time, in seconds since the epoch."""
        return self._read().at(self._tick())

    def now_in(self, unit: object) -> float:  # noqa: ARG002 - a clock of its own needs no store
        """The time inside a unit of work, from the store itself where the clock is kept there."""
        return self.now()

    def as_known(self) -> float:
        """The time without asking anybody, for what must not fail: a clock that others move may be ahead of it."""
        return self.now()

    def copy(self) -> Clock:
        """A clock of its own that shows the same and runs as fast."""
        twin = Clock()
        twin._course = self._read()
        return twin

    def advance(self, seconds: float) -> float:
        """Move the clock forward by `seconds` and answer the new time. ValueError for negative ones and too many."""
        return self._turn(lambda course, tick: course.advanced(seconds, tick))

    def move_to(self, instant: float) -> float:
        """Move the clock forward to that time, if it is to come, and answer the time."""
        return self._turn(lambda course, tick: course.moved_to(instant, tick))

    def run_at(self, rate: float) -> None:
        """From now on run at `rate` (0 freezes the clock). ValueError when it is negative."""
        self._turn(lambda course, tick: course.running_at(rate, tick))

    def _tick(self) -> float:
        return time.monotonic()

    def _read(self) -> Course:
        return self._course

    def _turn(self, turn: Turn) -> float:
        with self._turning:
            tick = self._tick()
            self._course = turn(self._course, tick)
            return self._course.at(tick)


def parse_clock(text: str, start: float | None = None) -> Clock:
    """The clock that `--clock` names: `real`, `frozen` or `xN`. ValueError says what is expected.

    It begins at `start` (seconds since the epoch), or at the time of the wall clock.
    """
    if text == "real":
        return Clock(start=start)
    if text == "frozen":
        return Clock(rate=0.0, start=start)
    try:
        rate = float(text[1:]) if text.startswith("x") else 0.0
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1e6:
        raise ValueError(f"{text!r} is not a clock; use real, frozen, or xN for N times as fast (such as x60)")
    return Clock(rate=rate, start=start)


def iso(seconds: float) -> str:
    """A time in seconds since the epoch as the API shows it: ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def exact(seconds: float) -> str:
    """A time in seconds since the epoch in ISO 8601 in UTC, with all digits that it has, at most nine."""
    whole, _, fraction = f"{seconds:.9f}".partition(".")
    text = datetime.fromtimestamp(int(whole), UTC).isoformat().removesuffix("+00:00")
    return f"{text}.{fraction}".rstrip("0").rstrip(".") + "Z"


def parse_exact(text: str) -> float:
    """The time that `exact` has written. ValueError when it is no time in UTC."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return float(f"{int(datetime.fromisoformat(whole + '+00:00').timestamp())}.{fraction or 0}")
