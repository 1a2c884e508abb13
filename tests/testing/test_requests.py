"""What a test says of the requests that came, and what it is told when that is not so."""

from __future__ import annotations

import re
import threading
from typing import Any
from urllib.request import Request, urlopen

import pytest

from emulator.testing import Hypervisor, UsageError
from tests.testing.conftest import ask


@pytest.fixture
def web1(platform: Hypervisor) -> str:
    """The URL of a running instance."""
    return platform.add("Acme/Prod/web1", state="RUNNING")


def fails(words: str) -> Any:
    """That an expectation does not hold, and the message has these words."""
    return pytest.raises(AssertionError, match=re.escape(words))


def test_what_came_is_counted(platform: Hypervisor, web1: str) -> None:
    """Once, at least, never: by operation, host, status and client; the entries are the answer."""
    urlopen(Request(f"{web1}/_pause", method="PUT", headers={"User-Agent": "deployer/2"})).close()
    ask("PUT", f"{web1}/_pause")
    entry = platform.requests("pauseInstance", host="web1").once()
    assert (entry.before, entry.after, entry.agent) == ("RUNNING", "PAUSED", "deployer/2")
    platform.requests("pauseInstance", host="Acme/Prod/web1", agent="deployer").once()
    platform.requests("pauseInstance", host="web1", status=409).once()
    platform.requests("pauseInstance").at_least(1)
    platform.requests(host="web1").times(1)
    platform.requests("startInstance").never()
    platform.requests("pauseInstance", host="test-host-on-Hyp3").never()
    assert platform.journal.count("pauseInstance", host="web1") == 2
    assert [entry.status for entry in platform.journal.find(host="web1")] == [202, 409]
    assert len(list(platform.journal)) == 2


def test_what_is_missing_is_told_with_the_nearest(platform: Hypervisor, web1: str) -> None:
    """A refused request is not what was expected: why it was refused, since when and by whom it was so."""
    platform.clock.advance(12)
    urlopen(Request(f"{web1}/_off", method="PUT", headers={"User-Agent": "deployer/2"})).close()
    ask("PUT", f"{web1}/_pause")
    with fails("expected pauseInstance(web1) once, got 0. Nearest:\n  #2 PUT .../web1/_pause -> 409: STOPPED since t="):
        platform.requests("pauseInstance", host="web1").once()
    with fails("by powerOffInstance (#1, agent deployer/2)"):
        platform.requests("pauseInstance", host="web1").at_least(1)
    with fails("expected pauseInstance(web-1) once, got 0. Nearest:"):
        platform.requests("pauseInstance", host="web-1").once()
    with fails("host is 'web1', not 'web-1'"):
        platform.requests("pauseInstance", host="web-1").times(1)
    with fails("expected pauseInstance(web1) with status 202 by curl twice, got 0"):
        platform.requests("pauseInstance", host="web1", status=202, agent="curl").times(2)


def test_what_came_too_often_is_told(platform: Hypervisor, web1: str) -> None:
    """`never` is broken by an attempt, `once` by a second time."""
    ask("PUT", f"{web1}/_resume")
    with fails(
        "expected resumeInstance(web1) never, got 1:\n  #1 PUT .../web1/_resume -> 409: RUNNING from the beginn"
    ):
        platform.requests("resumeInstance", host="web1").never()
    for _ in range(2):
        ask("PUT", f"{web1}/_reboot")
    with fails("expected rebootInstance(web1) once, got 2:\n  #2 PUT .../web1/_reboot -> 202"):
        platform.requests("rebootInstance", host="web1").once()


def test_silence_is_told(platform: Hypervisor) -> None:
    """Where nobody asked for anything, that is said."""
    with fails("expected a request(web-1) once, got 0. There was no request at all."):
        platform.requests(host="web-1").once()


def test_a_mistyped_path_is_among_the_nearest(platform: Hypervisor, web1: str) -> None:
    """A request that fits no operation is shown with what was nearly meant."""
    ask("PUT", f"{web1}/_puase")
    with fails("did you mean PUT .../_pause?"):
        platform.requests("pauseInstance").once()


def test_what_is_yet_to_come_is_waited_for(platform: Hypervisor, web1: str) -> None:
    """From a thread of its own; refused attempts do not count."""
    ask("PUT", f"{web1}/_resume")
    thread = threading.Thread(target=lambda: [ask("PUT", f"{web1}/_{name}") for name in ("pause", "resume") * 2])
    thread.start()
    found = platform.requests("resumeInstance", host="web1").wait_for(count=2, timeout=20)
    assert [entry.status for entry in found] == [202, 202]
    thread.join()
    with fails("expected startInstance(web1) once within 0.05 s, got 0"):
        platform.requests("startInstance", host="web1").wait_for(timeout=0.05)


def test_a_host_that_is_gone_can_be_asked_about(platform: Hypervisor, web1: str) -> None:
    """It is known by the requests that named it."""
    ask("PUT", f"{web1}/_off")
    ask("DELETE", web1)
    assert ask("DELETE", web1.removesuffix("/instance"))[0] in (200, 202, 204)
    platform.requests("deleteInstance", host="web1").once()


def test_the_control_api_is_no_client_of_the_platform(platform: Hypervisor) -> None:
    """What a test steers over HTTP is not what the code under test asked for."""
    ask("POST", f"{platform.url}/_emulator/clock", {"advance": 5})
    platform.requests().never()


@pytest.mark.parametrize(
    "wish, words",
    [
        ({"operation": "pauseInstnce"}, "there is no operation 'pauseInstnce'; there is pauseInstance"),
        ({"operation": "moveClock"}, "there is no operation 'moveClock'"),
        ({"host": "web9"}, "there is no host 'web9'; there are Acme/Prod/web1"),
    ],
)
def test_what_there_is_not_cannot_be_expected(
    platform: Hypervisor, web1: str, wish: dict[str, Any], words: str
) -> None:
    """A typing error in an expectation is no expectation that holds: `never` would."""
    with pytest.raises(UsageError, match=re.escape(words)):
        platform.requests(**wish).never()
    with pytest.raises(UsageError, match=re.escape(words)):
        platform.journal.count(**wish)
