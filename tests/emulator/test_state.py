"""The state of a world, out and in: what is written down is planted again, and goes on as it would have."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contract import load_contract
from emulator import records
from emulator.instances.acts import ACTS
from emulator.resources import fixtures
from emulator.settings import Settings
from emulator.world import World
from emulator.worlds import Worlds
from tests.emulator.conftest import DOCUMENTED, EXAMPLE, VACANT, Running, Start, running
from tests.thorough import examples

STATE = "/_emulator/state"
YAML = {"Content-Type": "application/yaml"}
BUILT_IN = sorted(path.stem for path in fixtures().glob("*.yaml"))
EVERY = "/organizations/Every/environments/State/hosts"
HOSTS = [VACANT, DOCUMENTED, *(f"{EVERY}/{name}/instance" for name in ("absent", "importing", "locked-pending"))]
ACTIONS = [
    (operation.method, operation.path.rpartition("/instance")[2])
    for operation in load_contract().operations.values()
    if "/instance" in operation.path
]
AROUND = [("GET", ""), ("GET", "/changes/"), ("GET", "/audit/"), ("PUT", ""), ("DELETE", "/changes/")]
PLACE = {"organization": "Guardis Test", "environment": "Test Environment"}
Step = tuple[str, str, Any]
STEPS = st.lists(
    st.one_of(
        st.builds(
            lambda host, action: (action[0], host + action[1], "import" if action[1] == "/properties" else None),
            st.sampled_from(HOSTS),
            st.sampled_from(ACTIONS),
        ),
        st.builds(
            lambda host, way, text: (way[0], host.removesuffix("/instance") + way[1], {"description": text}),
            st.sampled_from(HOSTS),
            st.sampled_from(AROUND),
            st.text(max_size=5),
        ),
        st.builds(
            lambda name, reach: ("POST", f"/_emulator/hypervisors/{name}", reach),
            st.sampled_from(["hyp1.example.net", "hyp2.example.net", "hyp3-devel.angleur.guardis.be"]),
            st.sampled_from([{"reachable": True}, {"reachable": False}, {"reachable": False, "for": 5}]),
        ),
        st.builds(
            lambda host, act: ("POST", "/_emulator/acts", {**PLACE, "host": host, "act": act}),
            st.sampled_from(["web-1", "test-host-on-Hyp3"]),
            st.sampled_from(sorted(ACTS)),
        ),
        st.builds(lambda seconds: ("POST", "/_emulator/clock", {"advance": seconds}), st.sampled_from([0.1, 7, 1e4])),
    ),
    max_size=25,
)
ADOPTED: list[Step] = [
    ("PUT", f"{DOCUMENTED}/_reboot", None),
    ("PUT", f"{DOCUMENTED}/_forget", None),
    ("POST", f"{DOCUMENTED}/properties", "import"),
]
"""A machine that is found again on its way, and will have started anew."""
RESUMED: list[Step] = [
    ("PUT", f"{DOCUMENTED}/_pause", None),
    *[("GET", DOCUMENTED, None)] * 3,
    ("PUT", f"{DOCUMENTED}/_resume", None),
    *ADOPTED[1:],
]
"""One that will not."""
TIMINGS = st.sampled_from(["instant", "realistic", "polls:2"])


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    """An emulator with machines in every state, on a frozen clock."""
    with running(Settings(seeds=(EXAMPLE, fixtures() / "every-state.yaml"), clock="frozen")) as emulator:
        yield emulator


def export(emulator: Running, world: str = "") -> str:
    """The state of a world."""
    answer = emulator.request("GET", world + STATE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/yaml")
    return answer.content.decode()


def restore(emulator: Running, state: str, world: str = "") -> None:
    """Make a world what a state says."""
    answer = emulator.request("PUT", world + STATE, data=state.encode(), headers=YAML)
    assert answer.status_code == 200, answer.text


def refused(emulator: Running, state: str, status: int = 400, **headers: str) -> list[str]:
    """What is said when a state is refused; nothing has changed."""
    before, world = export(emulator), emulator.world
    answer = emulator.request("PUT", STATE, data=state.encode(), headers=headers or YAML)
    assert answer.status_code == status, answer.text
    assert (export(emulator), emulator.world) == (before, world)
    messages: list[str] = answer.json()["error"]
    return messages


def take(emulator: Running, world: str, steps: list[Step]) -> list[Any]:
    """Send the steps to a world, and give what it answered."""
    answers = []
    for method, path, body in steps:
        content = [] if body == "import" and method == "POST" else body
        if content == []:
            strays = yaml.safe_load(export(emulator, world)).get("strays", [])
            content = strays[-1]["properties"] if strays else []
        answer = emulator.request(method, world + path, json=None if method == "GET" else content)
        answers.append((method, path, answer.status_code, answer.text))
    return answers


@settings(
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(before=STEPS, after=STEPS, timing=TIMINGS)
@example(before=ADOPTED, after=[("GET", DOCUMENTED, None)] * 4, timing="polls:2")
@example(before=ADOPTED, after=[("POST", "/_emulator/clock", {"advance": 60})], timing="realistic")
@example(before=RESUMED, after=[("GET", DOCUMENTED, None)] * 4, timing="polls:2")
def test_a_world_goes_on_as_the_one_that_it_was(
    emulator: Running, before: list[Step], after: list[Step], timing: str
) -> None:
    """After any walk: out, in, out gives the same bytes; and from there on both answer alike."""
    for world in ("one", "two"):
        emulator.request("POST", "/_emulator/worlds", json={"name": world, "timing": timing, "clock": "frozen"})
    try:
        take(emulator, "/w/one", before)
        state = export(emulator, "/w/one")
        restore(emulator, state, "/w/two")
        assert export(emulator, "/w/two") == state
        assert take(emulator, "/w/two", after) == take(emulator, "/w/one", after)
        assert export(emulator, "/w/two") == export(emulator, "/w/one")
    finally:
        for world in ("one", "two"):
            emulator.request("DELETE", f"/_emulator/worlds/{world}")


def test_a_state_is_a_seed(emulator: Running) -> None:
    """It fits the schema of seeds, and an emulator that starts from it is that world."""
    emulator.request("PUT", f"{DOCUMENTED}/_lock")
    emulator.request("PUT", f"{EVERY}/locked-stopped/instance/_forget")
    state = export(emulator)
    schema = json.loads((fixtures() / "seed.schema.json").read_bytes())
    jsonschema_rs.Draft202012Validator(schema).validate(yaml.safe_load(state))
    restore(emulator, state)
    assert export(emulator) == state


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_an_emulator_starts_from_a_state(emulator: Running, start: Start, tmp_path: Path, store: str) -> None:
    """A seed file can be a state: its time, its strays, its histories; and into a database as well."""
    emulator.request("PUT", f"{DOCUMENTED}/_reboot")
    emulator.request("PUT", f"{DOCUMENTED}/_forget")
    emulator.request("POST", "/_emulator/clock", json={"advance": 3})
    state = export(emulator)
    (tmp_path / "state.yaml").write_text(state)
    address = "memory" if store == "memory" else f"sqlite:///{tmp_path / 'platform.db'}"
    again = start(seeds=(tmp_path / "state.yaml",), clock="real", random_seed=3, store=address)
    assert export(again) == state


def test_a_database_is_read_and_not_replaced(start: Start, tmp_path: Path) -> None:
    """Other processes may serve it, too, so that is said."""
    emulator = start(store=f"sqlite:///{tmp_path / 'platform.db'}")
    emulator.request("PUT", f"{DOCUMENTED}/_forget")
    assert "strays:" in export(emulator)
    assert "--store memory" in refused(emulator, export(emulator), 409)[0]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_seed_is_a_state(emulator: Running, name: str) -> None:
    """Any seed can be put: what it does not say is as at the beginning of the world."""
    restore(emulator, (fixtures() / f"{name}.yaml").read_text())
    fresh = Worlds(Settings(seeds=(fixtures() / f"{name}.yaml",), clock="frozen")).world()
    assert describe(emulator.world) == describe(fresh)
    assert emulator.world.timing.told == "instant"
    assert emulator.world.clock.rate == 0


def describe(world: World) -> Any:
    """Names, versions and states of all that is there, and who may ask."""
    with world.store.unit() as unit:
        hosts = [
            (host.path, host.version, host.instance and (host.instance.state, host.instance.values))
            for organization in unit.organizations().values()
            for environment in unit.environments(organization).values()
            for host in unit.hosts(environment).values()
        ]
    return hosts, world.authenticator.users


def test_a_reset_leads_to_the_beginning_not_to_the_state(emulator: Running) -> None:
    """What a reset means is not changed by a state."""
    restore(emulator, "organizations: []\n")
    assert emulator.state(DOCUMENTED) == "ABSENT"
    emulator.request("POST", "/_emulator/reset", json={})
    assert emulator.state(DOCUMENTED) == "RUNNING"


MISTAKES = [
    ("", 1, "it is null; expected a mapping"),
    ("organizations: [\n", 2, "expected YAML"),
    ("clock:\n  now: 2026-13-01T00:00:00Z\n  rate: 0\n", 2, "clock.now: it is '2026-13-01T00:00:00Z'; expected a time"),
    ("clock: {now: yesterday, rate: 0}\n", 1, "clock.now"),
    ("timing: soon\n", 1, "timing"),
    ("timing:\n  fly: {fixed: 1}\n", 2, "timing.fly: no such trigger; the contract has agent, "),
    ("timing:\n  start: {fixed: -1}\n", 2, "timing.start.fixed: it is -1; at least 0"),
    ("hypervisors: [{name: h}]\nstrays:\n- {state: STOPPED, hypervisor: h, properties: []}\n", 3, "libvirt.uuid"),
    ("strays:\n- {state: STOPPED, properties: []}\n", 2, "'hypervisor' is missing"),
    ("organizations:\n- name: A\n  version: 0\n", 3, "version: it is 0; at least 1"),
    (
        (
            "organizations: [{name: A, environments: [{name: E, hosts: [{name: h,\nchanges: {next: 1, kept: [\n"
            "{key: k, description: d, task: t, status: OK}]}}]}]}]\n"
        ),
        2,
        "hosts.0.changes.next: it is 1",
    ),
    (
        (
            "organizations: [{name: A, environments: [{name: E, hosts: [{name: h, audit: {next: 2, kept: [\n"
            "{at: 2026-02-30T00:00:00Z, message: m, username: u, fullName: f}]}}]}]}]\n"
        ),
        2,
        "hosts.0.audit.kept.0.at: it is '2026-02-30T00:00:00Z'",
    ),
    (
        (
            "organizations:\n- name: A\n  environments:\n  - name: E\n    hosts:\n    - name: h\n      instance:\n"
            "        state: PENDING\n        pending: {trigger: start, from: STOPPED}\n"
        ),
        9,
        "pending",
    ),
]


@pytest.mark.parametrize("state, line, message", MISTAKES)
def test_a_misfit_changes_nothing(emulator: Running, state: str, line: int, message: str) -> None:
    """What is wrong is told with line, place and what is expected."""
    messages = refused(emulator, state)
    assert any(one.startswith(f"body:{line}: ") and message in one for one in messages), messages


def test_a_state_says_what_it_is(emulator: Running) -> None:
    """A web page can send plain text without asking, so the type must be YAML's, and the text UTF-8."""
    for headers in ({"Content-Type": "text/plain"}, {"Content-Type": "application/json"}, {"Content-Type": ""}):
        assert "reads application/yaml" in refused(emulator, "organizations: []\n", 415, **headers)[0]
    answer = emulator.request("PUT", STATE, data=b"organizations: \xff", headers=YAML)
    assert (answer.status_code, answer.json()["error"]) == (400, ["byte 15 of the body is not UTF-8; send UTF-8"])
    answer = emulator.request("PUT", STATE, data=b"organizations: []\n", headers=YAML | {"Origin": "http://e.example"})
    assert answer.status_code == 403


def test_a_large_state_is_taken(emulator: Running) -> None:
    """More than a body of the API may be: a world of thousands of hosts."""
    filler = "# " + "x" * (3 << 20) + "\n"
    restore(emulator, f"{filler}organizations: [{{name: Large}}]\n")
    assert emulator.request("GET", "/organizations/Large").status_code == 200


def test_whatever_the_inventory_takes_comes_back(emulator: Running) -> None:
    """Deep settings, odd strings, numbers, and members that nobody knows are written and read as they are."""
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    odd = ["on", "1e3", "~", "2026-01-01", "<<", "=", "\x00\x85\u2028\ufeff\U0001f427", " a: b # c\n", "\ttab", "", "'"]
    values = [*odd, 1e300, -0.0, 1e-7, 2**63, True, None, {"<<": {"": []}}, deep]
    body = {
        "name": "Odd",
        "description": "\x07" + "".join(odd),
        "settings": [{"key": text or "-", "value": value} for text, value in zip(odd * 2, values, strict=False)],
        "access": {"accessKey": "a", "secretKey": "s", "more": [1]},
    }
    assert emulator.request("POST", "/organizations", json=body).status_code in (200, 201)
    shown = emulator.request("GET", "/organizations/Odd").text
    state = export(emulator)
    restore(emulator, state)
    assert emulator.request("GET", "/organizations/Odd").text == shown
    assert export(emulator) == state


def test_every_member_of_a_record_is_in_the_state() -> None:
    """Whoever adds a member to a record has to say here how it is written down."""
    known = {
        "Instance": "state since cause hypervisor keys values pending agent_at locked settled failed actions boots "
        "hostname console unseen",
        "Pending": "trigger source target due polls boots change failure silent",
        "Host": "environment name version details instance machines history",
        "Environment": "organization name version details hosts",
        "Organization": "name version details environments",
        "History": "changes audit next_order next_entry",
        "Change": "order key description task",
        "Task": "description status error",
        "AuditEntry": "at message username full_name",
        "Hypervisor": "name uuid",
        "Console": "token port",
    }
    there = {
        name: " ".join(field.name for field in dataclasses.fields(kind))
        for name, kind in vars(records).items()
        if dataclasses.is_dataclass(kind)
    }
    assert there == {name: re.sub(r"\s+", " ", members) for name, members in known.items()}
