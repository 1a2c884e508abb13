"""Seeds: what they say is there, and what is wrong with one is said by file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract import ContractError
from emulator.seeds import builtin_seed, fixtures, load_seed
from emulator.settings import Settings
from emulator.worlds import Worlds
from tests.emulator.conftest import DOCUMENTED, EXAMPLE, Start

SEEDS = sorted(fixtures().glob("*.yaml"))
EVERY_STATE = fixtures() / "every-state.yaml"
STATE = "/organizations/Every/environments/State/hosts"

HALF_WAY = [
    (host["name"], host["instance"])
    for organization in yaml.safe_load(EVERY_STATE.read_text())["organizations"]
    for environment in organization["environments"]
    for host in environment["hosts"]
    if "pending" in host.get("instance", {})
]


def rows(hosts: str) -> str:
    """A seed with these hosts in one environment, one a line from line 5."""
    head = "organizations:\n  - name: Acme\n    environments:\n      - {name: P, hosts: [\n"
    return f"{head}{hosts}\n      ]}}\n"


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_a_built_in_seed_starts_a_world(seed: Path) -> None:
    """Every file of fixtures/ fits the schema and the contract."""
    assert builtin_seed(Path(seed.stem)) == seed
    Worlds(Settings(seeds=(seed,)))


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


def test_every_state_is_there(start: Start) -> None:
    """The seed of all states shows each of the contract's states."""
    emulator = start(seeds=(EVERY_STATE,))
    hosts = emulator.request("GET", STATE).json()["items"]
    seen = {emulator.state(f"{STATE}/{host['name']}/instance") for host in hosts}
    assert seen == set(emulator.world.contract.lifecycle.states)


@pytest.mark.parametrize("name, row", HALF_WAY, ids=[name for name, _ in HALF_WAY])
def test_what_is_half_way_settles_when_it_is_due(start: Start, name: str, row: dict[str, dict[str, float]]) -> None:
    """A seeded action is on its way until its time has come, and then where the contract says."""
    emulator = start(seeds=(EVERY_STATE,))
    path, pending = f"{STATE}/{name}/instance", row["pending"]
    lifecycle = emulator.world.contract.lifecycle
    edge = lifecycle.edge(str(pending["from"]), str(pending["trigger"]))
    assert edge is not None
    emulator.world.clock.advance(pending["in"] - 0.001)
    assert emulator.state(path) == edge.via
    emulator.world.clock.advance(0.001)
    assert emulator.state(path) == pending.get("to", edge.to[0])


@pytest.mark.parametrize(
    "text, line, message",
    [
        ("organizations: 3\n", 1, "organizations"),
        ("organisations: []\n", 1, "organisations"),
        ("users:\n  - username: a\n", 2, "users.0"),
        ("users:\n  - {username: a, password: b}\n  - {username: a, password: c}\n", 3, "stands twice"),
        (rows("{name: a},\n{name: a/b}"), 6, "hosts.1.name"),
        (rows("{name: a},\n{name: a}"), 6, "there already"),
        (rows("{name: a},\n{name: b, instance: {state: ON}}"), 6, "expected one of PENDING, RUNNING"),
        (rows("{name: b, instance: {state: ABSENT}}"), 5, "no instance at all"),
        (rows("{name: b, instance: {state: PENDING}}"), 5, "PENDING needs pending"),
        (rows("{name: b, instance: {state: RUNNING, hypervisor: nowhere}}"), 5, "there is no 'nowhere'"),
        (rows("{name: b, instance: {state: PENDING, pending: {trigger: fly, from: STOPPED, in: 1}}}"), 5, "no way by"),
        (rows("{name: b, instance: {state: PENDING, pending: {trigger: start, from: STOPPED, to: PAUSED, in: 1}}}"), 5,
         "does not lead to 'PAUSED'"),
        (rows("{name: b, instance: {state: RUNNING, properties: [{key: k, value: v}, {key: k, value: w}]}}"), 5,
         "a key stands twice"),
        ("organizations: [\n", 2, "expected YAML"),
        ("a: 1\na: 2\n", 2, "stands twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_file_and_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    """Whatever is wrong with a seed, one line says where and what."""
    path = tmp_path / "seed.yaml"
    path.write_text(text)
    with pytest.raises(ContractError, match=re.escape(f"{path}:{line}: ")) as refusal:
        Worlds(Settings(seeds=(path,)))
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_one_machine_has_one_holder(tmp_path: Path) -> None:
    """Two instances with one libvirt.uuid are refused, and the first is named."""
    machine = "instance: {state: STOPPED, properties: [{key: libvirt.uuid, value: u1}]}"
    path = tmp_path / "seed.yaml"
    path.write_text(rows(f"{{name: a, {machine}}},\n{{name: b, {machine}}}"))
    with pytest.raises(ContractError, match="u1 is the machine of 'Acme/P/a' already"):
        Worlds(Settings(seeds=(path,)))


def test_seeds_are_merged(tmp_path: Path, start: Start) -> None:
    """Two seeds that name one environment fill it together."""
    paths = []
    for name in ("one", "two"):
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(rows(f"{{name: {name}}}"))
    emulator = start(seeds=tuple(paths))
    environment = emulator.request("GET", "/organizations/Acme/environments/P").json()
    assert environment["hosts"] == ["one", "two"]


NAMES = st.text(st.characters(exclude_characters="/", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=255)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=5, unique=True))
def test_any_names_survive_a_seed(tmp_path: Path, names: list[str]) -> None:
    """Whatever hosts are called, the store knows them by the names that were written."""
    path = tmp_path / "seed.yaml"
    hosts = [{"name": name, "instance": {"state": "RUNNING"}} for name in names]
    tree = {"organizations": [{"name": "Acme", "environments": [{"name": "P", "hosts": hosts}]}]}
    path.write_text(yaml.safe_dump(tree, allow_unicode=False), encoding="utf-8")
    assert load_seed(path).value == tree
    with Worlds(Settings(seeds=(path,))).world().store.unit() as unit:
        assert list(unit.environment("Acme", "P").hosts) == names
