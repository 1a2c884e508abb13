"""Time as an argument: real, frozen or N times as fast, and moved by hand.

Nothing in the emulator looks at the wall clock but this module; nobody sleeps.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
"""The last second that can be written; emulated time stops there."""


class Clock:
    """A clock that runs at `rate` emulated seconds a real second (0: frozen) and can be moved forward.

    It never goes back, whatever happens to the wall clock: it follows the monotonic one.
    Times are seconds since the epoch, as floats.
    """

    __slots__ = ("_anchor", "_lock", "_rate", "_started")

    def __init__(self, rate: float = 1.0, start: float | None = None) -> None:
        if rate < 0:
            raise ValueError(f"a clock cannot run at {rate}: time does not go back")
        self._rate = rate
        self._started = time.monotonic()
        self._anchor = time.time() if start is None else start
        self._lock = threading.Lock()

    @property
    def rate(self) -> float:
        """Emulated seconds in a real second; 0 when frozen."""
        return self._rate

    def now(self) -> float:
        """The emulated time, in seconds since the epoch."""
        with self._lock:
            return self._read()

    def advance(self, seconds: float) -> float:
        """Move the clock forward by `seconds` and answer the new time. ValueError for negative ones and too many."""
        if seconds < 0:
            raise ValueError(f"a clock cannot be moved by {seconds} s: time does not go back")
        with self._lock:
            if self._read() + seconds > END:
                raise ValueError(f"a clock cannot be moved by {seconds} s: time ends with the year 9999")
            self._anchor += seconds
            return self._read()

    def run_at(self, rate: float) -> None:
        """From now on run at `rate` (0 freezes the clock). ValueError when it is negative."""
        if rate < 0:
            raise ValueError(f"a clock cannot run at {rate}: time does not go back")
        with self._lock:
            self._anchor, self._started, self._rate = self._read(), time.monotonic(), rate

    def _read(self) -> float:
        return min(self._anchor + (time.monotonic() - self._started) * self._rate, END)


def parse_clock(text: str) -> Clock:
    """The clock that `--clock` names: `real`, `frozen` or `xN`. ValueError says what is expected."""
    if text == "real":
        return Clock()
    if text == "frozen":
        return Clock(rate=0.0)
    try:
        rate = float(text[1:]) if text.startswith("x") else 0.0
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1e6:
        raise ValueError(f"{text!r} is not a clock; use real, frozen, or xN for N times as fast (such as x60)")
    return Clock(rate=rate)


def iso(seconds: float) -> str:
    """A time in seconds since the epoch as the API shows it: ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
