"""A signal that asks a run to stop is heard between exchanges, wherever it meets the run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from contract_tests.sending.replies import Interrupted
from contract_tests.sending.stopping import heard, listen, stop, waiting


@pytest.fixture(autouse=True)
def handled() -> Iterator[None]:
    """SIGTERM asks this process to stop, until the test ends."""
    before = signal.signal(signal.SIGTERM, stop)
    yield
    signal.signal(signal.SIGTERM, before)
    heard()


def _ask() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_it_is_heard_while_something_is_waited_for() -> None:
    """A request or a nap is broken off."""
    with pytest.raises(Interrupted, match="SIGTERM"), waiting():
        _ask()


def test_it_is_heard_before_anything_else_is_waited_for() -> None:
    """What was asked elsewhere breaks nothing off there, and is heard before the next request is sent."""
    done = []

    def work() -> None:
        _ask()
        done.append("what came first")
        with waiting():
            done.append("what came next")

    with pytest.raises(Interrupted, match="SIGTERM"):
        work()
    assert done == ["what came first"]


class Finalized:
    """Asks where Python ignores what is raised."""

    def __del__(self) -> None:
        """Ask this process to stop."""
        _ask()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_it_is_not_lost_in_a_finalizer() -> None:
    """What was asked while nobody could hear it is heard before the next request."""

    def work() -> None:
        made = Finalized()
        with waiting():
            del made
        with waiting():
            pytest.fail("this request must not be sent")

    with pytest.raises(Interrupted, match="SIGTERM"):
        work()


def test_what_was_heard_is_done() -> None:
    """While a run cleans up it is left in peace, until it is asked once more."""
    _ask()
    with pytest.raises(Interrupted):
        listen()
    heard()
    with waiting():
        pass
    with pytest.raises(Interrupted), waiting():
        _ask()
