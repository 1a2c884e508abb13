"""Fleets: made up, of any size, and the same for the same random seed everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from faker import Faker

from contract import load_contract
from emulator.faker_provider import HypervisorProvider
from emulator.instances import represent
from emulator.seeds import load_seed
from emulator.settings import Settings
from emulator.worlds import Worlds


def fleet_text(hosts: int, random_seed: int, **environment: str) -> bytes:
    """What a fresh process writes."""
    command = [sys.executable, "-m", "emulator", "fleet", "--hosts", str(hosts), "--random-seed", str(random_seed)]
    return subprocess.run(command, check=True, capture_output=True, env=os.environ | environment).stdout


def shown(worlds: Worlds) -> list[dict[str, Any]]:
    """The representation of every instance of a world, in order."""
    world = worlds.world()
    with world.store.unit() as unit:
        return [
            represent(world, host, host.instance, world.clock.now())
            for organization in unit.organizations().values()
            for environment in organization.environments.values()
            for host in environment.hosts.values()
            if host.instance
        ]


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Two processes with other hash seeds and locales write one fleet; another random seed writes another."""
    first = fleet_text(2500, 7, PYTHONHASHSEED="1", LC_ALL="C")
    assert first == fleet_text(2500, 7, PYTHONHASHSEED="2", LC_ALL="C.UTF-8")
    assert first != fleet_text(2500, 8, PYTHONHASHSEED="1", LC_ALL="C")


def test_a_fleet_and_its_seed_are_one_platform(tmp_path: Path) -> None:
    """`--fleet` plants what the written seed says, to the last property."""
    path = tmp_path / "fleet.yaml"
    path.write_bytes(fleet_text(2500, 7))
    planted = shown(Worlds(Settings(fleet=2500, random_seed=7, clock="frozen")))
    assert planted == shown(Worlds(Settings(seeds=(path,), random_seed=7, clock="frozen")))
    assert load_seed(path).value["organizations"][0]["environments"][0]["hosts"]


def test_a_fleet_has_all_stable_states() -> None:
    """A fleet is a lifelike mix: most machines run, some are stopped or paused, some hosts have none."""
    states = Counter(instance["state"] for instance in shown(Worlds(Settings(fleet=2500))))
    assert set(states) == {name for name, state in load_contract().lifecycle.states.items() if state.kind == "stable"}
    assert states["RUNNING"] > states["STOPPED"] > states["PAUSED"] > 0
    assert sum(states.values()) < 2500


def test_another_random_seed_makes_other_machines() -> None:
    """The identity of a machine depends on the random seed."""
    first, second = (shown(Worlds(Settings(fleet=1, random_seed=seed))) for seed in (1, 2))
    assert first != second


def test_the_provider_repeats_itself() -> None:
    """A seeded Faker with the provider gives the same names and properties again."""

    def drawn() -> list[Any]:
        fake = Faker()
        fake.add_provider(HypervisorProvider)
        fake.seed_instance(7)
        words = [fake.organization_name(), fake.environment_name(), fake.host_name(), fake.hypervisor_name()]
        return [*words, fake.instance_properties()]

    assert drawn() == drawn()
    assert {item["key"] for item in drawn()[-1]} >= {"libvirt.uuid", "mac", "libvirt.hostUuid", "amqp.user_queue"}
