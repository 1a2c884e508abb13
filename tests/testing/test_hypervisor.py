"""What a test can prepare on its platform and see of it, and what is said to one that asks for nonsense."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from emulator.testing import EmulatorBroke, Hypervisor, LocalServer, UsageError, running
from tests.testing.conftest import ask

EXAMPLE = "Guardis Test/Test Environment/test-host-on-Hyp3"


def test_it_begins_with_the_example_of_the_documentation(platform: Hypervisor) -> None:
    """Its URL is what a client takes as a base URL; an instance is found by the host's name."""
    _, organizations = ask("GET", f"{platform.url}/organizations")
    assert [one["name"] for one in organizations["items"]] == ["Guardis Test"]
    assert ask("GET", platform.instance_url("test-host-on-Hyp3"))[1]["state"] == platform.state(EXAMPLE) == "RUNNING"
    assert platform.state("web-1") == "ABSENT"


def test_a_host_is_added_with_all_that_a_seed_can_say(platform: Hypervisor) -> None:
    """What is missing around it is made; a hypervisor that is not there, too."""
    url = platform.add(
        "Acme/Prod & Co/web1",
        state="PAUSED",
        locked=True,
        hostname="www",
        hypervisor="hyp9",
        description="a web server",
        properties=[{"key": "mac", "value": "00:50:56:00:00:01"}],
    )
    assert url == platform.instance_url("web1")
    _, shown = ask("GET", url)
    assert (shown["state"], shown["locked"], shown["hostname"]) == ("PAUSED", True, "www")
    assert shown["properties"] == [{"key": "mac", "value": "00:50:56:00:00:01"}]
    assert ask("GET", url.removesuffix("/instance"))[1]["description"] == "a web server"
    platform.add("Acme/Prod & Co/web2", state="RUNNING", hypervisor="hyp9")
    platform.add("Acme/Prod & Co/web3")
    assert [platform.state(f"web{number}") for number in (1, 2, 3)] == ["PAUSED", "RUNNING", "ABSENT"]


def test_platforms_do_not_meet(platform: Hypervisor) -> None:
    """A platform beside another has its own machines, and is gone after its block."""
    with platform.world() as other:
        url = other.add("Acme/Prod/web1", state="RUNNING")
        assert ask("GET", url)[0] == 200
        with pytest.raises(UsageError):
            platform.state("web1")
    status, refusal = ask("GET", url)
    assert status == 404
    assert refusal["error"][0].startswith("there is no world 'w")


def test_a_platform_beside_another_has_its_settings_unless_told_otherwise(local_server: LocalServer) -> None:
    """Settings are those of `serve`; the same seed and random seed make the same machines."""
    with (
        local_server.world(seeds="every-state", random_seed=5) as first,
        first.world() as twin,
        first.world(random_seed=6) as other,
    ):
        drawn = [ask("POST", one.instance_url("absent"), {})[1]["properties"] for one in (first, twin, other)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_snapshot_is_restored_as_often_as_one_likes(platform: Hypervisor) -> None:
    """Machines and time are what they were, the URL stays, and the snapshot is not used up."""
    url = platform.add("Acme/Prod/web1", state="RUNNING")
    base, then = platform.snapshot(), platform.clock.now
    for _ in range(2):
        assert ask("PUT", f"{url}/_off")[0] == 202
        platform.clock.advance("1 h")
        assert platform.state("web1") == "STOPPED"
        platform.restore(base)
        assert (platform.state("web1"), platform.clock.now) == ("RUNNING", then)
        assert ask("GET", url)[1]["state"] == "RUNNING"


def test_a_seed_of_ones_own_is_read_again_when_it_has_changed(local_server: LocalServer, tmp_path: Path) -> None:
    """Two tests may write two seeds under one name."""
    seed = tmp_path / "seed.yaml"
    for number, name in enumerate(("one", "two")):
        seed.write_text(f"organizations: [{{name: {name}, environments: []}}]\n")
        os.utime(seed, (number, number))
        with local_server.world(seeds=[seed]) as hypervisor:
            assert ask("GET", f"{hypervisor.url}/organizations/{name}")[0] == 200


def enter(hypervisor: Hypervisor, **settings: Any) -> None:
    """Ask for a platform with these settings."""
    with hypervisor.world(**settings):
        pass


MISTAKES: dict[str, Callable[[Hypervisor], Any]] = {
    "no such host; there are Acme/Prod/web1, ": lambda one: one.state("wbe1"),
    "'web1' names several hosts: Acme/Prod/web1, Acme/Test/web1; say": lambda one: (
        one.add("Acme/Test/web1"),
        one.state("web1"),
    ),
    "expected ORGANIZATION/ENVIRONMENT/HOST": lambda one: one.add("web2"),
    "Acme/Prod/web2: state: an instance cannot be 'ON'; expected PENDING, RUNNING": lambda one: one.add(
        "Acme/Prod/web2", state="ON"
    ),
    "a host has no 'lokced'; it has applications,": lambda one: one.add("Acme/Prod/web2", state="RUNNING", lokced=True),
    "Acme/Prod/web2: since: it is 'long'; expected a number": lambda one: one.add(
        "Acme/Prod/web2", state="RUNNING", since="long"
    ),
    "'locked' is said of an instance, and there is none without a state": lambda one: one.add(
        "Acme/Prod/web2", locked=True
    ),
    "host 'Acme/Prod/web1' is there already": lambda one: one.add("Acme/Prod/web1"),
    "there is no setting 'tming' of a world; there are seeds, timing": lambda one: one.world(
        tming="instant"
    ).__enter__(),
    "--timing soon": lambda one: enter(one, timing="soon"),
    "nowhere.yaml: cannot read it": lambda one: enter(one, seeds=["nowhere.yaml"]),
    "--clock: 'late' is not a clock": lambda one: enter(one, clock="late"),
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_told_with_what_there_is(platform: Hypervisor, words: str) -> None:
    """An unknown host, state, member or setting: one sentence that lists what there is."""
    platform.add("Acme/Prod/web1", state="RUNNING")
    with pytest.raises(UsageError, match=re.escape(words.removeprefix("no such host; "))):
        MISTAKES[words](platform)


def test_what_breaks_the_emulator_breaks_the_test(local_server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of the block the server's traceback is told, whatever was reset or restored before and after."""
    with ExitStack() as stack:
        hypervisor = stack.enter_context(local_server.world())
        hypervisor.restore(hypervisor.snapshot())
        break_once(hypervisor, monkeypatch)
        hypervisor.restore(hypervisor.snapshot())
        ask("POST", f"{hypervisor.url}/_emulator/reset", {})
        with pytest.raises(EmulatorBroke, match=r"(?s)GET \S*/organizations.*Traceback.*in explode.*KeyError: 'bang'"):
            stack.close()


def test_a_failing_test_is_told_what_broke_too(local_server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own error stays what it is, with the server's traceback as a note."""

    def test() -> None:
        with local_server.world() as hypervisor:
            break_once(hypervisor, monkeypatch)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        test()
    assert "KeyError: 'bang'" in caught.value.__notes__[0]


def test_what_broke_in_one_world_is_told_there(platform: Hypervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform beside another fails for itself."""
    with pytest.raises(EmulatorBroke), platform.world() as other:
        break_once(other, monkeypatch)


def break_once(hypervisor: Hypervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a request meet a store that is out of order."""

    def explode(*_: Any, **__: Any) -> None:
        raise KeyError("bang")

    with monkeypatch.context() as broken:
        broken.setattr(hypervisor.emulated.store, "run", explode)
        assert ask("GET", f"{hypervisor.url}/organizations")[0] == 500


def test_it_runs_without_pytest() -> None:
    """The context manager starts a server, and stops it."""
    with running(timing="polls:1") as hypervisor:
        url = hypervisor.instance_url("test-host-on-Hyp3")
        ask("PUT", f"{url}/_pause")
        assert [ask("GET", url)[1]["state"] for _ in range(2)] == ["PENDING", "PAUSED"]
    with pytest.raises(OSError, match="refused"):
        ask("GET", url)
