"""Fleets: made up, of any size, and the same for the same random seed everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from faker import Faker
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract import Contract, load_contract
from emulator.clock import Clock
from emulator.errors import StartError
from emulator.faker_provider import HypervisorProvider
from emulator.instances import represent
from emulator.inventory import host_state
from emulator.records import Host
from emulator.seeding.fleet import fleet_seed, plant_fleet
from emulator.seeding.seeds import load_seed, plant
from emulator.settings import Settings
from emulator.world import World, make_world
from emulator.worlds import Worlds
from tests.emulator.conftest import EXAMPLE, Start


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The built-in contract."""
    return load_contract()


def fleet_text(hosts: int, random_seed: int, **environment: str) -> bytes:
    """What a fresh process writes."""
    command = [sys.executable, "-m", "emulator", "fleet", "--hosts", str(hosts), "--random-seed", str(random_seed)]
    return subprocess.run(command, check=True, capture_output=True, env=os.environ | environment).stdout


def hosts_of(world: World) -> list[Host]:
    """All hosts of a world, in order."""
    with world.store.unit() as unit:
        return [
            host
            for organization in unit.organizations().values()
            for environment in organization.environments.values()
            for host in environment.hosts.values()
        ]


def shown(world: World) -> list[Any]:
    """All that clients can see of a world's hosts and their instances, in order."""
    return [
        (
            (host.path, host.details, host_state(host)),
            represent(world, host, host.instance, world.clock.now()) if host.instance else None,
            host.instance.hypervisor.name if host.instance else None,
        )
        for host in hosts_of(world)
    ]


def states_of(world: World) -> Counter[str | None]:
    """How many hosts have an instance in which state; None: no instance."""
    return Counter(host.instance.state if host.instance else None for host in hosts_of(world))


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Two processes with other hash seeds, locales and time zones write one fleet; another seed writes another."""
    first = fleet_text(2500, 7, PYTHONHASHSEED="1", LC_ALL="C", TZ="UTC")
    assert first == fleet_text(2500, 7, PYTHONHASHSEED="2", LC_ALL="C.UTF-8", TZ="Asia/Tokyo", PYTHONUTF8="0")
    assert first != fleet_text(2500, 8, PYTHONHASHSEED="1", LC_ALL="C")


def test_the_bytes_are_those_of_every_machine() -> None:
    """A fleet is the one that other machines, Pythons and versions of Faker make: its digest stands here."""
    text = "".join(fleet_seed(1000, 7))
    assert sha256(text.encode()).hexdigest() == "f8f55f2a9f57baa57a061f13c4207ebc32c4dc58b65ba7076ceb12e62932963e"


def test_a_fleet_and_its_seed_are_one_platform(tmp_path: Path) -> None:
    """`--fleet` plants what the written seed says, to the last property, beside another seed too."""
    path = tmp_path / "fleet.yaml"
    path.write_bytes(fleet_text(2500, 7))
    planted = Worlds(Settings(seeds=(EXAMPLE,), fleet=2500, random_seed=7, clock="frozen")).world()
    written = Worlds(Settings(seeds=(EXAMPLE, path), random_seed=7, clock="frozen")).world()
    assert shown(planted) == shown(written)
    assert planted.hypervisors == written.hypervisors
    with planted.store.unit() as one, written.store.unit() as other:
        assert list(one.organizations()) == list(other.organizations())


@settings(max_examples=60, deadline=None)
@given(hosts=st.integers(1, 3000), random_seed=st.integers(-(2**63), 2**63))
def test_a_fleet_has_so_many_hosts(contract: Contract, hosts: int, random_seed: int) -> None:
    """Fleets of any size and any random seed have just so many hosts, and a hypervisor for some forty."""
    world = make_world(contract, random_seed=random_seed)
    plant_fleet(world, hosts, random_seed)
    assert sum(states_of(world).values()) == hosts
    assert len(world.hypervisors) == -(-hosts // 40)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hosts=st.integers(1, 500), random_seed=st.integers())
def test_the_text_of_a_fleet_is_a_seed(tmp_path: Path, contract: Contract, hosts: int, random_seed: int) -> None:
    """What is written fits the schema, names nothing twice, and can be planted."""
    path = tmp_path / "fleet.yaml"
    path.write_text("".join(fleet_seed(hosts, random_seed)))
    world = make_world(contract, clock=Clock(rate=0.0))
    plant(world, [load_seed(path)], world.clock.now())
    assert len(hosts_of(world)) == hosts


def test_a_fleet_is_a_lifelike_mix(contract: Contract) -> None:
    """Most machines run, some are stopped or paused, some hosts have none, and a few agents are silent."""
    world = make_world(contract)
    plant_fleet(world, 5000, 7)
    states = states_of(world)
    assert set(states) == {"RUNNING", "STOPPED", "PAUSED", None}
    assert states["RUNNING"] > 3 * states["STOPPED"] > 3 * states["PAUSED"] > 0
    silent = [host for host in hosts_of(world) if host.instance and host.instance.agent_at is None]
    assert 0 < len(silent) < states["RUNNING"] / 10


def test_every_machine_has_an_identity_of_its_own(contract: Contract) -> None:
    """No two machines of a fleet are one, and another random seed makes others."""
    uuids = []
    for random_seed in (1, 2):
        world = make_world(contract, random_seed=random_seed)
        plant_fleet(world, 2000, random_seed)
        uuids += [host.instance.uuid for host in hosts_of(world) if host.instance]
    assert len(set(uuids)) == len(uuids) > 3000


def test_a_fleet_is_written_as_it_is_made() -> None:
    """The text of a fleet is made piece by piece: a large one takes no more room than a few environments."""
    tracemalloc.start()
    try:
        size = sum(map(len, fleet_seed(20_000, 7)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 2_000_000
    assert peak < 1_000_000


def test_a_fleet_twice_is_refused(tmp_path: Path) -> None:
    """A fleet beside the seed of the same fleet is refused in a line that names the option."""
    path = tmp_path / "fleet.yaml"
    path.write_text("".join(fleet_seed(20, 7)))
    with pytest.raises(StartError, match=r"^--fleet: host '.+/production/.+-1' is there already") as refusal:
        Worlds(Settings(seeds=(path,), fleet=20, random_seed=7))
    assert "\n" not in str(refusal.value)


def test_a_fleet_under_another_contract_says_what_it_cannot_do(tmp_path: Path) -> None:
    """Where a contract calls a state otherwise, a fleet is refused with the states that there are."""
    path = tmp_path / "contract.yaml"
    path.write_text((EXAMPLE.parents[1] / "openapi.yaml").read_text().replace("STOPPED", "HALTED"))
    with pytest.raises(StartError, match=r"^--fleet: an instance cannot be 'STOPPED'; expected .*HALTED"):
        Worlds(Settings(contract=path, fleet=100))


def test_a_vacant_host_of_a_fleet_can_be_provisioned(start: Start) -> None:
    """A new machine on a host of a fleet lives on one of the fleet's hypervisors."""
    emulator = start(seeds=(), fleet=200, random_seed=7)
    host = next(host for host in hosts_of(emulator.world) if host.instance is None)
    path = "/organizations/{}/environments/{}/hosts/{}/instance".format(*host.path)
    assert emulator.request("POST", path).json()["state"] == "RUNNING"
    assert emulator.request("GET", f"{path}/vnc").json()["hostname"] in {
        hypervisor.name for hypervisor in emulator.world.hypervisors
    }


@pytest.mark.parametrize("fleet", [0, 1])
def test_faker_is_loaded_for_fleets_only(fleet: int) -> None:
    """A start without a fleet does without Faker, which takes its time to load."""
    program = (
        "import sys; from pathlib import Path; import emulator.__main__; from emulator.app import create_app;"
        "from emulator.settings import Settings; from emulator.worlds import Worlds;"
        f"settings = Settings(seeds=(Path({str(EXAMPLE)!r}),), fleet={fleet}); create_app(settings, Worlds(settings));"
        "print('faker' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == f"{bool(fleet)}\n"


def seeded_faker(random_seed: int) -> Any:
    """A Faker with the provider."""
    fake = Faker()
    fake.add_provider(HypervisorProvider)
    fake.seed_instance(random_seed)
    return fake


def test_the_provider_repeats_itself() -> None:
    """A seeded Faker with the provider gives the same names, properties and rows again; another seed gives others."""

    def drawn(random_seed: int) -> list[Any]:
        fake = seeded_faker(random_seed)
        names = [fake.organization_name(), fake.environment_name(), fake.host_name(), fake.hypervisor_name()]
        return [*names, fake.instance_properties(), fake.seed_hypervisor(), fake.seed_organization()]

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_the_provider_places_a_machine_on_a_hypervisor() -> None:
    """The properties of a machine on a known hypervisor name that one, and its queue."""
    properties = {item["key"]: item["value"] for item in seeded_faker(7).instance_properties("A" * 32)}
    assert properties["libvirt.hostUuid"] == "A" * 32
    assert properties["amqp.user_queue"] == f"host.{'A' * 32}"


def test_the_provider_knows_what_a_role_takes() -> None:
    """A host that is named after its role has the applications for it; any other has none, and is a host as well."""
    fake = seeded_faker(7)
    assert fake.seed_host("web-1")["applications"] == ["nginx"]
    assert fake.seed_host("ledger").keys() >= {"name", "distribution"}
    assert "applications" not in fake.seed_host("ledger")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random_seed=st.integers(), environments=st.integers(0, 6), hosts=st.integers(0, 20))
def test_the_rows_of_the_provider_make_a_seed(
    tmp_path: Path, contract: Contract, random_seed: int, environments: int, hosts: int
) -> None:
    """Rows that the provider makes up are a seed that can be planted."""
    fake = seeded_faker(random_seed)
    organization = fake.seed_organization(environments, hosts)
    path = tmp_path / "faked.yaml"
    path.write_text(yaml.safe_dump({"hypervisors": [fake.seed_hypervisor()], "organizations": [organization]}))
    world = make_world(contract, clock=Clock(rate=0.0))
    plant(world, [load_seed(path)], world.clock.now())
    assert len(hosts_of(world)) == environments * hosts
