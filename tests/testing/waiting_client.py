"""A client of somebody who knows nothing of emulators: it waits as clients do, with the clock of the machine."""

from __future__ import annotations

import time
from time import monotonic, perf_counter_ns
from time import sleep as pause

from tests.testing.conftest import ask

POLL_SECONDS = 3


def shut_down(instance: str, patience: float = 300) -> tuple[int, float]:
    """Shut a machine down and wait until it is off: how often it was looked at, and the seconds that this took."""
    began, deadline = time.monotonic(), time.time() + patience
    ask("PUT", f"{instance}/_shutdown")
    polls = 1
    while ask("GET", instance)[1]["state"] != "STOPPED":
        if time.time() > deadline:
            raise TimeoutError(f"{instance} is not off after {patience} s")
        time.sleep(POLL_SECONDS)
        polls += 1
    return polls, time.monotonic() - began


def nap(seconds: float) -> tuple[float, int]:
    """Sleep, with names imported from `time`: the seconds and nanoseconds that this took."""
    began, counted = monotonic(), perf_counter_ns()
    pause(seconds)
    return monotonic() - began, perf_counter_ns() - counted
