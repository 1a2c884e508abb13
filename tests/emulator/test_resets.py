"""Where a world begins: seeds that are named or sent, read again, and parts of a world that go back to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.resources import fixtures
from tests.emulator.conftest import DOCUMENTED, ENVIRONMENT, VACANT, Running, Start
from tests.emulator.test_worlds import WORLDS, make, no

RESET = "/_emulator/reset"
TEST_HOST = {"organization": "Guardis Test", "environment": "Test Environment", "host": "test-host-on-Hyp3"}
PARTS = [
    {"organization": "Guardis Test"},
    {"organization": "Guardis Test", "environment": "Test Environment"},
    TEST_HOST,
]
BUILT_IN = sorted(path.stem for path in fixtures().glob("*.yaml"))
SMALL = """\
organizations: [{name: Acme, environments: [{name: P, hosts: [{name: web-1, instance: {state: STOPPED}}]}]}]
"""


def state_of(emulator: Running, world: str = "") -> Any:
    """All that a world is."""
    return yaml.safe_load(emulator.request("GET", f"{world}/_emulator/state").text)


def hosts(state: Any) -> dict[str, Any]:
    """The hosts of a state by their names."""
    return {
        host["name"]: host
        for organization in state["organizations"]
        for environment in organization["environments"]
        for host in environment["hosts"]
    }


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_world_of_a_built_in_seed(emulator: Running, name: str) -> None:
    """It is planted by its name, or sent whole, with the same outcome; instead of what the others begin from."""
    content = yaml.safe_load((fixtures() / f"{name}.yaml").read_text())
    emulator.request("POST", f"{WORLDS}", json={"name": "named", "seeds": [name], "clock": "frozen"})
    emulator.request("POST", f"{WORLDS}", json={"name": "sent", "seeds": [content], "clock": "frozen"})
    try:
        named, sent = state_of(emulator, "/w/named"), state_of(emulator, "/w/sent")
        assert named.pop("clock") != sent.pop("clock")
        assert named == sent
        if name != "documentation-example":
            assert "Guardis Test" not in [one["name"] for one in named["organizations"]]
        assert len(named["users"]) == len(content.get("users", []))
    finally:
        for world in ("named", "sent"):
            emulator.request("DELETE", f"{WORLDS}/{world}")


def test_a_world_of_several_seeds_and_its_reset(emulator: Running) -> None:
    """Names and whole seeds together; a reset leads to them."""
    world = make(emulator, seeds=["every-state", yaml.safe_load(SMALL)])
    path = f"{world}/organizations/Acme/environments/P/hosts/web-1/instance"
    emulator.request("DELETE", path)
    emulator.request("POST", world + RESET, json={})
    assert emulator.state(path) == "STOPPED"
    assert emulator.request("GET", f"{world}/organizations/Every").status_code == 200


def test_seeds_that_cannot_be_planted_are_refused(emulator: Running) -> None:
    """Nothing is made, and the message says which seed, and where in it."""
    before = emulator.request("GET", WORLDS).json()
    assert no(emulator, "POST", WORLDS, 400, json={"seeds": ["../users"]}).startswith("there is no built-in seed '../u")
    message = no(emulator, "POST", WORLDS, 400, json={"seeds": ["users", {"organizations": 3}]})
    assert message == "seeds.1:1: organizations: it is 3; expected a list"
    wrong = yaml.safe_load(SMALL.replace("STOPPED", "FLYING"))
    assert "cannot be 'FLYING'" in no(emulator, "POST", WORLDS, 400, json={"seeds": [wrong]})
    no(emulator, "POST", WORLDS, 400, json={"seeds": ["users"], "fork": "default"})
    assert emulator.request("GET", WORLDS).json() == before


def test_seed_files_are_read_again_on_demand(start: Start, tmp_path: Path) -> None:
    """Only then; worlds that are made later begin from what was read."""
    seed = tmp_path / "mine.yaml"
    seed.write_text(SMALL)
    emulator = start(seeds=(seed,))
    path = "/organizations/Acme/environments/P/hosts/web-1/instance"
    seed.write_text(SMALL.replace("STOPPED", "PAUSED"))
    emulator.request("POST", RESET, json={})
    assert emulator.state(path) == "STOPPED"
    emulator.request("POST", RESET, json={"seeds": "reread"})
    assert [emulator.state(world + path) for world in ("", make(emulator))] == ["PAUSED", "PAUSED"]
    seed.write_text(SMALL.replace("STOPPED", "FLYING"))
    assert no(emulator, "POST", RESET, 400, json={"seeds": "reread"}).startswith(f"{seed}:1: organizations.0.")
    assert emulator.state(path) == "PAUSED"
    emulator.request("POST", RESET, json={})
    assert emulator.state(path) == "PAUSED"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_goes_back_to_its_seed(emulator: Running, part: dict[str, str]) -> None:
    """The part is what it was at the start, versions and histories too; what is not in it stays as it is."""
    emulator.request("POST", f"{WORLDS}", json={"name": "part", "seeds": ["every-state", "documentation-example"]})
    try:
        fresh = hosts(state_of(emulator, "/w/part"))
        for path in (DOCUMENTED, VACANT, "/organizations/Every/environments/State/hosts/running/instance"):
            emulator.request("PUT", f"/w/part{path.removesuffix('/instance')}", json={"description": "changed"})
            emulator.request("DELETE", f"/w/part{path}")
        changed = hosts(state_of(emulator, "/w/part"))
        assert emulator.request("POST", f"/w/part{RESET}", json=part).status_code == 200
        after = hosts(state_of(emulator, "/w/part"))
        assert list(after) == list(changed)
        inside = {"test-host-on-Hyp3"} if "host" in part else {"test-host-on-Hyp3", "web-1"}
        for name, host in after.items():
            expected = fresh[name] if name in inside else changed[name]
            for one in (host, expected):
                one.get("instance", {}).pop("since", None)
                one.get("instance", {}).get("pending", {}).pop("in", None)
            assert host == expected
    finally:
        emulator.request("DELETE", f"{WORLDS}/part")


def test_a_part_of_which_no_seed_tells_is_gone(emulator: Running) -> None:
    """With its instance, which a delete would have refused."""
    emulator.request("POST", f"{ENVIRONMENT}/hosts", json={"name": "extra"})
    emulator.request("POST", f"{ENVIRONMENT}/hosts/extra/instance", json={})
    extra = {**TEST_HOST, "host": "extra"}
    assert emulator.request("POST", RESET, json=extra).status_code == 200
    assert emulator.request("GET", f"{ENVIRONMENT}/hosts/extra").status_code == 404
    assert "no host 'extra'" in no(emulator, "POST", RESET, 404, json=extra)


def test_what_was_on_its_way_never_comes(start: Start, tmp_path: Path) -> None:
    """An action of the host as it was does not settle in the host as it is; what a seed has on its way does."""
    (tmp_path / "ten.yaml").write_text("default: {fixed: 10}\n")
    emulator = start(seeds=(fixtures() / "every-state.yaml",), timing=str(tmp_path / "ten.yaml"))
    path = "/organizations/Every/environments/State/hosts/starting/instance"
    emulator.request("POST", "/_emulator/clock", json={"advance": 10})
    assert emulator.state(path) == "RUNNING"
    emulator.request("PUT", f"{path}/_pause")
    emulator.request("POST", RESET, json={"organization": "Every", "environment": "State", "host": "starting"})
    emulator.request("POST", "/_emulator/clock", json={"advance": 9})
    assert emulator.state(path) == "PENDING"
    emulator.request("POST", "/_emulator/clock", json={"advance": 1})
    assert emulator.state(path) == "RUNNING"


def test_a_machine_that_moved_stands_in_the_way(emulator: Running) -> None:
    """A machine is of one host: where another one has it by now, the reset is refused, and says which."""
    properties = emulator.request("GET", DOCUMENTED).json()["properties"]
    emulator.request("PUT", f"{DOCUMENTED}/_forget")
    assert emulator.request("POST", f"{VACANT}/properties", json=properties).status_code == 200
    message = no(emulator, "POST", RESET, 409, json=TEST_HOST)
    assert "is the instance of host 'Guardis Test/Test Environment/web-1'" in message
    emulator.request("PUT", f"{VACANT}/_forget")
    assert emulator.request("POST", RESET, json=TEST_HOST).status_code == 200
    assert "strays" not in state_of(emulator)


def test_wishes_that_contradict_themselves_are_refused(emulator: Running) -> None:
    """A host without its environment, a part and the files at once, other words than reread."""
    for wish in (
        {"host": "web-1"},
        {"organization": "Guardis Test", "host": "web-1"},
        {"seeds": "reread", "organization": "Guardis Test"},
        {"seeds": "again"},
    ):
        no(emulator, "POST", RESET, 400, json=wish)


def test_a_database_is_reset_as_a_whole(start: Start, tmp_path: Path) -> None:
    """Parts of it, and files read again, are refused with a way out."""
    emulator = start(store=f"sqlite:///{tmp_path / 'one.db'}")
    for wish in (TEST_HOST, {"seeds": "reread"}):
        assert "in memory only: serve with --store memory, or" in no(emulator, "POST", RESET, 409, json=wish)
