"""Worlds: isolated platforms in one process, each below a path of its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conftest import DOCUMENTED, EXAMPLE, VACANT, Running, Start
from tests.emulator.test_control import CONTROL

WORLDS = "/_emulator/worlds"


def make(emulator: Running, **wish: Any) -> str:
    """Make a world, check the answer against the document, and give its path."""
    answer = emulator.request("POST", WORLDS, json=wish)
    assert answer.status_code == 201, answer.text
    schema = CONTROL.operations["makeWorld"].responses[201].schema
    assert schema is not None
    assert CONTROL.validator(schema).problems(answer.json()) == []
    return str(answer.json()["path"])


def no(emulator: Running, method: str, path: str, status: int, **arguments: Any) -> str:
    """What must be refused with this status; the message."""
    answer = emulator.request(method, path, **arguments)
    assert answer.status_code == status, answer.text
    (message,) = answer.json()["error"]
    return str(message)


@pytest.mark.parametrize("base_path", ["", "/api"])
def test_what_happens_in_one_world_is_not_seen_in_another(start: Start, base_path: str) -> None:
    """Store, clock and journal are each world's own, under any base path."""
    emulator = start(base_path=base_path)
    answer = emulator.request("POST", base_path + WORLDS, json={})
    one, other = base_path + answer.json()["path"], base_path
    assert emulator.request("POST", one + VACANT, json={}).status_code == 200
    assert emulator.state(other + VACANT) == "ABSENT"
    assert emulator.state(one + VACANT) == "RUNNING"
    before = emulator.request("GET", f"{other}/_emulator/clock").json()
    moved = emulator.request("POST", f"{one}/_emulator/clock", json={"advance": 5}).json()
    assert emulator.request("GET", f"{other}/_emulator/clock").json() == before != moved
    entries = emulator.request("GET", f"{one}/_emulator/journal?control=true").json()["entries"]
    assert [entry["operation"] for entry in entries] == ["provisionInstance", "getInstance", "moveClock"]
    assert emulator.request("GET", f"{one}/_emulator/health").json()["world"] == answer.json()["name"]


def test_a_world_has_the_timing_clock_and_seed_that_were_wished(emulator: Running) -> None:
    """A wish says how long actions take, how time runs, and what is drawn."""
    slow = make(emulator, timing="polls:2", clock="x60", randomSeed=9)
    assert emulator.request("GET", f"{slow}/_emulator/clock").json()["rate"] == 60
    shown = emulator.request("POST", slow + VACANT, json={}).json()
    assert [emulator.state(slow + VACANT) for _ in range(3)] == ["PENDING", "PENDING", "RUNNING"]
    drawn = [emulator.request("POST", world + VACANT, json={}).json()["properties"] for world in ("", make(emulator))]
    assert drawn[0] == drawn[1], "the same seed makes the same machines in any world"
    assert shown["properties"] != drawn[0]


def test_a_fork_goes_on_from_where_the_other_is(emulator: Running) -> None:
    """A fork has the machines of its source, half-way ones too, and its time; from then on each goes its own way."""
    source = make(emulator, timing="polls:2", clock="frozen")
    name = source.rpartition("/")[2]
    emulator.request("POST", f"{source}/_emulator/clock", json={"advance": 90})
    emulator.request("PUT", f"{source}{DOCUMENTED}/_reboot")
    assert emulator.state(source + DOCUMENTED) == "PENDING"
    fork = make(emulator, fork=name, name="the.fork-1")
    assert fork == "/w/the.fork-1"
    times = {emulator.request("GET", f"{world}/_emulator/clock").json()["now"] for world in (source, fork)}
    assert len(times) == 1
    assert [emulator.state(fork + DOCUMENTED) for _ in range(2)] == ["PENDING", "RUNNING"]
    assert emulator.state(source + DOCUMENTED) == "PENDING"
    emulator.request("DELETE", fork + DOCUMENTED)
    assert emulator.state(source + DOCUMENTED) == "RUNNING"


def test_a_reset_is_of_one_world(emulator: Running) -> None:
    """The world of the path starts again; others do not."""
    one, other = make(emulator), make(emulator)
    for world in (one, other):
        emulator.request("DELETE", world + DOCUMENTED)
    assert emulator.request("POST", f"{one}/_emulator/reset", json={}).status_code == 200
    assert (emulator.state(one + DOCUMENTED), emulator.state(other + DOCUMENTED)) == ("RUNNING", "ABSENT")


def test_a_dropped_world_is_gone_and_its_name_free(emulator: Running) -> None:
    """What is asked of a world that is gone is told so, and how to make one."""
    world = make(emulator, name="once")
    assert "once" in [one["name"] for one in emulator.request("GET", WORLDS).json()["worlds"]]
    assert emulator.request("DELETE", f"{WORLDS}/once").status_code == 204
    for path in (world + DOCUMENTED, world, f"{world}/_emulator/health"):
        message = no(emulator, "GET", path, 404)
        assert message.startswith("there is no world 'once'; POST /_emulator/worlds makes one")
    assert no(emulator, "DELETE", f"{WORLDS}/once", 404).startswith("there is no world 'once'")
    assert make(emulator, name="once") == world
    emulator.request("DELETE", f"{WORLDS}/once")


def test_what_cannot_be_made_is_refused(emulator: Running) -> None:
    """A taken name, a source that is not there, a wish that contradicts itself, the default world that should go."""
    make(emulator, name="taken")
    assert "already" in no(emulator, "POST", WORLDS, 409, json={"name": "taken"})
    assert "no world 'nowhere'" in no(emulator, "POST", WORLDS, 404, json={"fork": "nowhere"})
    assert "stays" in no(emulator, "DELETE", f"{WORLDS}/default", 409)
    for wish in ({"name": "a/b"}, {"fork": "default", "clock": "frozen"}, {"clock": "soon"}, {"timing": "file.yaml"}):
        no(emulator, "POST", WORLDS, 400, json=wish)


def test_a_database_is_one_world(start: Start, tmp_path: Any) -> None:
    """More worlds are in memory only, and that is said."""
    emulator = start(seeds=(EXAMPLE,), store=f"sqlite:///{tmp_path / 'one.db'}")
    for wish in ({}, {"fork": "default"}):
        assert "--store memory" in no(emulator, "POST", WORLDS, 409, json=wish)
    assert emulator.state(f"/w/default{DOCUMENTED}") == "RUNNING"
