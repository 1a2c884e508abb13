"""What a test lets happen to its platform: acts that no client asked for, and trouble."""

from __future__ import annotations

import re
from typing import Any

import pytest

from emulator.testing import Hypervisor, UsageError
from tests.testing.conftest import ask

RULES = {"rules": [{"kind": "unavailable", "name": "put-off", "operations": "getInstance", "probability": 0.5}]}


@pytest.fixture
def web1(platform: Hypervisor) -> str:
    """The URL of a running instance."""
    return platform.add("Acme/Prod/web1", state="RUNNING")


def test_a_machine_crashes(platform: Hypervisor, web1: str) -> None:
    """The client learns of it when it looks; the audit of the host says who it was."""
    platform.act("crash", "web1", by="lightning")
    assert ask("GET", web1)[1]["state"] == "STOPPED"
    assert ask("GET", f"{web1.removesuffix('/instance')}/audit/")[1]["items"][-1]["username"] == "lightning"


def test_trouble_is_there_for_a_block(platform: Hypervisor, web1: str) -> None:
    """Before it and after it there is none; what it has done can be counted."""
    assert ask("GET", web1)[0] == 200
    with platform.faults({"rules": [{"kind": "unavailable"}]}) as faults:
        assert [ask("GET", web1)[0] for _ in range(3)] == [503, 503, 503]
    assert ask("GET", web1)[0] == 200
    assert (faults.hits("unavailable"), faults.hits()) == (3, 3)
    platform.requests("getInstance", host="web1").times(2)
    platform.requests("getInstance", status=503).times(3)


def test_the_same_random_seed_is_the_same_trouble(platform: Hypervisor, web1: str) -> None:
    """Whatever was drawn before; another seed is another run."""

    def run(seed: int) -> list[int]:
        with platform.faults(RULES, random_seed=seed):
            return [ask("GET", web1)[0] for _ in range(24)]

    assert run(7) == run(7) != run(8)


def test_trouble_of_several_kinds_is_combined(platform: Hypervisor, web1: str) -> None:
    """Built-in ones by name, and rules of one's own."""
    with platform.faults("busy", RULES, random_seed=1) as faults:
        while faults.hits() < 3:
            ask("GET", web1)
        assert faults.hits("put-off") > 0


@pytest.mark.parametrize(
    "wish, words",
    [
        ("busi", "--trouble busi: there is no such file; expected a YAML file, or bad-guests, busy"),
        ({"rules": [{"kind": "unavailble"}]}, "rules.0.kind: it is 'unavailble'; expected latency or"),
        ({"rules": [{"kind": "unavailable", "operations": "pauseInstnce"}]}, "'pauseInstnce' is no operation"),
    ],
)
def test_a_typing_error_in_trouble_is_told(platform: Hypervisor, wish: Any, words: str) -> None:
    """No rule that never hits."""
    with pytest.raises(UsageError, match=re.escape(words)), platform.faults(wish):
        pass


def test_what_there_is_not_does_not_happen(platform: Hypervisor, web1: str) -> None:
    """An unknown act, host or rule; an act that makes no sense."""
    for act, host, words in (
        ("crush", "web1", "there is no act 'crush'; there are crash, power-off"),
        ("crash", "web9", "there is no host 'web9'"),
        ("crash", "web-1", "it has no instance; provision or import one first"),
    ):
        with pytest.raises(UsageError, match=re.escape(words)):
            platform.act(act, host)
    with (
        platform.faults(RULES) as faults,
        pytest.raises(UsageError, match="there is no rule 'lost'; there are put-off"),
    ):
        faults.hits("lost")


def test_the_client_is_judged(platform: Hypervisor, web1: str) -> None:
    """One that looks before it acts is acquitted; one that could have known better is not, and told what it did."""
    assert ask("GET", web1)[1]["state"] == "RUNNING"
    platform.judge_client()
    ask("PUT", f"{web1}/_start")
    with pytest.raises(AssertionError, match=r"(?s)Client guilty: 1 of .* rules broken.*trigger\.legal.*web1"):
        platform.judge_client()
