"""A signal that asks a run to stop. It is heard while the run waits, and before it sends anything else.

So a run breaks off between exchanges, where it can be gone through again from them (contract_tests.running.resuming).
Nowhere else: what a handler raises may leave a lock taken for ever, or get lost where Python ignores exceptions.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from contract_tests.sending.replies import Interrupted


@dataclass(slots=True)
class _State:
    """Of this process. `asked`: the signal that came and was not heard yet; `waits`: whether to hear it at once."""

    asked: str | None = None
    waits: bool = False


_STATE = _State()


def stop(number: int, frame: FrameType | None) -> None:
    """The handler: raises Interrupted where the run waits, or has it raised before it sends anything else."""
    del frame
    _STATE.asked = signal.Signals(number).name
    if _STATE.waits:
        raise Interrupted(_STATE.asked)


def listen() -> None:
    """Interrupted when somebody has asked."""
    if _STATE.asked is not None:
        raise Interrupted(_STATE.asked)


def heard() -> None:
    """What was asked is being done: the run is cleaned up. Another signal is another wish."""
    _STATE.asked = None


@contextmanager
def waiting() -> Iterator[None]:
    """While something is waited for: Interrupted when somebody has asked, or asks now."""
    listen()
    _STATE.waits = True
    try:
        yield
    finally:
        _STATE.waits = False


@contextmanager
def stoppable() -> Iterator[None]:
    """While a run, or a check of one, goes on: SIGINT and SIGTERM become Interrupted, after which it cleans up."""
    heard()
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
