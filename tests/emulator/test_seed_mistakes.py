"""Mistakes in seeds: each is one line that says where it is, what is wrong, and what is expected."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract import ContractError
from emulator.settings import Settings
from emulator.worlds import Worlds
from tests.patience import PATIENCE


def plant_all(*paths: Path) -> None:
    """Make a world of these seeds."""
    Worlds(Settings(seeds=paths))


def rows(*hosts: str) -> str:
    """A seed with these hosts in one environment, one a line from line 5."""
    head = "organizations:\n  - name: Acme\n    environments:\n      - {name: P, hosts: [\n"
    return head + ",\n".join(f"{{{host}}}" for host in hosts) + "\n      ]}\n"


def instance(row: str) -> str:
    """A seed with one host, whose instance stands in line 5."""
    return rows(f"name: w, instance: {{{row}}}")


SHAPES = [
    ("", 1, "it is null; expected a mapping"),
    ("{}", 1, "at least 1"),
    ("organizations: 3\n", 1, "organizations: it is 3; expected a list"),
    ("organizations:\n", 1, "organizations: it is null; expected a list"),
    ("hypervisors: []\norganisations: []\n", 1, "'organisations' is not known here"),
    ("hypervisors:\n  - name: hyp1\n    uuid: 1234\n", 3, "hypervisors.0.uuid"),
    ("hypervisors:\n  - {name: a hypervisor}\n", 2, "hypervisors.0.name"),
    ("users:\n  - username: a\n", 2, "'password' is missing; or 'appKeys' is missing"),
    ("users:\n  - {username: 'a:b', password: c}\n", 2, "users.0.username"),
    (rows("name: a", "name: a/b"), 6, "hosts.1.name"),
    (rows("name: a", "name: .."), 6, "hosts.1.name"),
    (rows("name: 7"), 5, "it is 7; expected a string"),
    (rows("name: a", "platform: x"), 6, "'name' is missing"),
    (rows("name: a, settings: [{value: 1}]"), 5, "settings.0: 'key' is missing"),
    (instance("locked: true"), 5, "'state' is missing"),
    (instance("state: RUNNING, locked: yes"), 5, "locked: it is 'yes'; expected true or false"),
    (instance("state: RUNNING, agent: up"), 5, "agent: it is 'up'; expected Up or Down"),
    (instance("state: RUNNING, since: -1"), 5, "since: it is -1; at least 0"),
    (instance("state: RUNNING, since: .inf"), 5, "since"),
    (instance("state: RUNNING, since: .nan"), 5, "since"),
    (instance("state: RUNNING, vnc: {token: t, port: 65536}"), 5, "vnc.port: it is 65536; at most 65535"),
    (instance("state: RUNNING, vnc: {token: t, port: '0'}"), 5, "vnc.port"),
    (instance("state: PENDING, pending: {trigger: start, in: 1}"), 5, "'from' is missing"),
]
TWINS = [
    ("hypervisors:\n  - name: a\n  - name: a\n", 3, "hypervisors.1.name: it stands twice, first in line 2"),
    ("users:\n  - {username: a, password: b}\n  - {username: a, password: c}\n", 3, "first in line 2"),
    ("users:\n  - {username: a, appKeys: [k]}\n  - {username: b, appKeys: [k]}\n", 3, "a key is of one user"),
    (
        "organizations:\n  - name: A\n  - name: B\n  - name: A\n",
        4,
        "organizations.2.name: it stands twice, first in line 2",
    ),
    ("organizations:\n  - name: A\n    environments:\n      - name: E\n      - name: E\n", 5, "first in line 4"),
    (rows("name: a", "name: b", "name: a"), 7, "hosts.2.name: it stands twice, first in line 5"),
    (instance("state: RUNNING, properties: [{key: k, value: v},\n{key: k, value: w}]"), 6, "each key stands once"),
    ("a: 1\na: 2\n", 2, "the key 'a' stands twice"),
    (
        rows(
            *(f"name: {n}, instance: {{state: STOPPED, properties: [{{key: libvirt.uuid, value: u}}]}}" for n in "ab")
        ),
        6,
        "the machine u (libvirt.uuid) is the instance of host 'Acme/P/a' already",
    ),
]
AGAINST_THE_CONTRACT = [
    (
        instance("state: ON"),
        5,
        "hosts.0.instance.state: an instance cannot be 'ON'; expected PENDING, RUNNING, PAUSED, STOPPED or UNDEFINED,",
    ),
    (instance("state: ABSENT"), 5, "or no instance at all"),
    (
        instance("state: RUNNING, hypervisor: nowhere"),
        5,
        "there is no hypervisor 'nowhere'; expected hyp1.example.net, ",
    ),
    (instance("state: PENDING"), 5, "PENDING needs pending"),
    (
        instance("state: PENDING, pending: {trigger: fly, from: STOPPED, in: 1}"),
        5,
        "pending: fly from STOPPED does not pass through PENDING; provision from ABSENT, ",
    ),
    (
        instance("state: PENDING, pending: {trigger: start, from: RUNNING, in: 1}"),
        5,
        "start from RUNNING does not pass",
    ),
    (instance("state: RUNNING, pending: {trigger: start, from: STOPPED, in: 1}"), 5, "through RUNNING; none does"),
    (
        instance("state: PENDING, pending: {trigger: start, from: STOPPED, to: PAUSED, in: 1}"),
        5,
        "pending.to: start does not settle in 'PAUSED'; expected RUNNING",
    ),
]
NOT_YAML = [
    ("organizations: [\n", 2, "expected YAML"),
    ("organizations:\n\t- name: a\n", 2, "expected YAML"),
    ("organizations: []\nusers: \x00\n", 2, "expected YAML"),
    ("? [a, b]\n: 1\n", 1, "a key is a collection"),
    ("organizations: !!python/object:os.system []\n", 1, "expected YAML"),
]
NOT_JSON = [
    (rows("name: a, settings: [{key: k, value: 18446744073709551616}]"), 5, "it cannot be shown as JSON"),
    (rows(f"name: a, settings: [{{key: k, value: {'[' * 250}{']' * 250}}}]"), 5, "it cannot be shown as JSON"),
]


@pytest.mark.parametrize(
    "text, line, message", [*SHAPES, *TWINS, *AGAINST_THE_CONTRACT, *NOT_YAML, *NOT_JSON]
)  # fmt: skip
def test_a_mistake_is_named_by_file_and_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    """Whatever is wrong with a seed, one line says where and what."""
    path = tmp_path / "seed.yaml"
    path.write_text(text)
    with pytest.raises(ContractError, match=re.escape(f"{path}:{line}: ")) as refusal:
        plant_all(path)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_what_is_no_text_is_named_by_file_and_line(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused with the line of the first byte that is wrong."""
    path = tmp_path / "seed.yaml"
    path.write_bytes(b"organizations:\n  - name: caf\xe9\n")
    with pytest.raises(ContractError, match=re.escape(f"{path}:2: byte 28 is not UTF-8")):
        plant_all(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, and a folder, are refused by name, with the reason."""
    with pytest.raises(ContractError, match=re.escape(f"{tmp_path / 'none.yaml'}: cannot read it: No such file")):
        plant_all(tmp_path / "none.yaml")
    with pytest.raises(ContractError, match=re.escape(f"{tmp_path}: cannot read it: Is a directory")):
        plant_all(tmp_path)


HOST = rows("name: w")
BETWEEN_SEEDS = [
    (HOST, rows("name: v", "name: w"), 6, "host 'Acme/P/w' is there already ({one}:5)"),
    (
        "organizations:\n  - {name: A, description: x}\n",
        "organizations:\n  - {name: A, description: y}\n",
        2,
        "'A' has another description already ({one}:2); say it once, or alike",
    ),
    (
        "organizations: [{name: A, environments: [{name: E, settings: [{key: k, value: 1}]}]}]\n",
        "organizations: [{name: A, environments:\n  [{name: E, settings: [{key: k, value: 2}]}]}]\n",
        2,
        "'A/E' has another settings already ({one}:1)",
    ),
    (
        f"hypervisors:\n  - {{name: h, uuid: {'A' * 32}}}\n",
        f"hypervisors:\n  - {{name: h, uuid: {'B' * 32}}}\n",
        2,
        "another seed gives 'h' another uuid",
    ),
    (
        "users:\n  - {username: a, password: b}\n",
        "users:\n  - {username: a, password: b}\n",
        2,
        "another seed has a user 'a'",
    ),
]


@pytest.mark.parametrize("first, second, line, message", BETWEEN_SEEDS)
def test_a_contradiction_between_two_seeds_names_both(
    tmp_path: Path, first: str, second: str, line: int, message: str
) -> None:
    """What two seeds say differently, or must not say twice, is named by the later file, with where the first is."""
    other, one, two = (tmp_path / f"{name}.yaml" for name in ("other", "one", "two"))
    other.write_text("organizations: [{name: Acme, environments: [{name: Q}]}]\n")
    one.write_text(first)
    two.write_text(second)
    with pytest.raises(ContractError, match=re.escape(f"{two}:{line}: ")) as refusal:
        plant_all(other, one, two)
    assert message.format(one=one) in str(refusal.value)


def test_seeds_are_merged(tmp_path: Path) -> None:
    """Two seeds that tell of one environment fill it together, and each may add what the other leaves out."""
    one, two, three, four = (tmp_path / f"{name}.yaml" for name in ("one", "two", "three", "four"))
    one.write_text(rows("name: a"))
    two.write_text(rows("name: b, instance: {state: RUNNING, hypervisor: h}"))
    three.write_text("hypervisors: [{name: h}]\norganizations: [{name: Acme, groups: [g], description: d}]\n")
    four.write_text("organizations: [{name: Acme, groups: [g], settings: [{key: k}]}]\n")
    with Worlds(Settings(seeds=(one, two, three, four))).world().store.unit() as unit:
        assert list(unit.environment("Acme", "P").hosts) == ["a", "b"]
        assert unit.organization("Acme").details == {
            "groups": ["g"],
            "description": "d",
            "settings": [{"key": "k"}],
        }


def test_the_command_line_says_it_in_one_line(tmp_path: Path) -> None:
    """`serve` with a broken seed ends with exit code 2 and one line, without a traceback."""
    path = tmp_path / "seed.yaml"
    path.write_text(instance("state: ON"))
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--seed", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"hypervisor-emulator: {path}:5: ")
