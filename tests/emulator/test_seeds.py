"""Seeds: what they say is there is what clients see."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract import Contract, load_contract
from emulator.clock import Clock
from emulator.resources import fixtures
from emulator.seeding import seeds
from emulator.seeding.seeds import builtin_seed, load_seed, plant
from emulator.settings import Settings
from emulator.world import World, make_world
from emulator.worlds import Worlds
from tests.emulator.conftest import DOCUMENTED, EXAMPLE, VACANT, Running, Start

SEEDS = sorted(fixtures().glob("*.yaml"))
EVERY_STATE = fixtures() / "every-state.yaml"
STATE = "/organizations/Every/environments/State/hosts"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The built-in contract."""
    return load_contract()


def stem(path: Path) -> str:
    """The name of a built-in seed."""
    return path.stem


def hosts_of(seed: Path) -> Iterator[tuple[str, Row]]:
    """The hosts that a seed file tells of: the path to each, and its row."""
    for organization in load_seed(seed).value.get("organizations", ()):
        for environment in organization["environments"]:
            names = organization["name"], environment["name"]
            for host in environment["hosts"]:
                yield "/organizations/{}/environments/{}/hosts/{}".format(*(map(quote, (*names, host["name"])))), host


def world_of(path: Path) -> World:
    """A world of its own, planted with a seed file."""
    return Worlds(Settings(seeds=(path,), clock="frozen")).world()


def properties_of(emulator: Running, host: str) -> dict[str, str]:
    """The properties of the instance of a host of the seed of all states."""
    instance = emulator.request("GET", f"{STATE}/{host}/instance").json()
    return {item["key"]: item["value"] for item in instance["properties"]}


def test_the_schema_is_one() -> None:
    """fixtures/seed.schema.json is a JSON Schema."""
    schema = json.loads((fixtures() / "seed.schema.json").read_bytes())
    jsonschema_rs.meta.validate(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("seed", SEEDS, ids=stem)
def test_a_built_in_seed_has_a_name_and_starts_a_world(seed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file of fixtures/ fits the schema and the contract, and its bare name means it, wherever one stands."""
    monkeypatch.chdir("/")
    assert builtin_seed(Path(seed.stem)) == seed
    worlds = Worlds(Settings(seeds=(seed,)))
    assert worlds.world().authenticator.is_open == (seed.stem != "users")


def test_a_file_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the folder where one stands is meant before a built-in seed of the same name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users").touch()
    assert builtin_seed(Path("users")) is None
    assert builtin_seed(Path("no-such-seed")) is None


def test_the_example_reads_as_documented(start: Start) -> None:
    """The default seed shows the documentation's example, value by value."""
    emulator = start(seeds=(EXAMPLE,))
    assert emulator.request("GET", DOCUMENTED).json() == {
        "organization": "Guardis Test",
        "environment": "Test Environment",
        "host": "test-host-on-Hyp3",
        "state": "RUNNING",
        "properties": [
            {"key": "amqp.user_queue", "value": "host.EE9380B0B07211E18D8A5BD37F000001"},
            {"key": "libvirt.uuid", "value": "97c6b5be-bc74-4a4c-5a64-a594c00c88a8"},
            {"key": "mac", "value": "00:50:56:2C:92:E1"},
            {"key": "libvirt.hostUuid", "value": "EE9380B0B07211E18D8A5BD37F000001"},
        ],
        "synapseState": "Down",
        "locked": False,
    }
    assert emulator.request("GET", f"{DOCUMENTED}/vnc").json() == {
        "token": "+++eQcne1oQKAiG6h4lo9oeW+hsLN51HqEKeU3v0p+K5JqKLY3n1L/8kpIVEKUvW47k",
        "hostname": "hyp3-devel.angleur.guardis.be",
        "port": "5911",
    }


def test_the_example_has_a_host_to_provision(start: Start) -> None:
    """A newcomer can provision the host that the example leaves vacant, on the example's hypervisor."""
    emulator = start(seeds=(EXAMPLE,))
    assert emulator.state(VACANT) == "ABSENT"
    assert emulator.request("POST", VACANT, json={}).status_code == 200
    assert emulator.request("GET", f"{VACANT}/vnc").json()["hostname"] == "hyp3-devel.angleur.guardis.be"


@pytest.mark.parametrize("seed", SEEDS, ids=stem)
def test_what_is_written_is_what_is_seen(start: Start, seed: Path) -> None:
    """Each instance of a built-in seed reads as its row says, whatever is in its names."""
    emulator = start(seeds=(seed,), users=())
    for path, host in hosts_of(seed):
        written = host.get("instance", {"state": "ABSENT"})
        answer = emulator.request("GET", f"{path}/instance")
        assert (answer.status_code == 404) == (written["state"] == "ABSENT")
        if answer.status_code == 200:
            shown = answer.json()
            assert (shown["host"], shown["state"]) == (host["name"], written["state"])
            assert shown["locked"] == written.get("locked", False)
            agent = written.get("agent", "Up") if shown["state"] == "RUNNING" else "Down"
            assert shown["synapseState"] == agent
            for member in written.keys() & {"properties", "hostname"}:
                assert shown[member] == written[member]


def test_the_inventory_is_what_is_written(start: Start) -> None:
    """Organizations, environments and hosts of a seed show all that it says of them."""
    seed = fixtures() / "small-company.yaml"
    emulator = start(seeds=(seed,))
    for path, row in hosts_of(seed):
        shown = emulator.request("GET", path).json()
        assert shown.items() >= {key: value for key, value in row.items() if key != "instance"}.items()
        # of a machine that cannot be reached, nobody knows whether it was ever there
        state = {"ABSENT": "DEFINED", "UNDEFINED": "PROVISIONING"}
        assert shown["state"] == state.get(row.get("instance", {"state": "ABSENT"})["state"], "READY")
    company = load_seed(seed).value["organizations"][0]
    shown = emulator.request("GET", f"/organizations/{quote(company['name'])}").json()
    assert (shown["description"], shown["groups"]) == (company["description"], company["groups"])
    assert shown["environments"] == [environment["name"] for environment in company["environments"]]


def test_settings_hold_any_json(tmp_path: Path) -> None:
    """Settings and access of a seed are kept as they are, of whatever type."""
    organization = {
        "name": "Acme",
        "access": {"accessKey": "a", "secretKey": "s"},
        "settings": [{"key": "k", "value": {"deep": [1, 2.5, None, True, "ü"]}, "kept": "too"}],
        "environments": [],
    }
    path = tmp_path / "seed.yaml"
    path.write_text(yaml.safe_dump({"organizations": [organization]}))
    with world_of(path).store.unit() as unit:
        details = unit.organization("Acme").details
    assert details == {member: organization[member] for member in ("access", "settings")}


def test_every_state_is_there(start: Start) -> None:
    """The seed of all states shows each of the contract's states, and each of them locked."""
    emulator = start(seeds=(EVERY_STATE,))
    rows = [host["instance"] for _, host in hosts_of(EVERY_STATE) if "instance" in host]
    lifecycle = emulator.world.contract.lifecycle
    expected = set(lifecycle.states) - {lifecycle.absent}
    assert {row["state"] for row in rows} == {row["state"] for row in rows if row.get("locked")} == expected
    assert emulator.state(f"{STATE}/absent/instance") == lifecycle.absent


def test_every_way_through_pending_is_there(contract: Contract) -> None:
    """The seed of all states has an action half-way for every trigger that takes its time."""
    triggers = {edge.trigger for edge in contract.lifecycle.edges if edge.via}
    seen = {row["instance"]["pending"]["trigger"] for _, row in half_way()}
    assert seen == triggers


def half_way() -> list[tuple[str, Row]]:
    """What the seed of all states has on its way: the path to the host, and its row."""
    return [(path, row) for path, row in hosts_of(EVERY_STATE) if "pending" in row.get("instance", ())]


@pytest.mark.parametrize("path, row", half_way(), ids=[row["name"] for _, row in half_way()])
def test_what_is_half_way_settles_when_it_is_due(start: Start, path: str, row: Row) -> None:
    """A seeded action is on its way until its time has come, and then where the contract says: a change, then done."""
    emulator = start(seeds=(EVERY_STATE,))
    pending, clock = row["instance"]["pending"], emulator.world.clock
    edge = emulator.world.contract.lifecycle.edge(pending["from"], pending["trigger"])
    assert edge
    clock.advance(pending["in"] - 0.001)
    assert emulator.state(f"{path}/instance") == edge.via
    (change,) = emulator.request("GET", f"{path}/changes/").json()["items"]
    assert [task["status"] for task in change["tasks"]] == ["PENDING"]
    clock.advance(0.001)
    assert emulator.state(f"{path}/instance") == pending.get("to", edge.to[0])
    assert emulator.request("GET", f"{path}/changes/?show_processed=False").json()["items"] == []
    assert emulator.request("GET", path).json()["state"] == "READY"


def test_what_is_due_has_happened_though_nobody_looked(start: Start) -> None:
    """The list of hosts, which looks at no instance, shows that a seeded provision has come to its end."""
    emulator = start(seeds=(EVERY_STATE,))

    def listed() -> str:
        hosts = emulator.request("GET", STATE).json()["items"]
        return next(str(host["state"]) for host in hosts if host["name"] == "provisioning")

    assert listed() == "PROVISIONING"
    emulator.world.clock.advance(60)
    assert listed() == "READY"


def test_a_machine_has_an_address_once_it_has_run(start: Start) -> None:
    """Drawn machines have an identity, those that ran an address too, and one on its way gets it when it runs."""
    emulator = start(seeds=(EVERY_STATE,))
    for host in ("running", "paused", "stopped", "pausing", "starting"):
        properties = properties_of(emulator, host)
        assert re.fullmatch(UUID, properties["libvirt.uuid"])
        assert re.fullmatch(r"00:50:56(:[0-9A-F]{2}){3}", properties["mac"])
        assert properties["amqp.user_queue"] == f"host.{properties['libvirt.hostUuid']}"
        assert re.fullmatch(r"10(\.\d+){3}", properties["ip.eth0"])
    before = properties_of(emulator, "provisioning")
    assert "ip.eth0" not in before
    emulator.world.clock.advance(60)
    assert properties_of(emulator, "provisioning").items() > before.items()
    assert "ip.eth0" in properties_of(emulator, "provisioning")


def test_a_machine_lives_where_its_seed_says(start: Start) -> None:
    """The console of a machine is on the hypervisor that its row names, with the token and port of the row."""
    emulator = start(seeds=(EVERY_STATE,))
    assert emulator.request("GET", f"{STATE}/running-with-console/instance/vnc").json() == {
        "token": "open-sesame",
        "hostname": "hyp2.example.net",
        "port": "5900",
    }
    assert properties_of(emulator, "running")["libvirt.hostUuid"] == "0F3A5C7E9B1D4F608A2C4E6F8091B3D5"


def test_since_is_so_long_ago(start: Start) -> None:
    """A refusal tells since when a seeded machine is in its state."""
    emulator = start(seeds=(EVERY_STATE,))
    (message,) = emulator.request("PUT", f"{STATE}/stopped/instance/_pause").json()["error"]
    assert "it is STOPPED since 7200 s (seed)" in message


def test_the_random_seed_draws_the_machines(start: Start) -> None:
    """The same random seed gives the same machines again, another one gives others."""
    seven, again, eight = (start(seeds=(EVERY_STATE,), random_seed=seed) for seed in (7, 7, 8))
    assert properties_of(seven, "paused") == properties_of(again, "paused")
    assert properties_of(seven, "paused")["libvirt.uuid"] != properties_of(eight, "paused")["libvirt.uuid"]


def test_users_are_those_of_the_seeds(start: Start) -> None:
    """A seed with users closes the server: each enters by password or key, and sees the organizations of the row."""
    emulator = start(seeds=(EXAMPLE, fixtures() / "users.yaml"))
    ann, otto = ("ann", "s3cret: ü".encode()), ("otto", "other")
    assert emulator.request("GET", DOCUMENTED).status_code == 401
    assert emulator.request("GET", DOCUMENTED, auth=("admin", "admin")).status_code == 200
    assert emulator.request("GET", DOCUMENTED, auth=ann).status_code == 200
    assert emulator.request("GET", DOCUMENTED, auth=otto).status_code == 403
    for key, status in (("admin-key", 200), ("otto-key", 403), ("robot-key", 200), ("no-key", 401)):
        assert emulator.request("GET", DOCUMENTED, headers={"X-ComodIT-AppKey": key}).status_code == status


def test_the_contract_says_which_states_there_are(tmp_path: Path) -> None:
    """A state that another contract calls otherwise is called so in the seeds of that contract."""
    contract, seed = tmp_path / "contract.yaml", tmp_path / "seed.yaml"
    contract.write_text((EXAMPLE.parents[1] / "openapi.yaml").read_text().replace("PAUSED", "SUSPENDED"))
    seed.write_text(EVERY_STATE.read_text().replace("PAUSED", "SUSPENDED"))
    with Worlds(Settings(contract=contract, seeds=(seed,))).world().store.unit() as unit:
        instance = unit.host("Every", "State", "paused").instance
    assert instance
    assert instance.state == "SUSPENDED"


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_garbage_collector_is_left_as_it_was(tmp_path: Path, *, is_enabled: bool) -> None:
    """Loading and planting pause the garbage collector, and put it back, also when they fail."""
    broken = tmp_path / "seed.yaml"
    broken.write_text("organizations: 3\n")
    was_enabled = gc.isenabled()
    try:
        (gc.enable if is_enabled else gc.disable)()
        world_of(EXAMPLE)
        with pytest.raises(Exception, match="expected a list"):
            world_of(broken)
        assert gc.isenabled() == is_enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()


def test_a_large_seed_is_collected_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The garbage collection that many new objects call for happens while planting, not in the first request."""
    generations = []

    def note(phase: str, info: dict[str, int]) -> None:
        generations.append((phase, info["generation"]))

    seed = load_seed(EVERY_STATE)
    monkeypatch.setattr(seeds, "MANY", 0)
    gc.callbacks.append(note)
    try:
        plant(make_world(load_contract()), [seed], 0.0)
    finally:
        gc.callbacks.remove(note)
    assert generations[-1] == ("stop", 2)


NAMES = st.text(st.characters(exclude_characters="/", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=255)
HOST_NAMES = NAMES.filter(lambda name: name not in (".", ".."))
INSTANCES = st.fixed_dictionaries(
    {"state": st.sampled_from(["RUNNING", "PAUSED", "STOPPED", "UNDEFINED"])},
    optional={
        "agent": st.sampled_from(["Up", "Down"]),
        "locked": st.booleans(),
        "properties": st.dictionaries(st.text(min_size=1, max_size=255), st.text()).map(
            lambda properties: [{"key": key, "value": value} for key, value in properties.items()]
        ),
    },
)
HOSTS = st.dictionaries(HOST_NAMES, st.none() | INSTANCES, min_size=1, max_size=5)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hosts=HOSTS)
def test_any_hosts_survive_a_seed(tmp_path: Path, contract: Contract, hosts: dict[str, Row | None]) -> None:
    """Whatever hosts are called and have: what is written as YAML is what is planted."""
    path = tmp_path / "seed.yaml"
    rows = [{"name": name} | ({"instance": row} if row else {}) for name, row in hosts.items()]
    tree = {"organizations": [{"name": "Acme", "environments": [{"name": "P", "hosts": rows}]}]}
    path.write_text(yaml.safe_dump(tree))
    seed = load_seed(path)
    assert seed.value == tree
    world = make_world(contract, clock=Clock(rate=0.0))
    plant(world, [seed], world.clock.now())
    with world.store.unit() as unit:
        planted = unit.environment("Acme", "P").hosts
    assert list(planted) == list(hosts)
    for name, row in hosts.items():
        instance = planted[name].instance
        assert (instance is None) == (row is None)
        if instance and row:
            assert (instance.state, instance.locked) == (row["state"], row.get("locked", False))
            written = [(item["key"], item["value"]) for item in row.get("properties", ())]
            if "properties" in row:
                assert list(zip(instance.keys, instance.values, strict=True)) == written
