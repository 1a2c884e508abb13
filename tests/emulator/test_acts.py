"""Out-of-band acts: what happens to a machine without a request to the emulated API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from contract import load_contract
from emulator.control import DOCUMENT
from emulator.instances.acts import ACTS
from tests.emulator.conftest import DOCUMENTED, ENVIRONMENT, VACANT, Running, Start
from tests.emulator.test_control import control

HOST = {"organization": "Guardis Test", "environment": "Test Environment", "host": "test-host-on-Hyp3"}
HISTORY = f"{ENVIRONMENT}/hosts/test-host-on-Hyp3"


def act(emulator: Running, name: str, **more: str) -> Any:
    """Let it happen to the documented machine."""
    return control(emulator, "POST", "acts", {"act": name, **HOST, **more})


def no(emulator: Running, status: int, name: str, **more: str) -> str:
    """An act that must be refused; the message."""
    answer = emulator.request("POST", "/_emulator/acts", json={"act": name, **HOST, **more})
    assert answer.status_code == status, answer.text
    (message,) = answer.json()["error"]
    return str(message)


def agent(emulator: Running) -> str:
    """Whether the agent of the documented machine is Up."""
    return str(emulator.request("GET", DOCUMENTED).json()["synapseState"])


def test_the_list_of_acts_is_that_of_the_document(emulator: Running) -> None:
    """What can be asked for, what is listed and what is done are the same."""
    (operation,) = [one for one in load_document_operations() if one["operationId"] == "act"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    listed = [row["act"] for row in control(emulator, "GET", "acts")["acts"]]
    assert schema["properties"]["act"]["enum"] == listed == [*ACTS]


def load_document_operations() -> list[dict[str, Any]]:
    """The operations of the control API, as written."""
    paths = yaml.safe_load(DOCUMENT.read_text())["paths"].values()
    return [operation for path in paths for method, operation in path.items() if method in ("get", "post")]


@pytest.mark.parametrize(
    "name, by, after",
    [
        ("crash", "world", "STOPPED"),
        ("power-off", "operator", "STOPPED"),
        ("guest-shutdown", "world", "STOPPED"),
        ("guest-reboot", "world", "RUNNING"),
        ("lose", "world", "UNDEFINED"),
    ],
)
def test_an_act_leads_where_the_lifecycle_says(emulator: Running, name: str, by: str, after: str) -> None:
    """At once, whatever the lock, and the history of the host tells it."""
    emulator.request("POST", f"{DOCUMENTED}/lock")
    assert act(emulator, name) == {"act": name, "before": "RUNNING", "after": after}
    assert emulator.state(DOCUMENTED) == after
    last = emulator.request("GET", f"{HISTORY}/audit/").json()["items"][-1]
    assert (last["message"], last["username"]) == (f"{name}: RUNNING -> {after}", by)
    change = emulator.request("GET", f"{HISTORY}/changes/").json()["items"][-1]
    assert (change["description"], change["tasks"][0]["status"]) == (ACTS[name].says, "OK")


def test_an_operator_can_be_named(emulator: Running) -> None:
    """The audit has the name."""
    act(emulator, "power-off", by="eve")
    assert emulator.request("GET", f"{HISTORY}/audit/").json()["items"][-1]["username"] == "eve"


def test_a_machine_that_crashed_can_be_started_again(emulator: Running) -> None:
    """It is what it was, its guest starts anew."""
    before = emulator.request("GET", DOCUMENTED).json()["properties"]
    act(emulator, "crash")
    assert emulator.request("PUT", f"{DOCUMENTED}/_start").status_code == 202
    assert emulator.request("GET", DOCUMENTED).json()["properties"][: len(before)] == before


def test_the_agent_comes_and_goes(emulator: Running) -> None:
    """Without a change of state; and only while there is a guest that runs."""
    act(emulator, "agent-goes")
    assert agent(emulator) == "Down"
    assert act(emulator, "agent-comes") == {"act": "agent-comes", "before": "RUNNING", "after": "RUNNING"}
    assert agent(emulator) == "Up"
    act(emulator, "crash")
    assert agent(emulator) == "Down"
    assert "there is an agent in RUNNING only" in no(emulator, 409, "agent-comes")


def test_what_makes_no_sense_is_refused_with_words(emulator: Running) -> None:
    """By state, without an instance, without a host, and for an act that nobody knows."""
    act(emulator, "crash")
    for name in ("crash", "guest-shutdown", "guest-reboot"):
        assert f"{name} makes no sense for 'test-host-on-Hyp3': it is STOPPED" in no(emulator, 409, name)
    assert "it has no instance" in no(emulator, 409, "crash", host="web-1")
    assert "no host" in no(emulator, 404, "crash", host="nobody")
    assert "crash or power-off" in no(emulator, 400, "explode")


def test_a_crash_ends_what_was_on_its_way(start: Start) -> None:
    """A machine that loses its power while it is made is off, and the change says why it came to no end."""
    emulator = start(timing="polls:5")
    emulator.request("POST", VACANT, json={})
    answer = control(emulator, "POST", "acts", {"act": "crash", **HOST, "host": "web-1"})
    assert (answer["before"], answer["after"]) == ("PENDING", "STOPPED")
    changes = emulator.request("GET", f"{ENVIRONMENT}/hosts/web-1/changes/").json()["items"]
    assert [one["tasks"][0]["error"] for one in changes] == ["superseded by crash", ""]
    assert emulator.request("GET", f"{ENVIRONMENT}/hosts/web-1").json()["state"] == "READY"


def test_a_lost_machine_is_no_longer_known(emulator: Running) -> None:
    """It can be let go; an import of it finds nothing."""
    properties = emulator.request("GET", DOCUMENTED).json()["properties"]
    act(emulator, "lose")
    assert "nobody knows" in no(emulator, 409, "lose")
    assert emulator.request("PUT", f"{DOCUMENTED}/_start").status_code == 409
    assert emulator.request("PUT", f"{DOCUMENTED}/_forget").status_code == 202
    assert emulator.request("POST", f"{DOCUMENTED}/properties", json=properties).json()["state"] == "UNDEFINED"


def test_a_contract_with_other_names_is_followed(start: Start, tmp_path: Path) -> None:
    """No state is known by its name."""
    text = load_contract().source.read_text().replace("STOPPED", "HALTED").replace("UNDEFINED", "LIMBO")
    path = tmp_path / "renamed.openapi.yaml"
    path.write_text(text)
    emulator = start(contract=path)
    assert act(emulator, "crash")["after"] == "HALTED"
    assert act(emulator, "lose")["after"] == "LIMBO"
