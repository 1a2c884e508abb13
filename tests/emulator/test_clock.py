"""Time as an argument."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock import Clock, iso, parse_clock


def test_a_frozen_clock_stands_still() -> None:
    """A frozen clock tells its start until it is moved."""
    clock = Clock(rate=0, start=1000.0)
    assert [clock.now(), clock.advance(2.5), clock.now()] == [1000.0, 1002.5, 1002.5]


@given(st.lists(st.floats(0, 1e6)))
def test_a_frozen_clock_moves_by_the_sum_of_its_advances(steps: list[float]) -> None:
    """Advances add up, in any number."""
    clock = Clock(rate=0, start=0.0)
    for step in steps:
        clock.advance(step)
    assert clock.now() == pytest.approx(sum(steps))


def test_a_fast_clock_keeps_its_time_when_its_rate_changes() -> None:
    """Freezing a clock that runs a million times as fast leaves it where it was, and not before."""
    clock = Clock(rate=1e6, start=0.0)
    before = clock.now()
    clock.run_at(0)
    frozen = clock.now()
    assert before <= frozen == clock.now()


@pytest.mark.parametrize("seconds", [-1, -1e-9])
def test_time_does_not_go_back(seconds: float) -> None:
    """A negative advance is refused, and so is a negative rate."""
    clock = Clock(rate=0)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(seconds)
    with pytest.raises(ValueError, match="does not go back"):
        clock.run_at(seconds)


@pytest.mark.parametrize("text, rate", [("real", 1.0), ("frozen", 0.0), ("x60", 60.0), ("x0.5", 0.5)])
def test_a_clock_is_named_by_a_word(text: str, rate: float) -> None:
    """`--clock` takes real, frozen and xN."""
    assert parse_clock(text).rate == rate


@pytest.mark.parametrize("text", ["", "x", "x0", "x-1", "xnan", "fast", "60"])
def test_a_word_that_is_no_clock_is_refused(text: str) -> None:
    """Anything else is refused, with the words that are expected."""
    with pytest.raises(ValueError, match="use real, frozen, or xN"):
        parse_clock(text)


def test_times_are_shown_in_utc() -> None:
    """The API shows times as ISO 8601 in UTC, to the millisecond."""
    assert iso(0.5) == "1970-01-01T00:00:00.500Z"
