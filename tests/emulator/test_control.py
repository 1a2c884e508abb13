"""The control API: health, time, reset and journal; closed to web pages and to other machines."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from contract import load_document
from emulator.clock import Clock
from emulator.control import DOCUMENT
from emulator.memory import MemoryStore
from tests.emulator.conftest import DOCUMENTED, VACANT, Running, Start
from tests.emulator.raw_http import Answer, request, send, unchanged
from tests.patience import PATIENCE

CONTROL = load_document(DOCUMENT)
TEN_SECONDS = "default: {fixed: 10}\n"


def control(emulator: Running, method: str, name: str, content: Any = None, **arguments: Any) -> Any:
    """Ask the control API, check the answer against its document, and give the content."""
    path, _, query = name.partition("?")
    response = emulator.request(
        method, f"/_emulator/{path}", json=content, params=dict([query.split("=")]) if query else {}, **arguments
    )
    assert response.status_code == 200, response.text
    operation = next(o for o in CONTROL.operations.values() if (o.method, o.path) == (method, f"/_emulator/{path}"))
    schema = operation.responses[200].schema
    assert schema is not None
    assert CONTROL.validator(schema).problems(response.json()) == []
    return response.json()


def refused(emulator: Running, data: bytes, status: int) -> Answer:
    """Send what must be refused with this status: in the error's shape, and nothing changes."""
    now, rate = emulator.world.clock.now(), emulator.world.clock.rate
    with unchanged(emulator):
        answer = send(emulator, data)
    assert answer.status == status, answer
    assert answer.messages()
    assert (emulator.world.clock.now(), emulator.world.clock.rate) == (now, rate)
    return answer


@pytest.fixture
def slow(start: Start, tmp_path: Any) -> Running:
    """An emulator where every action takes ten seconds, on a frozen clock."""
    timing = tmp_path / "ten.yaml"
    timing.write_text(TEN_SECONDS)
    return start(timing=str(timing))


def test_health_tells_what_answers(emulator: Running) -> None:
    """Health names the version of the emulator and of its contract."""
    health = control(emulator, "GET", "health")
    assert (health["status"], health["contract"]) == ("ok", emulator.world.contract.version)


def test_the_clock_is_read_and_moved(emulator: Running) -> None:
    """An advance moves the time by so many seconds, and nothing else."""
    before = control(emulator, "GET", "clock")
    assert before["rate"] == 0
    start = emulator.world.clock.now()
    after = control(emulator, "POST", "clock", {"advance": 90.5})
    assert emulator.world.clock.now() == start + 90.5
    assert after == control(emulator, "GET", "clock")
    assert after["now"] > before["now"]


def test_the_clock_is_let_run_and_frozen(emulator: Running) -> None:
    """A rate lets it run, and zero freezes it where it is."""
    assert control(emulator, "POST", "clock", {"rate": 1_000_000})["rate"] == 1_000_000
    first, second = emulator.world.clock.now(), emulator.world.clock.now()
    assert second > first
    assert control(emulator, "POST", "clock", {"rate": 0, "advance": 5})["rate"] == 0
    assert control(emulator, "GET", "clock") == control(emulator, "GET", "clock")


def test_what_is_due_settles_when_the_clock_is_moved(slow: Running) -> None:
    """An action takes effect in the second when it is due, not before, and is stamped with that time."""
    began = slow.world.clock.now()
    assert slow.request("PUT", f"{DOCUMENTED}/_pause").status_code == 202
    control(slow, "POST", "clock", {"advance": 9.5})
    assert slow.state(DOCUMENTED) == "PENDING"
    control(slow, "POST", "clock", {"advance": 60})
    if not isinstance(slow.world.store, MemoryStore):
        assert slow.state(DOCUMENTED) == "PAUSED"  # a database settles what is looked at
    with slow.world.store.unit() as unit:
        instance = unit.host("Guardis Test", "Test Environment", "test-host-on-Hyp3").instance
    assert instance is not None
    assert (instance.state, instance.since) == ("PAUSED", began + 10)


def test_the_clock_moves_to_what_is_due(slow: Running) -> None:
    """To the next thing, or until a machine is in a state; with units, if one likes."""
    began = slow.world.clock.now()
    for method, name in (("POST", VACANT), ("PUT", f"{DOCUMENTED}/_pause")):
        assert slow.request(method, name, json={}).ok
        control(slow, "POST", "clock", {"advance": "1 s"})
    control(slow, "POST", "clock", {"next": True})
    assert slow.world.clock.now() == began + 10
    assert (slow.state(VACANT), slow.state(DOCUMENTED)) == ("RUNNING", "PENDING")
    control(slow, "POST", "clock", {"until": {"state": "PAUSED", "host": "test-host-on-Hyp3"}, "rate": 0})
    assert slow.world.clock.now() == began + 11
    assert slow.state(DOCUMENTED) == "PAUSED"


@pytest.mark.parametrize(
    "wish, status, words",
    [
        ({"next": True}, 409, "nothing is on its way"),
        ({"until": {"state": "STOPPED"}}, 409, "nothing is on its way; say which host is waited for"),
        ({"until": {"state": "STOPPED", "host": "web-1"}}, 409, "'web-1' will never be STOPPED: host 'web-1' has no"),
        ({"until": {"state": "STOPPED", "host": "web-7"}}, 404, "there is no host 'web-7'; there are "),
    ],
)
def test_the_clock_does_not_move_to_what_will_never_be(
    slow: Running, wish: dict[str, Any], status: int, words: str
) -> None:
    """The refusal says why, and no time has passed."""
    began = slow.world.clock.now()
    answer = slow.request("POST", "/_emulator/clock", json=wish)
    assert (answer.status_code, words in answer.json()["error"][0]) == (status, True)
    assert slow.world.clock.now() == began


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"{", b'{"advance": -1}', b'{"advance": "1 moon"}', b'{"advance": NaN}', b'{"advance": 1e10}',
     b'{"rate": -1}', b'{"rate": 1e7}', b'{"rate": null}', b'{"rate": 5, "advance": -1}', b'{"speed": 5}',
     b'{"next": false}', b'{"next": true, "advance": 5}', b'{"until": {"state": "STOPPED"}, "advance": 5}',
     b'{"until": {"state": "SLEEPING", "host": "web-1"}}', b'{"until": "STOPPED"}'],
)  # fmt: skip
def test_a_clock_that_cannot_be_gets_400(emulator: Running, body: bytes) -> None:
    """A body that moves time back, too far, or not at all is refused, and the clock is as it was."""
    refused(emulator, request("POST", "/_emulator/clock", body), 400)


def test_time_ends_with_the_year_9999(emulator: Running) -> None:
    """The clock is not moved further than times can be written, and the emulator goes on."""
    for _ in range(300):
        response = emulator.request("POST", "/_emulator/clock", json={"advance": 1e9})
        if response.status_code != 200:
            break
    refused(emulator, request("POST", "/_emulator/clock", b'{"advance": 1e9, "rate": 1}'), 400)
    control(emulator, "POST", "clock", {"rate": 1_000_000})
    assert control(emulator, "GET", "clock")["now"].startswith("9")
    assert emulator.request("GET", DOCUMENTED).status_code == 200


def test_a_reset_starts_again_from_the_seeds(emulator: Running) -> None:
    """After a reset everything is as it was at the start: instances, time and journal."""
    assert emulator.request("DELETE", DOCUMENTED).status_code == 204
    assert emulator.request("POST", VACANT).status_code == 200
    control(emulator, "POST", "clock", {"advance": 1e6, "rate": 5})
    moved = emulator.world.clock.now()
    assert control(emulator, "POST", "reset", {})["rate"] == 0
    assert [emulator.state(DOCUMENTED), emulator.state(VACANT)] == ["RUNNING", "ABSENT"]
    assert emulator.world.clock.now() < moved
    assert len(control(emulator, "GET", "journal")["entries"]) == 2


def test_a_request_that_began_before_a_reset_stays_in_its_world(emulator: Running) -> None:
    """It is answered from the old world and changes nothing in the new one."""
    if not isinstance(emulator.world.store, MemoryStore):
        pytest.skip("a database is one world: what began before a reset is done before it, or anew after it")
    old, arrived, answers = emulator.world, threading.Event(), []

    class TellingClock(Clock):
        """Tells that a request has looked at the time, and so has chosen its world."""

        def now(self) -> float:
            arrived.set()
            return super().now()

    old.clock = TellingClock(rate=0)
    client = Running.client_of(emulator)
    thread = threading.Thread(target=lambda: answers.append(client.request("DELETE", DOCUMENTED).status_code))
    with old.store.unit() as unit:
        thread.start()
        assert arrived.wait(PATIENCE)
        emulator.worlds.reset()
        host = unit.host("Guardis Test", "Test Environment", "test-host-on-Hyp3")
    thread.join(PATIENCE)
    client.close()
    assert (answers, host.instance) == ([204], None)
    assert emulator.state(DOCUMENTED) == "RUNNING"
