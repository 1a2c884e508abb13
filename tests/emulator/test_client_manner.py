"""The manner of the platform's public client: a whole life of a host, as that client would lead it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import pytest

from emulator.auth import Principal, User
from tests.emulator.conftest import Start
from tests.emulator.public_client import ApiError, PublicClient

USERS = (User(Principal("zoë", "Zoë"), password="pä$$: wörd", app_keys=("k-123",)),)
PASSWORD = "zoë:pä$$: wörd"
CREDENTIALS: dict[str, Mapping[str, str]] = {
    "password in UTF-8": {"authorization": "Basic " + b64encode(PASSWORD.encode()).decode()},
    "password in ISO-8859-1": {"authorization": "Basic " + b64encode(PASSWORD.encode("latin-1")).decode()},
    "application key": {"x-comodit-appkey": "k-123"},
}
TIMINGS: dict[str, dict[str, Any]] = {
    "instant": {"clock": "real"},
    "realistic, a thousand times as fast": {"clock": "x1000", "timing": "realistic"},
    "polls": {"clock": "real", "timing": "polls:3"},
}
PLACE = ("Guardis Test", "Été & co", "web 1")
HOST = f"organizations/{PLACE[0]}/environments/{PLACE[1]}/hosts/{PLACE[2]}"


def made(client: PublicClient) -> PublicClient:
    """The same client, once it has made the host of PLACE."""
    client.create("organizations/", name=PLACE[0], description="")
    client.create(f"organizations/{PLACE[0]}/environments/", name=PLACE[1], description="")
    members = {"name": PLACE[2], "description": "", "platform": None, "distribution": None}
    client.create(f"organizations/{PLACE[0]}/environments/{PLACE[1]}/hosts/", **members)
    return client


def lead_a_life(client: PublicClient) -> None:
    """All commands of the client that are about an instance, each with its waiting, on the host of PLACE."""
    assert client.host(PLACE)["state"] == "DEFINED"
    assert client.provision(PLACE)["state"] in ("PENDING", "RUNNING")
    assert client.wait_for_address(PLACE).startswith("10.")
    client.wait_for_ready(PLACE)
    client.wait_for_changes(PLACE)
    for action, state in (
        ("_pause", "PAUSED"),
        ("_resume", "RUNNING"),
        ("_stop", "STOPPED"),
        ("_start", "RUNNING"),
        ("_off", "STOPPED"),
        ("_start", "RUNNING"),
    ):
        client.power(PLACE, action)
        client.wait_for_changes(PLACE)
        client.wait_for_state(PLACE, state)
    assert set(client.vnc(PLACE)) == {"token", "hostname", "port"}

    assert client.lock(PLACE, locked=True)
    assert not client.lock(PLACE, locked=True)
    assert client.lock(PLACE, locked=False)
    assert not client.lock(PLACE, locked=False)

    machine = client.instance(PLACE)["properties"]
    client.power(PLACE, "_forget")
    assert client.host(PLACE)["state"] == "DEFINED"
    assert client.import_instance(PLACE, machine)["properties"] == machine
    client.wait_for_state(PLACE, "RUNNING")
    client.wait_for_ready(PLACE)

    client.delete_instance(PLACE)
    client.delete_instance(PLACE)
    assert client.host(PLACE)["state"] == "DEFINED"


@pytest.fixture(params=list(TIMINGS.values()), ids=list(TIMINGS))
def client(start: Start, request: pytest.FixtureRequest) -> PublicClient:
    """The client of an emulator with the host of PLACE, which it made itself."""
    emulator = start(seeds=(), users=USERS, **request.param)
    return made(PublicClient(emulator.port, CREDENTIALS["application key"]))


def test_the_client_leads_a_machine_through_its_life(client: PublicClient) -> None:
    """It provisions, waits for address and READY, uses every power action, locks, forgets, imports and deletes."""
    lead_a_life(client)


def test_the_client_tidies_up_after_itself(client: PublicClient) -> None:
    """It lists, updates, renames, reads what was done, and deletes what it made, twice without harm."""
    hosts = HOST.rpartition("/")[0] + "/"
    assert client.names("organizations/") == [PLACE[0]]
    assert client.names(f"organizations/{PLACE[0]}/environments/") == [PLACE[1]]
    assert client.update(HOST, description="new")["version"] == 2
    assert client.rename(HOST, "web 2")["description"] == "new"
    assert client.names(hosts) == ["web 2"]
    moved = (*PLACE[:2], "web 2")

    client.provision(moved)
    client.wait_for_changes(moved)
    assert [change["orderNum"] for change in client.changes(moved, show_processed=True)] == [1]
    client.clear_changes(moved)
    assert client.changes(moved, show_processed=True) == []
    assert [message.partition(":")[0] for message in client.audit(moved)] == [
        "createHost",
        "updateHost",
        "updateHost",
        "provisionInstance",
    ]

    with pytest.raises(ApiError, match=r"409: \[host 'web 2' cannot be deleted: it has an instance"):
        client.remove(hosts + "web 2")
    client.delete_instance(moved)
    for thing in (hosts + "web 2", f"organizations/{PLACE[0]}/environments/{PLACE[1]}", f"organizations/{PLACE[0]}"):
        client.remove(thing)
        client.remove(thing)
    assert client.names("organizations/") == []


def test_the_client_prints_a_list_of_messages(client: PublicClient) -> None:
    """Each refusal that it can meet on its way is a list, which it prints in brackets."""
    with pytest.raises(ApiError, match=r"^404: \[host 'web 1' has no instance; .+\]$"):
        client.power(PLACE, "_start")
    client.provision(PLACE)
    client.wait_for_changes(PLACE)
    with pytest.raises(ApiError, match=r"^409: \[.*'web 1'.* RUNNING .*STOPPED.*\]$"):
        client.power(PLACE, "_start")
    with pytest.raises(ApiError, match=r"^404: \[.*'nobody'.*\]$"):
        client.host((*PLACE[:2], "nobody"))
    with pytest.raises(ApiError, match=r"^404: \[.*alerts.*\]$"):
        client.names(HOST + "/instance/alerts/")
    client.power(PLACE, "_stop")
    client.wait_for_changes(PLACE)
    with pytest.raises(ApiError, match=r"^409: \[.*console.*STOPPED.*\]$"):
        client.vnc(PLACE)


@pytest.mark.parametrize("credentials", CREDENTIALS.values(), ids=CREDENTIALS)
def test_the_client_is_known_by_password_or_key(start: Start, credentials: Mapping[str, str]) -> None:
    """Both encodings of a password are taken, and an application key whose header is in lower case."""
    emulator = start(seeds=(), users=USERS)
    assert PublicClient(emulator.port, credentials).names("organizations/") == []
    for wrong in ({}, {name: value[:-4] + "====" for name, value in credentials.items()}):
        with pytest.raises(ApiError, match=r"^401: \[.+\]$"):
            PublicClient(emulator.port, wrong).names("organizations/")
