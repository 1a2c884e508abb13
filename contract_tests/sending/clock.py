"""The time of a run, as its record tells it: that of the last exchange, and what was waited for since.

Every decision of the suite that depends on time depends on this. So whoever has the exchanges can take the same
decisions again, without a server and without waiting (contract_tests.certifying.recomputing).
"""

from __future__ import annotations

import time

from contract_tests.sending.stopping import waiting


class Clock:
    """Seconds since the run began, in `now`; it stands still between the exchanges."""

    def __init__(self, started: float | None = None) -> None:
        self.started = time.monotonic() if started is None else started
        self.now = 0.0

    def read(self) -> float:
        """What the time really is, in the same seconds, as exact as an exchange tells it."""
        return round(time.monotonic() - self.started, 6)

    def sleep(self, seconds: float) -> None:
        """Wait. Whoever stops the waiting has waited, as far as anybody can tell later."""
        self.now += seconds
        with waiting():
            time.sleep(seconds)
