"""The inventory over the real application: what is made is found, what is refused changed nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from emulator.auth import Principal, User
from emulator.settings import Settings
from tests.emulator.conftest import NewStore, Start, running
from tests.emulator.inventory_client import INVENTORY, Inventory

KINDS = {"Organization": (), "Environment": ("Acme",), "Host": ("Acme", "Prod")}
HOST = ("Acme", "Prod", "web-1")
INSTANCE = "/organizations/Acme/environments/Prod/hosts/web-1/instance"
DEFAULTS: dict[str, dict[str, Any]] = {
    "Organization": {"description": "", "groups": [], "settings": [], "environments": []},
    "Environment": {"description": "", "settings": [], "hosts": [], "organization": "Acme"},
    "Host": {
        "description": "",
        "applications": [],
        "settings": [],
        "organization": "Acme",
        "environment": "Prod",
        "state": "DEFINED",
    },
}
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1, max_size=60).filter(
    lambda name: name not in (".", "..")
)

every_kind = pytest.mark.parametrize("kind, parent", KINDS.items(), ids=KINDS)


@pytest.fixture
def inventory(start: Start) -> Inventory:
    """An inventory with the host Acme/Prod/web-1, where actions take effect at once."""
    inventory = Inventory(start(seeds=()))
    inventory.make(*HOST)
    return inventory


@pytest.fixture(scope="module")
def shared(new_store: NewStore) -> Iterator[Inventory]:
    """One inventory for all examples of a property, with the host Acme/Prod/web-1."""
    with running(Settings(clock="frozen", store=new_store())) as emulator:
        inventory = Inventory(emulator)
        inventory.make(*HOST)
        yield inventory


def test_the_document_is_valid() -> None:
    """inventory.openapi.yaml is OpenAPI 3.1 to the letter."""
    validate(dict(INVENTORY.raw))


@every_kind
def test_what_is_made_with_a_name_has_defaults(inventory: Inventory, kind: str, parent: tuple[str, ...]) -> None:
    """A body with nothing but a name makes version 1 of a thing with defaults, which can be read and listed."""
    made = inventory.ask(f"create{kind}", *parent, json={"name": "new"})
    assert made == {"name": "new", "version": 1, **DEFAULTS[kind]}
    assert inventory.ask(f"get{kind}", *parent, "new") == made
    assert inventory.ask(f"list{kind}s", *parent)["items"][-1] == made


@every_kind
def test_what_is_given_is_kept_and_the_rest_ignored(inventory: Inventory, kind: str, parent: tuple[str, ...]) -> None:
    """Known members are kept as they came; what is unknown, or only to be read, is not."""
    settings = [{"key": "a", "value": [1, None, {"b": True}]}, {"key": "c", "value": "d", "link": "e"}]
    known = {"description": "é", "settings": settings}
    ignored = {"version": 7, "state": "READY", "hosts": ["x"], "environments": ["x"], "organization": "x", "color": 1}
    made = inventory.ask(f"create{kind}", *parent, json={"name": "new", **known, **ignored})
    assert made == {"name": "new", "version": 1, **DEFAULTS[kind], **known}


def test_a_host_without_details_stores_none(inventory: Inventory) -> None:
    """Defaults that are given cost no memory: a million hosts may have them."""
    body: dict[str, Any] = {"name": "db-1", "description": "", "platform": None, "applications": [], "settings": []}
    inventory.ask("createHost", "Acme", "Prod", json=body)
    with inventory.emulator.world.store.unit() as unit:
        assert unit.host("Acme", "Prod", "db-1").details is None


def test_access_is_both_keys_or_nothing(inventory: Inventory) -> None:
    """An organization shows no access until it has one; half of it is refused, and null takes it away."""
    access = {"accessKey": "public", "secretKey": "secret"}
    assert inventory.ask("updateOrganization", "Acme", json={"access": access})["access"] == access
    message = inventory.refusal(400, "updateOrganization", "Acme", json={"access": {"accessKey": "public"}})
    assert "'secretKey' is missing" in message
    assert inventory.ask("getOrganization", "Acme")["access"] == access
    assert "access" not in inventory.ask("updateOrganization", "Acme", json={"access": None})


@every_kind
def test_a_name_is_there_once_in_its_parent(inventory: Inventory, kind: str, parent: tuple[str, ...]) -> None:
    """A second one of a name is refused, by POST and by rename, and the first stays as it is."""
    inventory.ask(f"create{kind}", *parent, json={"name": "one", "description": "first"})
    inventory.ask(f"create{kind}", *parent, json={"name": "two"})
    for refused in (
        inventory.refusal(409, f"create{kind}", *parent, json={"name": "one"}),
        inventory.refusal(409, f"update{kind}", *parent, "two", json={"name": "one"}),
    ):
        assert refused.startswith(f"{kind.lower()} 'one' is there already")
    assert inventory.ask(f"get{kind}", *parent, "one")["description"] == "first"
    assert inventory.ask(f"get{kind}", *parent, "two")["version"] == 1


def test_a_name_may_be_there_in_another_parent(inventory: Inventory) -> None:
    """Names are unique in their parent only."""
    inventory.make("Other", "Prod", "web-1")
    assert inventory.ask("getHost", "Other", "Prod", "web-1")["organization"] == "Other"


@every_kind
def test_an_update_changes_what_it_carries(inventory: Inventory, kind: str, parent: tuple[str, ...]) -> None:
    """Members that are absent stay, null is the default again, and the version grows by one each time."""
    inventory.ask(f"create{kind}", *parent, json={"name": "it", "description": "a", "settings": [{"key": "k"}]})
    changed = inventory.ask(f"update{kind}", *parent, "it", json={"description": "b"})
    assert (changed["description"], changed["settings"], changed["version"]) == ("b", [{"key": "k"}], 2)
    emptied = inventory.ask(f"update{kind}", *parent, "it", json={"settings": None})
    assert (emptied["description"], emptied["settings"], emptied["version"]) == ("b", [], 3)
    assert inventory.ask(f"get{kind}", *parent, "it") == emptied


@every_kind
def test_a_representation_sent_back_is_no_change(inventory: Inventory, kind: str, parent: tuple[str, ...]) -> None:
    """What was read can be sent as it came, version and all, and the version stays."""
    body = {"name": "it", "description": "a", "settings": [{"key": "k", "value": 1}]}
    made = inventory.ask(f"create{kind}", *parent, json=body)
    assert inventory.ask(f"update{kind}", *parent, "it", json=made) == made


def test_true_in_place_of_one_is_a_change(inventory: Inventory) -> None:
    """Values are told apart as JSON tells them apart, not as Python does."""
    inventory.ask("updateHost", *HOST, json={"settings": [{"key": "k", "value": 1}]})
    changed = inventory.ask("updateHost", *HOST, json={"settings": [{"key": "k", "value": True}]})
    assert changed["settings"][0]["value"] is True
    assert changed["version"] == 3


@every_kind
def test_a_stale_version_is_refused(inventory: Inventory, kind: str, parent: tuple[str, ...]) -> None:
    """An update that was made from another version says which one is present, and changes nothing."""
    inventory.ask(f"create{kind}", *parent, json={"name": "it"})
    inventory.ask(f"update{kind}", *parent, "it", json={"description": "a", "version": 1})
    for version in (1, 3):
        body = {"name": "other", "description": "b", "version": version}
        message = inventory.refusal(409, f"update{kind}", *parent, "it", json=body)
        assert f"{kind.lower()} 'it' is at version 2, and this update was made from version {version}" in message
    shown = inventory.ask(f"get{kind}", *parent, "it")
    assert (shown["name"], shown["description"], shown["version"]) == ("it", "a", 2)


def test_a_rename_takes_along_what_is_below(inventory: Inventory) -> None:
    """All paths change at once, down to the instance, and the old ones name nothing."""
    assert inventory.emulator.request("POST", INSTANCE).status_code == 200
    inventory.ask("updateOrganization", "Acme", json={"name": "Emca"})
    inventory.ask("updateEnvironment", "Emca", "Prod", json={"name": "Live"})
    renamed = inventory.ask("updateHost", "Emca", "Live", "web-1", json={"name": "web 2"})
    assert (renamed["organization"], renamed["environment"], renamed["version"]) == ("Emca", "Live", 2)
    instance = inventory.emulator.request("GET", "/organizations/Emca/environments/Live/hosts/web%202/instance").json()
    assert [instance[member] for member in ("organization", "environment", "host")] == ["Emca", "Live", "web 2"]
    inventory.refusal(404, "getOrganization", "Acme")
    inventory.refusal(404, "getEnvironment", "Emca", "Prod")
    inventory.refusal(404, "getHost", "Emca", "Live", "web-1")
    assert inventory.ask("getEnvironment", "Emca", "Live")["hosts"] == ["web 2"]


@every_kind
def test_a_rename_to_its_own_name_is_none(inventory: Inventory, kind: str, parent: tuple[str, ...]) -> None:
    """Its own name is not taken by somebody else."""
    made = inventory.ask(f"create{kind}", *parent, json={"name": "it"})
    assert inventory.ask(f"update{kind}", *parent, "it", json={"name": "it"}) == made


@every_kind
def test_what_is_deleted_is_gone(inventory: Inventory, kind: str, parent: tuple[str, ...]) -> None:
    """It is neither found nor listed, cannot be deleted again, and its name is free for a fresh one."""
    inventory.ask(f"create{kind}", *parent, json={"name": "it", "description": "a"})
    inventory.ask(f"delete{kind}", *parent, "it")
    inventory.refusal(404, f"get{kind}", *parent, "it")
    inventory.refusal(404, f"update{kind}", *parent, "it", json={"name": "new"})
    inventory.refusal(404, f"delete{kind}", *parent, "it")
    assert "it" not in [item["name"] for item in inventory.ask(f"list{kind}s", *parent)["items"]]
    assert inventory.ask(f"create{kind}", *parent, json={"name": "it"})["description"] == ""


def test_what_is_in_it_goes_with_it(inventory: Inventory) -> None:
    """An organization that is deleted takes its environments and hosts along."""
    inventory.ask("deleteOrganization", "Acme")
    assert "organization 'Acme'" in inventory.refusal(404, "getHost", *HOST)
    assert inventory.ask("listOrganizations")["total"] == 0


@every_kind
def test_an_instance_keeps_its_host(inventory: Inventory, kind: str, parent: tuple[str, ...]) -> None:
    """A host with an instance is not deleted, nor is what it is in; the message says how it could be."""
    names = HOST[: len(parent) + 1]
    inventory.emulator.request("POST", INSTANCE)
    message = inventory.refusal(409, f"delete{kind}", *names)
    assert message.startswith(f"{kind.lower()} {names[-1]!r} cannot be deleted: ")
    assert "DELETE .../instance" in message
    assert kind == "Host" or "'Acme/Prod/web-1'" in message
    assert inventory.ask("getHost", *HOST)["state"] == "READY"
    inventory.emulator.request("PUT", INSTANCE + "/_forget")
    inventory.ask(f"delete{kind}", *names)


def test_the_state_of_a_host_follows_its_instance(start: Start) -> None:
    """DEFINED without an instance, PROVISIONING until it first settles, READY from then on, whatever it does."""
    inventory = Inventory(start(seeds=(), timing="realistic"))
    inventory.make(*HOST)
    clock = inventory.emulator.world.clock

    def states() -> tuple[str, str]:
        return inventory.ask("getHost", *HOST)["state"], inventory.ask("listHosts", *HOST[:2])["items"][0]["state"]

    assert states() == ("DEFINED", "DEFINED")
    inventory.emulator.request("POST", INSTANCE)
    assert states() == ("PROVISIONING", "PROVISIONING")
    assert inventory.ask("updateHost", *HOST, json={"description": "a"})["state"] == "PROVISIONING"
    clock.advance(3600)
    assert inventory.ask("updateHost", *HOST, json={"description": "b"})["state"] == "READY"
    assert states() == ("READY", "READY")
    inventory.emulator.request("PUT", INSTANCE + "/_pause")
    assert inventory.emulator.state(INSTANCE) == "PENDING"
    assert states() == ("READY", "READY")
    inventory.emulator.request("DELETE", INSTANCE)
    assert states() == ("DEFINED", "DEFINED")


def test_a_host_is_listed_in_the_state_of_now(start: Start) -> None:
    """What is due settles when hosts are listed, though nobody looked at them."""
    inventory = Inventory(start(seeds=(), timing="realistic"))
    inventory.make(*HOST)
    inventory.emulator.request("POST", INSTANCE)
    inventory.emulator.world.clock.advance(3600)
    assert inventory.ask("listHosts", "Acme", "Prod")["items"][0]["state"] == "READY"


def test_an_imported_machine_that_nobody_knows_is_provisioning(inventory: Inventory) -> None:
    """A host whose instance has not left UNDEFINED is not READY."""
    inventory.emulator.request("POST", INSTANCE + "/properties", json=[])
    assert inventory.emulator.state(INSTANCE) == "UNDEFINED"
    assert inventory.ask("getHost", *HOST)["state"] == "PROVISIONING"


def test_a_host_that_could_not_be_provisioned_is_in_error(inventory: Inventory) -> None:
    """A failed provision shows at the host."""
    inventory.emulator.request("POST", INSTANCE)
    with inventory.emulator.world.store.unit() as unit:
        instance = unit.host(*HOST).instance
        assert instance is not None
        instance.failed = True
    assert inventory.ask("getHost", *HOST)["state"] == "ERROR"


def test_a_look_at_the_host_is_a_look_at_its_instance(start: Start) -> None:
    """With timing by polls, a client that waits for READY at the host sees it."""
    inventory = Inventory(start(seeds=(), timing="polls:2"))
    inventory.make(*HOST)
    inventory.emulator.request("POST", INSTANCE)
    assert [inventory.ask("getHost", *HOST)["state"] for _ in range(3)] == ["PROVISIONING", "PROVISIONING", "READY"]


BAD_BODIES: dict[str, Any] = {
    "no object": [],
    "null": None,
    "a name that is a number": {"name": 5},
    "a name that is null": {"name": None},
    "no name": {"name": ""},
    "a dot": {"name": "."},
    "two dots": {"name": ".."},
    "a slash": {"name": "a/b"},
    "a control character": {"name": "a\nb"},
    "a long name": {"name": "x" * 256},
    "a version that is a string": {"name": "new", "version": "1"},
    "a description that is a list": {"name": "new", "description": []},
    "settings that are no list": {"name": "new", "settings": {"key": "a"}},
    "a setting without a key": {"name": "new", "settings": [{"value": "a"}]},
}


@every_kind
@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_refused(shared: Inventory, kind: str, parent: tuple[str, ...], body: Any) -> None:
    """What the schema refuses is 400 for a change, and nothing has changed; the parent is looked for first."""
    before = shared.ask(f"list{kind}s", *parent)
    shared.refusal(400, f"update{kind}", *HOST[: len(parent) + 1], json=body)
    shared.refusal(404, f"update{kind}", *parent, "missing", json=body)
    if kind != "Organization":
        shared.refusal(404, f"create{kind}", "missing", *parent[1:], json=body)
    assert shared.ask(f"list{kind}s", *parent) == before


@every_kind
def test_a_new_thing_needs_a_name(inventory: Inventory, kind: str, parent: tuple[str, ...]) -> None:
    """POST without a name, or without a body, is refused."""
    assert "'name' is missing" in inventory.refusal(400, f"create{kind}", *parent, json={"description": "a"})
    assert "not JSON" in inventory.refusal(400, f"create{kind}", *parent)


@pytest.mark.parametrize("depth", [248, 249, 250, 251, 300, 900])
def test_values_nest_as_deep_as_they_can_be_shown(inventory: Inventory, depth: int) -> None:
    """A value that could not be written in a list of hosts is refused; no answer ever breaks on one."""
    body = '{"settings": [{"key": "deep", "value": ' + "[" * depth + "]" * depth + "}]}"
    answer = inventory.emulator.request(
        "PUT",
        INSTANCE.removesuffix("/instance"),
        data=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == (200 if depth < 250 else 400)
    assert len(inventory.ask("listHosts", "Acme", "Prod")["items"][0]["settings"]) == (1 if depth < 250 else 0)
    assert "nests too deeply" in answer.text or depth < 250


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES)
def test_any_name_comes_back_as_it_was_given(shared: Inventory, name: str) -> None:
    """Names of any printable characters are made, found under both slash forms, listed and deleted."""
    assume(name != "web-1")
    made = shared.ask("createHost", "Acme", "Prod", json={"name": name})
    assert made["name"] == name
    assert shared.ask("getHost", "Acme", "Prod", name) == made
    assert shared.ask("getEnvironment", "Acme", "Prod")["hosts"] == ["web-1", name]
    shared.ask("deleteHost", "Acme", "Prod", name)


def test_collections_come_in_pages_or_whole(inventory: Inventory) -> None:
    """Without a query all items come; with one, those that were asked for; unknown parameters change nothing."""
    for number in range(2, 6):
        inventory.ask("createHost", "Acme", "Prod", json={"name": f"web-{number}"})
    everything = inventory.ask("listHosts", "Acme", "Prod", query={"secret_only": "False", "no_secret": False})
    assert (everything["count"], everything["offset"], everything["total"]) == (5, 0, 5)
    part = inventory.ask("listHosts", "Acme", "Prod", query={"offset": 1, "max": 2})
    assert (part["count"], part["offset"], part["total"]) == (2, 1, 5)
    assert part["items"] == everything["items"][1:3]
    assert "max is 'x'" in inventory.refusal(400, "listHosts", "Acme", "Prod", query={"max": "x"})


def test_a_user_sees_the_own_organizations(start: Start) -> None:
    """Others are left out of the list and forbidden by name; none can be made, nor moved out of sight."""
    admin, member = Principal("root"), Principal("ann", organizations=frozenset({"Acme", "Emca"}))
    emulator = start(seeds=(), users=(User(admin, "r"), User(member, "a")))
    inventory, own = Inventory(emulator, auth=("root", "r")), Inventory(emulator, auth=("ann", "a"))
    for name in ("Acme", "Other"):
        inventory.make(name)
    assert [item["name"] for item in inventory.ask("listOrganizations")["items"]] == ["Acme", "Other"]
    seen = own.ask("listOrganizations")
    assert (seen["count"], seen["total"], seen["items"][0]["name"]) == (1, 1, "Acme")
    assert "'ann'" in own.refusal(403, "getOrganization", "Other")
    assert "cannot make another" in own.refusal(403, "createOrganization", json={"name": "Emca"})
    assert "'New'" in own.refusal(403, "updateOrganization", "Acme", json={"name": "New", "version": 9})
    assert own.ask("updateOrganization", "Acme", json={"name": "Emca"})["version"] == 2


def test_both_slash_forms_serve_every_path(inventory: Inventory) -> None:
    """A collection, a thing and a rename answer with the slash as without, and without a redirect."""
    host = INSTANCE.removesuffix("/instance")
    for path in ("/organizations", "/organizations/Acme", host, host + "/changes", host + "/audit"):
        plain, slashed = (inventory.emulator.request("GET", path + end) for end in ("", "/"))
        assert (plain.status_code, slashed.status_code) == (200, 200)
        assert plain.json() == slashed.json()
    assert inventory.emulator.request("PUT", host + "/", json={"name": "web-2"}).json()["name"] == "web-2"


def test_a_host_that_is_made_again_gets_a_new_machine(inventory: Inventory) -> None:
    """A machine that was forgotten lives on: no other gets its identity, whatever became of its host."""
    uuids = []
    for _ in range(3):
        shown = inventory.emulator.request("POST", INSTANCE).json()
        uuids += [item["value"] for item in shown["properties"] if item["key"] == "libvirt.uuid"]
        assert inventory.emulator.request("PUT", f"{INSTANCE}/_forget").status_code == 202
        inventory.ask("deleteHost", *HOST)
        inventory.ask("createHost", *HOST[:2], json={"name": HOST[2]})
    assert len(set(uuids)) == 3
