"""Time that a test steers, and that the code under test waits for without waiting."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.durations import UNITS, seconds_of
from emulator.testing import Hypervisor, LocalServer, UsageError
from tests.testing import waiting_client
from tests.testing.conftest import ask

CLIENT = "tests.testing.waiting_client"


@pytest.fixture
def slow(local_server: LocalServer, tmp_path: Path) -> Iterator[Hypervisor]:
    """A platform where a shutdown takes 120 s, a start 30 s and all else nothing; web1 runs there."""
    timing = tmp_path / "timing.yaml"
    timing.write_text("shutdown: {fixed: 120}\nstart: {fixed: 30}\n")
    with local_server.world(timing=str(timing)) as hypervisor:
        hypervisor.add("Acme/Prod/web1", state="RUNNING")
        hypervisor.add("Acme/Prod/web2", state="STOPPED")
        yield hypervisor


def seconds_since(hypervisor: Hypervisor, then: float) -> float:
    """The emulated seconds since a time, to the millisecond."""
    return round(hypervisor.clock.now.timestamp() - then, 3)


def test_time_passes_when_the_test_says_so(slow: Hypervisor) -> None:
    """The clock stands; what is due on the way has happened."""
    url = slow.instance_url("web1")
    ask("PUT", f"{url}/_shutdown")
    for duration, state in (("1 min", "PENDING"), (timedelta(seconds=59.5), "PENDING"), (0.5, "STOPPED")):
        slow.clock.advance(duration)
        assert ask("GET", url)[1]["state"] == state


def test_next_is_what_is_due_next(slow: Hypervisor) -> None:
    """It goes from one action to the other, and says when there is none."""
    then = slow.clock.now.timestamp()
    ask("PUT", f"{slow.instance_url('web1')}/_shutdown")
    ask("PUT", f"{slow.instance_url('web2')}/_start")
    slow.clock.next()
    assert (slow.state("web1"), slow.state("web2"), seconds_since(slow, then)) == ("PENDING", "RUNNING", 30)
    slow.clock.next()
    assert (slow.state("web1"), seconds_since(slow, then)) == ("STOPPED", 120)
    with pytest.raises(UsageError, match="nothing is on its way"):
        slow.clock.next()
    assert seconds_since(slow, then) == 120


def test_it_runs_until_a_state_is_reached(slow: Hypervisor) -> None:
    """On the way other things happen when they are due; a host need not be named where only one is on its way."""
    then = slow.clock.now.timestamp()
    ask("PUT", f"{slow.instance_url('web1')}/_shutdown")
    ask("PUT", f"{slow.instance_url('web2')}/_start")
    slow.clock.run_until(state="STOPPED", host="web1")
    assert (slow.state("web2"), seconds_since(slow, then)) == ("RUNNING", 120)
    ask("PUT", f"{slow.instance_url('web1')}/_start")
    slow.clock.run_until(state="RUNNING")
    assert (slow.state("web1"), seconds_since(slow, then)) == ("RUNNING", 150)
    slow.clock.run_until(state="RUNNING", host="web1")
    assert seconds_since(slow, then) == 150


@pytest.mark.parametrize(
    "wish, words",
    [
        ({"state": "PAUSED", "host": "web1"}, "will never be PAUSED by waiting: it is RUNNING since 0 s (seed), and"),
        ({"state": "PAUSED", "host": "web1"}, "nothing is on its way; PUT .../_pause leads there"),
        ({"state": "RUNNING", "host": "web-1"}, "host 'web-1' has no instance; POST .../instance provisions one"),
        ({"state": "OFF", "host": "web1"}, "there is no state 'OFF'; the contract has ABSENT, PENDING, RUNNING"),
        ({"state": "STOPPED"}, "nothing is on its way; say which host is waited for"),
        ({"state": "STOPPED", "host": "web7"}, "there is no host 'web7'; there are Acme/Prod/web1"),
    ],
)
def test_what_will_never_be_is_said(slow: Hypervisor, wish: dict[str, str], words: str) -> None:
    """No wait without end: the error says in which state the machine is, and what leads to the wanted one."""
    with pytest.raises(UsageError, match=re.escape(words)):
        slow.clock.run_until(**wish)


def test_what_is_on_its_way_elsewhere_will_not_be_here(slow: Hypervisor) -> None:
    """A machine that is being shut down does not end as a running one, and no time passes to find that out."""
    then = slow.clock.now
    ask("PUT", f"{slow.instance_url('web1')}/_shutdown")
    with pytest.raises(UsageError, match=r"it is PENDING since 0 s \(shutdownInstance\), on its way to STOPPED$"):
        slow.clock.run_until(state="RUNNING", host="web1")
    assert slow.clock.now == then


def test_a_hypervisor_that_comes_back_is_due_too(slow: Hypervisor) -> None:
    """What was on its way goes on unseen until it is back; one that is gone for good is not awaited."""
    then = slow.clock.now.timestamp()
    gone = f"{slow.url}/_emulator/hypervisors/{slow.emulated.hypervisors[0].name}"
    ask("PUT", f"{slow.instance_url('web1')}/_shutdown")
    ask("POST", gone, {"reachable": False, "for": 500})
    assert slow.state("web1") == "UNDEFINED"
    slow.clock.run_until(state="STOPPED", host="web1")
    assert seconds_since(slow, then) == 500
    ask("POST", gone, {"reachable": False, "for": 7})
    slow.clock.next()
    assert (slow.state("web1"), seconds_since(slow, then)) == ("STOPPED", 507)
    ask("POST", gone, {"reachable": False})
    with pytest.raises(UsageError, match=r"'web1' will never be STOPPED by waiting: it is UNDEFINED since 0 s"):
        slow.clock.run_until(state="STOPPED", host="web1")


def test_a_machine_that_waits_for_looks_waits_for_no_time(local_server: LocalServer) -> None:
    """Where actions settle after so many polls, that is said."""
    with local_server.world(timing="polls:3") as hypervisor:
        ask("PUT", f"{hypervisor.instance_url('test-host-on-Hyp3')}/_pause")
        with pytest.raises(UsageError, match="which takes 3 more looks at it, and no time"):
            hypervisor.clock.run_until(state="PAUSED", host="test-host-on-Hyp3")


def test_it_runs_by_itself_and_is_frozen_again(platform: Hypervisor) -> None:
    """Time can pass as fast as one likes."""
    platform.clock.run(1e6)
    then = platform.clock.now
    while platform.clock.now - then < timedelta(seconds=1):
        pass
    platform.clock.freeze()
    assert platform.clock.now == platform.clock.now


def test_a_client_waits_in_no_time(slow: Hypervisor) -> None:
    """A wait of 120 s with a look every 3 s is 41 looks, with real requests, and the clock has moved by 120 s."""
    then, real = slow.clock.now.timestamp(), time.monotonic
    with slow.clock.driven_by(CLIENT):
        assert waiting_client.shut_down(slow.instance_url("web1")) == (41, 120)
        assert time.monotonic is real, "nobody else's clock is driven"
    assert seconds_since(slow, then) == 120
    assert vars(waiting_client)["time"] is time


def test_names_that_were_imported_from_time_are_driven_too(slow: Hypervisor) -> None:
    """Under whatever name, and put back after."""
    with slow.clock.driven_by(CLIENT):
        took = waiting_client.nap(90)
    assert (round(took[0], 3), round(took[1] / 1e9, 3)) == (90, 90)
    assert vars(waiting_client)["pause"] is time.sleep
    assert vars(waiting_client)["monotonic"] is time.monotonic


def test_a_client_that_gives_up_is_put_back_too(slow: Hypervisor) -> None:
    """Its own time-out runs out on the emulated clock; after the error the module has its clock again."""
    with pytest.raises(TimeoutError, match="not off after 60 s"), slow.clock.driven_by(CLIENT):
        waiting_client.shut_down(slow.instance_url("web1"), patience=60)
    assert vars(waiting_client)["time"] is time
    with pytest.raises(ValueError, match="non-negative"), slow.clock.driven_by(CLIENT):
        waiting_client.nap(-1)


@pytest.mark.parametrize(
    "modules, words",
    [
        (("no.such.module",), "cannot import 'no.such.module'"),
        (("json",), "the module 'json' has nothing to drive: it imports neither time nor its sleep"),
        ((), "name the modules of the code under test"),
    ],
)
def test_a_module_that_cannot_be_driven_is_named(slow: Hypervisor, modules: tuple[str, ...], words: str) -> None:
    """A clock that is driven nowhere would let a test wait for real."""
    with pytest.raises(UsageError, match=words):
        slow.clock.driven_by(*modules)


@given(st.dictionaries(st.sampled_from(list(UNITS)), st.integers(0, 10_000), min_size=1))
def test_a_duration_is_the_sum_of_its_parts(parts: dict[str, int]) -> None:
    """Any units in any order, with and without spaces."""
    expected = sum(number * UNITS[unit] for unit, number in parts.items())
    for space in ("", " "):
        text = " ".join(f"{number}{space}{unit}" for unit, number in parts.items())
        assert seconds_of(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "soon", "10 mins", "10 min later", "-5 s", "nan", "1e999", "5 5", -1, "min"])
def test_what_is_no_duration_is_refused(text: str | float) -> None:
    """Neither words nor the past are a duration."""
    with pytest.raises(ValueError, match="is no duration"):
        seconds_of(text)
