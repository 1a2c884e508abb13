"""Hypervisors out of reach, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import DOCUMENTED, ENVIRONMENT, EXAMPLE, VACANT, Running, Start
from tests.emulator.test_control import CONTROL, control

HOSTS = f"{ENVIRONMENT}/hosts"


def reach(emulator: Running, name: str, **wish: Any) -> Any:
    """Put a hypervisor out of reach, or back."""
    answer = emulator.request("POST", f"/_emulator/hypervisors/{name}", json=wish)
    assert answer.status_code == 200, answer.text
    schema = CONTROL.operations["reachHypervisor"].responses[200].schema
    assert schema is not None
    assert CONTROL.validator(schema).problems(answer.json()) == []
    return answer.json()


def carrier(emulator: Running, path: str = "test-host-on-Hyp3") -> str:
    """The name of the hypervisor that carries a machine."""
    with emulator.world.store.unit() as unit:
        instance = unit.host("Guardis Test", "Test Environment", path).instance
        assert instance is not None
        return instance.hypervisor.name


def untils(emulator: Running) -> str:
    """When hypervisors will be back."""
    return str([one["until"] for one in control(emulator, "GET", "hypervisors")["hypervisors"]])


def audit(emulator: Running) -> list[str]:
    """What was done to the documented host."""
    items = emulator.request("GET", f"{HOSTS}/test-host-on-Hyp3/audit/").json()["items"]
    return [f"{item['username']} {item['message']}" for item in items]


def test_machines_out_of_reach_cannot_be_told_and_read_what_they_are_when_they_are_back(emulator: Running) -> None:
    """While it is away only delete and forget are legal; then all is as it was. Who did it is the world."""
    name = carrier(emulator)
    shown = emulator.request("GET", DOCUMENTED).json()
    assert reach(emulator, name, reachable=False)["reachable"] is False
    away = emulator.request("GET", DOCUMENTED).json()
    assert away == {**shown, "state": "UNDEFINED", "synapseState": "Down"}
    for action in ("_off", "_shutdown", "_start"):
        refused = emulator.request("PUT", f"{DOCUMENTED}/{action}")
        assert refused.status_code == 409
        assert "wait until it can be seen again" in refused.json()["error"][0]
    assert emulator.request("GET", f"{DOCUMENTED}/vnc").status_code == 409
    assert reach(emulator, name, reachable=True) == {**reach(emulator, name, reachable=True), "reachable": True}
    assert emulator.request("GET", DOCUMENTED).json() == shown
    assert audit(emulator)[-2:] == [
        "world hypervisor-gone: RUNNING -> UNDEFINED",
        "world hypervisor-back: UNDEFINED -> RUNNING",
    ]


def test_a_hypervisor_comes_back_by_itself(emulator: Running) -> None:
    """After so many emulated seconds, whoever looks first: at a machine, at its changes, at the list."""
    name = carrier(emulator)
    looks: list[Callable[[Running], str]] = [
        lambda one: one.state(DOCUMENTED),
        lambda one: audit(one)[-1],
        untils,
    ]
    for look in looks:
        reach(emulator, name, **{"reachable": False, "for": 30})
        gone = look(emulator)
        emulator.world.clock.advance(29)
        assert look(emulator) == gone
        emulator.world.clock.advance(1)
        assert look(emulator) != gone
        assert emulator.state(DOCUMENTED) == "RUNNING"


def test_what_is_on_its_way_goes_on_unseen(start: Start, tmp_path: Any) -> None:
    """A boot that ends while the hypervisor is away is seen when it is back."""
    timing = tmp_path / "ten.yaml"
    timing.write_text("default: {fixed: 10}\n")
    emulator = start(timing=str(timing))
    emulator.request("POST", VACANT, json={})
    name = carrier(emulator, "web-1")
    reach(emulator, name, reachable=False)
    emulator.world.clock.advance(10)
    assert emulator.state(VACANT) == "UNDEFINED"
    assert emulator.request("GET", f"{HOSTS}/web-1").json()["state"] == "PROVISIONING"
    assert emulator.request("GET", f"{HOSTS}/web-1/changes/").json()["items"][0]["tasks"][0]["status"] == "OK"
    reach(emulator, name, reachable=True)
    assert emulator.state(VACANT) == "RUNNING"
    assert emulator.request("GET", f"{HOSTS}/web-1").json()["state"] == "READY"


def test_an_act_on_a_machine_out_of_reach_is_seen_when_it_is_back(emulator: Running) -> None:
    """Nobody can see it before."""
    name = carrier(emulator)
    reach(emulator, name, reachable=False)
    place = {"organization": "Guardis Test", "environment": "Test Environment", "host": "test-host-on-Hyp3"}
    answer = control(emulator, "POST", "acts", {"act": "crash", **place})
    assert (answer["before"], answer["after"]) == ("UNDEFINED", "UNDEFINED")
    reach(emulator, name, reachable=True)
    assert emulator.state(DOCUMENTED) == "STOPPED"


def test_a_known_machine_is_imported_unseen(emulator: Running) -> None:
    """An import of what its hypervisor cannot show reads UNDEFINED, and what it is when the hypervisor is back."""
    name = carrier(emulator)
    properties = emulator.request("GET", DOCUMENTED).json()["properties"]
    reach(emulator, name, reachable=False)
    assert emulator.request("PUT", f"{DOCUMENTED}/_forget").status_code == 202
    assert emulator.request("POST", f"{DOCUMENTED}/properties", json=properties).json()["state"] == "UNDEFINED"
    reach(emulator, name, reachable=True)
    assert emulator.state(DOCUMENTED) == "RUNNING"


def test_machines_are_made_where_they_can_be(emulator: Running) -> None:
    """On a hypervisor that can be reached; when there is none, on none, and that is said."""
    emulator.request("POST", VACANT, json={})
    names = [one["name"] for one in control(emulator, "GET", "hypervisors")["hypervisors"]]
    first = carrier(emulator, "web-1")
    emulator.request("DELETE", VACANT)
    reach(emulator, first, reachable=False)
    if len(names) > 1:
        assert emulator.request("POST", VACANT, json={}).json()["state"] == "RUNNING"
        assert carrier(emulator, "web-1") != first
        emulator.request("DELETE", VACANT)
    for name in names:
        reach(emulator, name, reachable=False)
    refused = emulator.request("POST", VACANT, json={})
    assert (refused.status_code, emulator.state(VACANT)) == (503, "ABSENT")
    assert "out of reach" in refused.json()["error"][0]
    assert "Retry-After" in refused.headers


def test_a_fork_and_a_reset(emulator: Running) -> None:
    """A fork goes on from there by itself; a reset has all hypervisors back."""
    name = carrier(emulator)
    reach(emulator, name, reachable=False)
    fork = emulator.request("POST", "/_emulator/worlds", json={"fork": "default"}).json()["path"]
    assert emulator.state(fork + DOCUMENTED) == "UNDEFINED"
    reach(emulator, name, reachable=True)
    assert (emulator.state(fork + DOCUMENTED), emulator.state(DOCUMENTED)) == ("UNDEFINED", "RUNNING")
    emulator.request("POST", f"{fork}/_emulator/reset", json={})
    assert emulator.state(fork + DOCUMENTED) == "RUNNING"


@pytest.mark.parametrize(
    "name, wish, status, words",
    [
        ("nobody", {"reachable": False}, 404, "no hypervisor 'nobody'"),
        (None, {"reachable": True, "for": 3}, 400, "reachable"),
        (None, {}, 400, "reachable"),
    ],
)
def test_what_cannot_be_is_refused(
    emulator: Running, name: str | None, wish: dict[str, Any], status: int, words: str
) -> None:
    """A hypervisor that is not there, and a wish that contradicts itself."""
    answer = emulator.request("POST", f"/_emulator/hypervisors/{name or carrier(emulator)}", json=wish)
    assert answer.status_code == status
    assert words in answer.json()["error"][0]


def test_a_database_has_all_its_hypervisors(start: Start, tmp_path: Any) -> None:
    """Other processes over it would not know; that is said."""
    emulator = start(seeds=(EXAMPLE,), store=f"sqlite:///{tmp_path / 'one.db'}")
    answer = emulator.request("POST", f"/_emulator/hypervisors/{carrier(emulator)}", json={"reachable": False})
    assert answer.status_code == 409
    assert "--store memory" in answer.json()["error"][0]


def test_a_state_tells_who_is_out_of_reach(start: Start, tmp_path: Any) -> None:
    """Out and in: the same text, the same machines unseen, back at the same time; one on its way, too."""
    timing = tmp_path / "slow.yaml"
    timing.write_text("default: {fixed: 40}\n")
    emulator = start(timing=str(timing))
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    reach(emulator, carrier(emulator), **{"reachable": False, "for": 30})
    text = emulator.request("GET", "/_emulator/state").text
    assert "backIn: 30" in text
    answer = emulator.request(
        "PUT", "/_emulator/state", data=text.encode(), headers={"Content-Type": "application/yaml"}
    )
    assert answer.status_code < 300, answer.text
    assert emulator.request("GET", "/_emulator/state").text == text
    assert emulator.state(DOCUMENTED) == "UNDEFINED"
    emulator.world.clock.advance(30)
    assert emulator.state(DOCUMENTED) == "PENDING"
    emulator.world.clock.advance(10)
    assert emulator.state(DOCUMENTED) == "PAUSED"
