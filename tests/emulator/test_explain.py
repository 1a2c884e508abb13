"""What may happen here, and the way there: as the contract has it, and as the API then answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from contract import load_contract
from emulator.resources import fixtures
from emulator.settings import Settings
from tests.emulator.conftest import Running, running
from tests.emulator.test_control import CONTROL
from tests.emulator.test_worlds import no

HOSTS = "/organizations/Every/environments/State/hosts"
CONTRACT = load_contract()
STATES = {
    "absent": "ABSENT",
    "running": "RUNNING",
    "paused": "PAUSED",
    "stopped": "STOPPED",
    "undefined": "UNDEFINED",
    "locked": "RUNNING",
    "locked-paused": "PAUSED",
    "locked-pending": "PENDING",
    "starting": "PENDING",
    "importing": "UNDEFINED",
    "powering-off-while-pending": "PENDING",
}
CELLS = [(host, trigger) for host in STATES for trigger in CONTRACT.lifecycle.triggers]


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    """An emulator with a host in every state, on a frozen clock."""
    with running(Settings(seeds=(fixtures() / "every-state.yaml",), clock="frozen")) as emulator:
        yield emulator


def explained(emulator: Running, host: str, trigger: str) -> Any:
    """What is said of a trigger at a host of the seed, checked against the document."""
    query = {"organization": "Every", "environment": "State", "host": host, "trigger": trigger}
    before = emulator.request("GET", "/_emulator/state").text
    answer = emulator.request("GET", "/_emulator/explain", params=query)
    assert answer.status_code == 200, answer.text
    schema = CONTROL.operations["explainTrigger"].responses[200].schema
    assert schema is not None
    assert CONTROL.validator(schema).problems(answer.json()) == []
    assert emulator.request("GET", "/_emulator/state").text == before
    return answer.json()


@pytest.mark.parametrize("host, trigger", CELLS)
def test_what_is_said_is_what_happens(emulator: Running, host: str, trigger: str) -> None:
    """The way, walked, ends with the trigger accepted; its words are those of the refusal that comes otherwise."""
    told = explained(emulator, host, trigger)
    assert told["state"] == STATES[host]
    operation = next(one for one in CONTRACT.operations.values() if one.trigger == trigger and not one.alias_of)
    path = HOSTS + f"/{host}/instance" + operation.path.rpartition("/instance")[2]
    if told["allowed"]:
        assert [step["trigger"] for step in told["way"]] == [trigger]
    else:
        refusal = emulator.request(operation.method, path, json=[] if trigger == "import" else None)
        assert refusal.status_code in (404, 409)
        assert refusal.json()["error"] == [told["reason"]]
        assert len(told["way"]) > 1
    for step in told["way"]:
        walk(emulator, host, step)


def walk(emulator: Running, host: str, step: Any) -> None:
    """Send the request of a step, which must be accepted, and see where it leads."""
    instance = f"{HOSTS}/{host}/instance"
    assert emulator.state(instance) == step["from"]
    if step["due"]:
        emulator.request("POST", "/_emulator/clock", json={"advance": 60})
    body: list[str] | None = [] if step["trigger"] == "import" else None
    answer = emulator.request(step["method"], step["path"], json=body)
    assert answer.status_code == CONTRACT.operations[step["operation"]].success, answer.text
    assert emulator.state(instance) in step["to"]


def test_looks_are_a_step_of_their_own(emulator: Running) -> None:
    """What waits for looks is looked at; the way through a lock begins with the unlock."""
    world = "/w/polled"
    emulator.request("POST", "/_emulator/worlds", json={"name": "polled", "timing": "polls:2"})
    try:
        emulator.request("PUT", f"{world}{HOSTS}/stopped/instance/_start")
        query = "organization=Every&environment=State&host=stopped&trigger=pause"
        told = emulator.request("GET", f"{world}/_emulator/explain?{query}").json()
        steps = [(step["trigger"], step["method"], step["from"], step["to"], step["due"]) for step in told["way"]]
        looks, pause = (None, "GET", "PENDING", ["RUNNING"], None), ("pause", "PUT", "RUNNING", ["PAUSED"], None)
        assert steps == [looks, pause]
        assert told["way"][1]["path"] == f"{HOSTS}/stopped/instance/_pause"
    finally:
        emulator.request("DELETE", "/_emulator/worlds/polled")
    first, _, last = explained(emulator, "locked-paused", "reboot")["way"]
    assert (first["operation"], first["from"], last["trigger"]) == ("unlockInstance", "PAUSED", "reboot")


def test_a_question_that_makes_no_sense_is_refused(emulator: Running) -> None:
    """A trigger or a host that is not there, and a question that is half asked."""
    path = "/_emulator/explain?organization=Every&environment=State"
    assert "there is no trigger 'fly'; the contract has provision, " in no(
        emulator, "GET", f"{path}&host=running&trigger=fly", 400
    )
    assert "has no host 'nowhere'" in no(emulator, "GET", f"{path}&host=nowhere&trigger=pause", 404)
    assert "host is missing in the query" in no(emulator, "GET", f"{path}&trigger=pause", 400)
