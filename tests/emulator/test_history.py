"""Changes and audit of a host over the real application: what was set in motion, how it ended, and who did it."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.auth import Principal, User
from emulator.clock import iso
from emulator.memory import MemoryStore
from emulator.records import AuditEntry, History, Task
from tests.emulator.conftest import Start
from tests.emulator.inventory_client import Inventory

HOST = ("Acme", "Prod", "web-1")
INSTANCE = "/organizations/Acme/environments/Prod/hosts/web-1/instance"


@pytest.fixture
def inventory(start: Start) -> Inventory:
    """An inventory with the host Acme/Prod/web-1, where actions take a while."""
    inventory = Inventory(start(seeds=(), timing="realistic"))
    inventory.make(*HOST)
    return inventory


def act(inventory: Inventory, method: str, path: str = "") -> None:
    """Send an action to the instance; it is accepted."""
    answer = inventory.emulator.request(method, INSTANCE + path)
    assert answer.status_code in (200, 202, 204), answer.text


def let_settle(inventory: Inventory) -> None:
    """Let an hour go by."""
    inventory.emulator.world.clock.advance(3600)


def outcomes(inventory: Inventory, **query: Any) -> list[tuple[str, str]]:
    """The operation of each change, and the status of its task."""
    items = inventory.ask("listChanges", *HOST, query=query)["items"]
    return [(item["key"].rpartition("-")[0], item["tasks"][0]["status"]) for item in items]


def test_nothing_was_done_to_a_host_without_history(start: Start) -> None:
    """Its changes and audit are empty collections, and reading them makes no history."""
    planted = Inventory(start())
    host = ("Guardis Test", "Test Environment", "web-1")
    for what in ("listChanges", "getAudit"):
        assert planted.ask(what, *host) == {"count": 0, "offset": 0, "total": 0, "items": []}
    planted.ask("deleteChanges", *host)
    with planted.emulator.world.store.unit() as unit:
        if isinstance(unit, MemoryStore):
            assert unit.host(*host).history is None


@pytest.mark.parametrize("what", ["listChanges", "deleteChanges", "getAudit"])
def test_a_host_that_is_not_there_has_no_history(inventory: Inventory, what: str) -> None:
    """The refusal names the host."""
    assert "no host 'web-9'" in inventory.refusal(404, what, "Acme", "Prod", "web-9")


def test_an_action_is_a_change_until_it_has_settled_and_after(inventory: Inventory) -> None:
    """Its task is PENDING while it is on its way, and OK when it has taken effect, though nobody else looked."""
    act(inventory, "POST")
    assert outcomes(inventory) == [("provisionInstance", "PENDING")]
    let_settle(inventory)
    assert outcomes(inventory) == [("provisionInstance", "OK")]
    act(inventory, "PUT", "/_pause")
    assert outcomes(inventory) == [("provisionInstance", "OK"), ("pauseInstance", "PENDING")]


def test_an_action_that_was_overtaken_ends_in_error(inventory: Inventory) -> None:
    """What was on its way when the machine was powered off says by what it was superseded."""
    act(inventory, "POST")
    act(inventory, "PUT", "/_off")
    first, second = inventory.ask("listChanges", *HOST)["items"]
    assert first["tasks"][0]["status"] == "ERROR"
    assert first["tasks"][0]["error"] == "superseded by powerOffInstance"
    assert (second["tasks"][0]["status"], second["tasks"][0]["error"]) == ("PENDING", "")


def test_a_refused_action_is_no_change(inventory: Inventory) -> None:
    """What was refused was not set in motion."""
    act(inventory, "POST")
    assert inventory.emulator.request("PUT", INSTANCE + "/_start").status_code == 409
    assert outcomes(inventory) == [("provisionInstance", "PENDING")]


@pytest.mark.parametrize("text, expected", [("True", 2), ("true", 2), ("False", 1), ("false", 1)])
def test_processed_changes_are_left_out_on_request(inventory: Inventory, text: str, expected: int) -> None:
    """False, with a capital or without, leaves out changes without a PENDING task, and does not count them."""
    act(inventory, "POST")
    let_settle(inventory)
    act(inventory, "PUT", "/_pause")
    everything = [("provisionInstance", "OK"), ("pauseInstance", "PENDING")]
    assert outcomes(inventory) == everything
    assert outcomes(inventory, show_processed=text) == everything[-expected:]
    assert inventory.ask("listChanges", *HOST, query={"show_processed": text})["total"] == expected


def test_show_processed_is_true_or_false(inventory: Inventory) -> None:
    """Anything else is refused, and says what is expected."""
    message = inventory.refusal(400, "listChanges", *HOST, query={"show_processed": "0"})
    assert message == "show_processed is '0'; expected True or False"


def test_a_look_at_the_changes_is_a_look_at_the_instance(start: Start) -> None:
    """With timing by polls, a client that waits until no change is PENDING comes to an end."""
    inventory = Inventory(start(seeds=(), timing="polls:2"))
    inventory.make(*HOST)
    act(inventory, "POST")
    pending = [("provisionInstance", "PENDING")]
    assert [outcomes(inventory, show_processed=False) for _ in range(3)] == [pending, pending, []]
    assert inventory.emulator.state(INSTANCE) == "RUNNING"


def test_changes_that_are_deleted_are_gone(inventory: Inventory) -> None:
    """Their record is; an action that is on its way takes effect all the same, and numbers go on."""
    act(inventory, "POST")
    inventory.ask("deleteChanges", *HOST)
    assert outcomes(inventory) == []
    let_settle(inventory)
    assert inventory.emulator.state(INSTANCE) == "RUNNING"
    act(inventory, "PUT", "/_pause")
    (change,) = inventory.ask("listChanges", *HOST)["items"]
    assert (change["orderNum"], change["key"]) == (2, "pauseInstance-2")


def test_no_two_changes_have_one_key(inventory: Inventory) -> None:
    """A client finds a change again by its key, however often the same was asked for."""
    act(inventory, "POST")
    for _ in range(3):
        let_settle(inventory)
        act(inventory, "PUT", "/_reboot")
    items = inventory.ask("listChanges", *HOST)["items"]
    assert [item["orderNum"] for item in items] == [1, 2, 3, 4]
    assert len({item["key"] for item in items}) == 4


@pytest.mark.parametrize("what", ["listChanges", "getAudit"])
def test_history_comes_in_pages(inventory: Inventory, what: str) -> None:
    """Offset and max cut it as they cut every collection."""
    act(inventory, "POST")
    act(inventory, "PUT", "/_off")
    everything = inventory.ask(what, *HOST)
    part = inventory.ask(what, *HOST, query={"offset": 1, "max": 1})
    assert part == {"count": 1, "offset": 1, "total": everything["total"], "items": everything["items"][1:2]}


def test_the_audit_says_who_did_what_and_when(start: Start) -> None:
    """Each entry has the emulated time, what was done, and the user by both names."""
    users = (User(Principal("ann", "Ann Onym"), "a"), User(Principal("bob", "Bob Alias"), "b"))
    inventory = Inventory(start(seeds=(), users=users, timing="realistic"), auth=("ann", "a"))
    inventory.make(*HOST)
    clock = inventory.emulator.world.clock
    made_at, provisioned_at = clock.now(), clock.advance(60)
    assert inventory.emulator.request("POST", INSTANCE, auth=("bob", "b")).status_code == 200
    expected = [
        (made_at, "createHost: created", "ann", "Ann Onym"),
        (provisioned_at, "provisionInstance: ABSENT -> PENDING", "bob", "Bob Alias"),
    ]
    assert inventory.ask("getAudit", *HOST)["items"] == [
        {"timestamp": iso(at), "message": message, "username": user, "userFullName": name}
        for at, message, user, name in expected
    ]


def test_what_is_done_to_the_host_is_audited(inventory: Inventory) -> None:
    """Its making, each change and each rename are in the audit; what changed nothing, or was refused, is not."""
    inventory.ask("updateHost", *HOST, json={"description": "a"})
    inventory.ask("updateHost", *HOST, json={"description": "a"})
    inventory.refusal(409, "updateHost", *HOST, json={"description": "b", "version": 9})
    inventory.ask("updateHost", *HOST, json={"name": "web-2"})
    assert [entry["message"] for entry in inventory.ask("getAudit", "Acme", "Prod", "web-2")["items"]] == [
        "createHost: created",
        "updateHost: changed",
        "updateHost: renamed from 'web-1' to 'web-2'",
    ]


def test_a_host_of_the_same_name_has_a_history_of_its_own(inventory: Inventory) -> None:
    """Nothing of what was done to a deleted host shows at its successor."""
    act(inventory, "POST")
    act(inventory, "DELETE")
    inventory.ask("deleteHost", *HOST)
    inventory.ask("createHost", "Acme", "Prod", json={"name": "web-1"})
    assert outcomes(inventory) == []
    assert [entry["message"] for entry in inventory.ask("getAudit", *HOST)["items"]] == ["createHost: created"]


def test_history_keeps_its_newest_entries() -> None:
    """A host that is acted on for ever does not grow for ever, and its numbers go on."""
    history = History()
    for number in range(History.LIMIT + 5):
        history.add_change("startInstance", "Start", Task("start", "OK"))
        history.add_audit(AuditEntry(float(number), "startInstance", "ann", "Ann"))
    assert [change.order for change in history.changes] == list(range(6, History.LIMIT + 6))
    assert [entry.at for entry in history.audit] == [float(number) for number in range(5, History.LIMIT + 5)]
