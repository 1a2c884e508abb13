"""What happened, told by number: everything once, in order, at once, or the reason why something is missing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator import events
from emulator.events import Events
from emulator.waiting import SEATS
from tests.emulator.conftest import DOCUMENTED, ENVIRONMENT, VACANT, Running, Start
from tests.emulator.processes import serving
from tests.emulator.test_control import CONTROL
from tests.emulator.test_worlds import make, no
from tests.patience import PATIENCE

EVENTS = "/_emulator/events"
STREAM = f"{EVENTS}/stream"
PLACE = {"organization": "Guardis Test", "environment": "Test Environment"}
TEN = "default: {fixed: 10}\n"


def told(emulator: Running, query: str = "", world: str = "") -> Any:
    """The answer about events, checked against its document."""
    answer = emulator.request("GET", f"{world}{EVENTS}{query}")
    assert answer.status_code == 200, answer.text
    schema = CONTROL.operations["getEvents"].responses[200].schema
    assert schema is not None
    assert CONTROL.validator(schema).problems(answer.json()) == []
    return answer.json()


def moves(content: Any) -> list[tuple[str, str, str, str]]:
    """The changes of states among events: host, from, to, cause."""
    rows = [row for row in content["events"] if row["kind"] == "state"]
    return [(row["host"], row["from"], row["to"], row["cause"]) for row in rows]


@pytest.fixture
def slow(start: Start, tmp_path: Path) -> Running:
    """An emulator where every action takes ten seconds, on a frozen clock."""
    (tmp_path / "ten.yaml").write_text(TEN)
    return start(timing=str(tmp_path / "ten.yaml"))


class Stream:
    """A client of a stream: its events, one after another."""

    def __init__(self, emulator: Running, path: str = STREAM, **headers: str) -> None:
        self.answer = requests.get(emulator.url + path, headers=headers, stream=True, timeout=PATIENCE)
        self._lines = self.answer.iter_lines(chunk_size=1)
        assert self.answer.status_code == 200, self.answer.text
        assert self.answer.headers["Content-Type"] == "text/event-stream"
        assert next(self._lines).startswith(b":")

    def __iter__(self) -> Iterator[Any]:
        """Kind, id and data of each event."""
        fields: dict[str, str] = {}
        for line in self._lines:
            name, colon, value = line.decode().partition(": ")
            if name and colon:
                fields[name] = value
            elif "data" in fields:
                yield fields["event"], fields.get("id"), json.loads(fields["data"])
                fields = {}

    def close(self) -> None:
        """Go away."""
        self.answer.close()


def test_each_change_of_a_state_is_told_once(emulator: Running) -> None:
    """With host, from, to, cause and time; the numbers grow by one, and the answer says where to go on."""
    start = told(emulator)["next"]
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    emulator.request("PUT", f"{DOCUMENTED}/_forget")
    emulator.request("POST", VACANT, json={})
    content = told(emulator, f"?since={start}")
    name = "test-host-on-Hyp3"
    assert moves(content) == [
        (name, "RUNNING", "PENDING", "pauseInstance"),
        (name, "PENDING", "PAUSED", "pauseInstance"),
        (name, "PAUSED", "ABSENT", "forgetInstance"),
        ("web-1", "ABSENT", "PENDING", "provisionInstance"),
        ("web-1", "PENDING", "RUNNING", "provisionInstance"),
    ]
    assert [row["number"] for row in content["events"]] == list(range(start + 1, start + 6))
    assert all({name: row[name] for name in PLACE} == PLACE for row in content["events"])
    assert (content["gap"], content["next"]) == (None, start + 5)
    assert told(emulator, f"?since={start + 5}")["events"] == told(emulator, "?since=now")["events"] == []
    first = told(emulator, f"?since={start}&limit=2")
    assert moves(first) == moves(content)[:2]
    assert moves(told(emulator, f"?since={first['next']}")) == moves(content)[2:]


def test_refused_actions_and_looks_are_no_events(emulator: Running) -> None:
    """Only what changed a state is told."""
    start = told(emulator)["next"]
    emulator.request("PUT", f"{DOCUMENTED}/_start")
    emulator.request("GET", DOCUMENTED)
    emulator.request("PUT", f"{DOCUMENTED}/_lock")
    assert told(emulator)["next"] == start


def test_what_is_due_is_told_with_its_time(slow: Running) -> None:
    """It needs no look at the host; moves of the clock are events, too."""
    start, began = told(slow)["next"], slow.world.clock.now()
    slow.request("PUT", f"{DOCUMENTED}/_pause")
    slow.world.clock.advance(9)
    assert len(told(slow, f"?since={start}")["events"]) == 1
    slow.world.clock.advance(9)
    content = told(slow, f"?since={start}")
    assert moves(content)[1:] == [("test-host-on-Hyp3", "PENDING", "PAUSED", "pauseInstance")]
    first, second = (row["at"] for row in content["events"])
    assert first[:-1] < second[:-1]
    slow.request("POST", "/_emulator/clock", json={"advance": 1, "rate": 0})
    kinds = [(row["kind"], row["cause"]) for row in told(slow, f"?since={content['next']}")["events"]]
    assert kinds == [("clock", "moved"), ("clock", "rate 0")]
    assert slow.world.clock.now() == began + 19


def test_what_nobody_asked_for_is_told(emulator: Running) -> None:
    """Acts, and hypervisors out of reach and back."""
    start = told(emulator)["next"]
    hypervisor = "/_emulator/hypervisors/hyp3-devel.angleur.guardis.be"
    for reachable in (False, True):
        emulator.request("POST", hypervisor, json={"reachable": reachable})
    emulator.request("POST", "/_emulator/acts", json={**PLACE, "host": "test-host-on-Hyp3", "act": "crash"})
    assert [row[1:] for row in moves(told(emulator, f"?since={start}"))] == [
        ("RUNNING", "UNDEFINED", "hypervisor-gone"),
        ("UNDEFINED", "RUNNING", "hypervisor-back"),
        ("RUNNING", "STOPPED", "crash"),
    ]


def test_a_reset_is_told_and_leaves_a_gap(emulator: Running) -> None:
    """Numbers go on; what was asked for before it is of another time, and that is said."""
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    before = told(emulator)["next"]
    emulator.request("POST", "/_emulator/reset", json={})
    content = told(emulator, f"?since={before}")
    assert (content["gap"], content["next"]) == (None, before + 1)
    assert [(row["kind"], row["number"]) for row in content["events"]] == [("reset", before + 1)]
    late = told(emulator, f"?since={before - 1}")
    assert (late["gap"], late["events"]) == ("reset", content["events"])
    assert told(emulator, f"?since={before + 100}")["gap"] == "reset"
    emulator.request("POST", "/_emulator/reset", json={**PLACE, "host": "web-1"})
    (row,) = told(emulator, f"?since={before + 1}")["events"]
    assert (row["kind"], row["host"]) == ("reset", "web-1")


def test_what_was_let_go_is_said_to_be_missing() -> None:
    """The memory is bounded, and a number before it is told so."""
    kept = Events()
    for at in range(events.KEPT + 5):
        kept.add(float(at), "state")
    found = kept.since(0, 3)
    assert (found.gap, [row[0] for row in found.rows], found.following) == ("forgotten", [6, 7, 8], 8)
    assert kept.since(5, 1).gap is None
    assert kept.oldest == 6


def test_a_long_poll_ends_with_the_first_event(slow: Running) -> None:
    """It is answered as soon as the clock is moved to what is due, by another client."""
    slow.request("PUT", f"{DOCUMENTED}/_pause")
    start = told(slow)["next"]
    assert told(slow, f"?since={start}&wait=0.05")["events"] == []
    found: list[Any] = []
    other = Running.client_of(slow)
    waiting = threading.Thread(target=lambda: found.append(told(other, f"?since={start}&wait=10")))
    waiting.start()
    slow.request("POST", "/_emulator/clock", json={"advance": 10})
    waiting.join(timeout=9)
    other.close()
    assert [row["kind"] for row in found[0]["events"]][:1] == ["state"]
    assert moves(found[0]) == [("test-host-on-Hyp3", "PENDING", "PAUSED", "pauseInstance")]


def test_a_stream_tells_as_it_happens_and_goes_on_where_it_broke(slow: Running) -> None:
    """What is due is sent when the clock comes to it, moved or running, without a look; Last-Event-ID goes on."""
    with closing(Stream(slow, f"{STREAM}?since=now")) as stream:
        heard = iter(stream)
        slow.request("PUT", f"{DOCUMENTED}/_pause")
        kind, first, data = next(heard)
        assert (kind, data["to"], str(data["number"])) == ("state", "PENDING", first)
        slow.request("POST", "/_emulator/clock", json={"advance": 10})
        assert [(kind, data["to"]) for kind, _, data in (next(heard), next(heard))] == [
            ("state", "PAUSED"),
            ("clock", None),
        ]
        slow.request("PUT", f"{DOCUMENTED}/_resume")
        assert next(heard)[2]["to"] == "PENDING"
        slow.request("POST", "/_emulator/clock", json={"rate": 100})
        assert [next(heard)[0] for _ in range(2)] == ["clock", "state"]
        slow.request("POST", "/_emulator/reset", json={})
        assert next(heard)[0] == "reset"
    with closing(Stream(slow, **{"Last-Event-ID": first})) as stream:
        heard = iter(stream)
        assert next(heard) == ("gap", None, {"reason": "reset"})
        assert next(heard)[0] == "reset"


def test_a_stream_ends_with_its_world(emulator: Running) -> None:
    """A world that is dropped has nothing more to tell."""
    world = make(emulator)
    with closing(Stream(emulator, world + STREAM)) as stream:
        emulator.request("DELETE", f"/_emulator/worlds/{world.rpartition('/')[2]}")
        assert list(stream) == []


def test_few_wait_and_whoever_goes_away_gives_the_seat_back(emulator: Running) -> None:
    """More than there are seats are told to come again, while all others are served; then there is room."""
    with ExitStack() as stack:
        streams = [stack.enter_context(closing(Stream(emulator))) for _ in range(SEATS)]
        answer = emulator.request("GET", STREAM)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert emulator.request("GET", f"{EVENTS}?since=now&wait=5").status_code == 503
        assert emulator.request("GET", f"{EVENTS}").status_code == 200
        assert emulator.state(DOCUMENTED) == "RUNNING"
        streams[0].close()
        asked = (emulator.request("GET", f"{EVENTS}?since=now&wait=0.01").status_code for _ in range(10_000))
        assert next(status for status in asked if status != 503) == 200


def test_a_head_of_a_stream_takes_no_seat(emulator: Running) -> None:
    """There is nothing to send, so nobody waits."""
    for _ in range(2 * SEATS):
        assert emulator.request("HEAD", STREAM).status_code == 200


def test_a_stop_ends_streams() -> None:
    """SIGTERM does not wait for them: the exit is clean, and in time."""
    with (
        serving("--log-format", "none") as process,
        requests.get(process.url + STREAM, stream=True, timeout=PATIENCE) as answer,
    ):
        lines = answer.iter_lines(chunk_size=1)
        assert next(lines).startswith(b":")
        assert process.stop()[0] == 0
        assert b"data" not in b"".join(lines)


def test_questions_that_make_no_sense_are_refused(emulator: Running) -> None:
    """Numbers that are none, and a wait that is too long."""
    for query in ("since=-1", "since=soon", "limit=0", "wait=61", "wait=x", f"since={'9' * 40}"):
        no(emulator, "GET", f"{EVENTS}?{query}", 400)
    answer = emulator.request("GET", STREAM, headers={"Last-Event-ID": "x"})
    assert answer.status_code == 400


def test_a_database_tells_no_events(start: Start, tmp_path: Path) -> None:
    """Other processes change it, too, and that is said; its hosts have changes."""
    emulator = start(store=f"sqlite:///{tmp_path / 'one.db'}")
    for path in (EVENTS, STREAM):
        assert "in memory only" in no(emulator, "GET", path, 409)
    assert emulator.request("GET", f"{ENVIRONMENT}/hosts/web-1/changes/").status_code == 200
