"""What each kind of trouble does."""

from __future__ import annotations

import http.client
import json
from collections import defaultdict
from typing import Any

import pytest
import requests

from tests.emulator.conftest import DOCUMENTED, ENVIRONMENT, VACANT, Running, Start
from tests.emulator.test_control import control
from tests.emulator.test_trouble import trouble
from tests.patience import PATIENCE


def tasks(emulator: Running, host: str) -> list[tuple[str, str]]:
    """The status and the error of each change of a host."""
    items = emulator.request("GET", f"{ENVIRONMENT}/hosts/{host}/changes/").json()["items"]
    return [(item["tasks"][0]["status"], item["tasks"][0]["error"]) for item in items]


@pytest.mark.parametrize("kind, status", [("unavailable", 503), ("too-many-requests", 429)])
def test_a_request_is_put_off(emulator: Running, kind: str, status: int) -> None:
    """With Retry-After, and nothing was done."""
    trouble(emulator, {"kind": kind, "retryAfter": 7, "count": 1, "operations": "powerOffInstance"})
    answer = emulator.request("PUT", f"{DOCUMENTED}/_off")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert answer.json()["error"][0]
    assert emulator.state(DOCUMENTED) == "RUNNING"
    assert emulator.request("PUT", f"{DOCUMENTED}/_off").status_code == 202


@pytest.mark.parametrize("kind, state", [("lost-answer", "STOPPED"), ("cut", "RUNNING")])
def test_a_connection_is_closed_without_an_answer(emulator: Running, kind: str, state: str) -> None:
    """After it took effect, or before anything happened."""
    trouble(emulator, {"kind": kind, "operations": "powerOffInstance"})
    with pytest.raises(requests.ConnectionError):
        emulator.request("PUT", f"{DOCUMENTED}/_off")
    assert emulator.state(DOCUMENTED) == state
    assert control(emulator, "GET", "journal?last=2")["entries"][0]["trouble"] == [kind]


def test_an_answer_is_held_back(emulator: Running) -> None:
    """For the seconds of the rule, or between two of them."""
    trouble(emulator, {"kind": "latency", "seconds": 0.2, "count": 1}, {"kind": "latency", "seconds": [0.1, 0.3]})
    emulator.state(DOCUMENTED)
    entry = control(emulator, "GET", "journal?last=1")["entries"][0]
    assert entry["duration"] >= 0.2


def test_an_action_settles_slowly(emulator: Running) -> None:
    """By so many emulated seconds."""
    trouble(emulator, {"kind": "slow-settling", "seconds": [20, 30]})
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    emulator.world.clock.advance(19)
    assert emulator.state(DOCUMENTED) == "PENDING"
    emulator.world.clock.advance(11)
    assert emulator.state(DOCUMENTED) == "PAUSED"


def test_an_action_takes_a_factor_longer(start: Start, tmp_path: Any) -> None:
    """Of what its timing says."""
    timing = tmp_path / "ten.yaml"
    timing.write_text("default: {fixed: 10}\n")
    emulator = start(timing=str(timing))
    trouble(emulator, {"kind": "slow-settling", "factor": 3})
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    emulator.world.clock.advance(29)
    assert emulator.state(DOCUMENTED) == "PENDING"
    emulator.world.clock.advance(1)
    assert emulator.state(DOCUMENTED) == "PAUSED"


def test_a_hypervisor_is_gone_and_comes_back(emulator: Running) -> None:
    """The one of the machine that was asked for; whoever asks for no machine meets nothing."""
    trouble(emulator, {"kind": "hypervisor-gone", "count": 1, "seconds": 30})
    emulator.request("GET", "/organizations")
    assert emulator.state(VACANT) == "ABSENT"
    assert emulator.state(DOCUMENTED) == "UNDEFINED"
    emulator.world.clock.advance(30)
    assert emulator.state(DOCUMENTED) == "RUNNING"


def test_a_provision_fails(emulator: Running) -> None:
    """UNDEFINED, a host in ERROR and a change that says so; a second one, after a delete, succeeds."""
    trouble(emulator, {"kind": "action-fails", "operations": "provisionInstance", "count": 1})
    emulator.request("POST", VACANT, json={})
    assert emulator.state() == "UNDEFINED"
    assert emulator.request("GET", f"{ENVIRONMENT}/hosts/web-1").json()["state"] == "ERROR"
    assert tasks(emulator, "web-1") == [("ERROR", "provision failed (trouble action-fails)")]
    assert emulator.request("PUT", f"{VACANT}/_off").status_code == 409
    assert emulator.request("DELETE", VACANT).status_code == 204
    emulator.request("POST", VACANT, json={})
    assert emulator.state() == "RUNNING"
    assert emulator.request("GET", f"{ENVIRONMENT}/hosts/web-1").json()["state"] == "READY"


def test_an_action_that_fails_settles_where_it_came_from(emulator: Running) -> None:
    """As the lifecycle has it."""
    trouble(emulator, {"kind": "action-fails"})
    assert emulator.request("PUT", f"{DOCUMENTED}/_pause").status_code == 202
    assert emulator.state(DOCUMENTED) == "RUNNING"
    assert tasks(emulator, "test-host-on-Hyp3")[-1] == ("ERROR", "pause failed (trouble action-fails)")


def test_a_guest_ignores_a_shutdown(emulator: Running) -> None:
    """It reads RUNNING again after two minutes; power-off helps at once."""
    trouble(emulator, {"kind": "shutdown-ignored"})
    emulator.request("PUT", f"{DOCUMENTED}/_shutdown")
    emulator.world.clock.advance(119)
    assert emulator.state(DOCUMENTED) == "PENDING"
    emulator.world.clock.advance(1)
    assert emulator.state(DOCUMENTED) == "RUNNING"
    assert "ignored shutdown" in tasks(emulator, "test-host-on-Hyp3")[-1][1]
    emulator.request("PUT", f"{DOCUMENTED}/_stop")
    assert emulator.request("PUT", f"{DOCUMENTED}/_off").status_code == 202
    assert emulator.state(DOCUMENTED) == "STOPPED"


def test_an_agent_never_reports_in(emulator: Running) -> None:
    """That of a guest that was started under the rule."""
    trouble(emulator, {"kind": "agent-silent"})
    emulator.request("PUT", f"{DOCUMENTED}/_reboot")
    emulator.world.clock.advance(1e6)
    assert emulator.request("GET", DOCUMENTED).json()["synapseState"] == "Down"


def test_reads_are_late(emulator: Running) -> None:
    """The source is shown for some looks, then what is there, and never the source again."""
    trouble(emulator, {"kind": "late-reads", "looks": 2})
    emulator.request("PUT", f"{DOCUMENTED}/_off")
    assert [emulator.state(DOCUMENTED) for _ in range(3)] == ["RUNNING", "RUNNING", "STOPPED"]
    emulator.request("PUT", f"{DOCUMENTED}/_start")
    assert emulator.state(DOCUMENTED) == "STOPPED"
    emulator.request("POST", f"{DOCUMENTED}/lock")
    assert emulator.state(DOCUMENTED) == "RUNNING", "what else is looked at shows more"


def test_reads_are_stale(emulator: Running) -> None:
    """The state before the last action comes back now and then."""
    trouble(emulator, {"kind": "stale-reads", "skip": 1, "count": 1})
    emulator.request("PUT", f"{DOCUMENTED}/_off")
    assert [emulator.state(DOCUMENTED) for _ in range(3)] == ["STOPPED", "RUNNING", "STOPPED"]


# ---- lawfully restless


def test_a_restless_emulator_says_the_same_in_many_ways(emulator: Running) -> None:
    """Order, writing, more members and headers, the case of their names, chunks, phrases, the end of the connection."""
    plain = emulator.request("GET", DOCUMENTED).json()
    trouble(emulator, {"kind": "lawfully-restless"}, randomSeed=3)
    seen: dict[str, set[Any]] = defaultdict(set)
    for _ in range(60):
        connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=PATIENCE)
        connection.request("GET", DOCUMENTED)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        content = json.loads(body)
        seen["status"].add(answer.status)
        if answer.status != 200:
            assert answer.getheader("Retry-After") == "0"
            continue
        assert {member: content[member] for member in plain if member not in ("properties", "hostname")}.items() <= (
            plain.items()
        )
        assert sorted(map(str, content["properties"])) == sorted(map(str, plain["properties"]))
        seen["body"].add(body)
        seen["order"].add(tuple(content))
        seen["case"].add(next(name for name, _ in answer.getheaders() if name.lower() == "content-type"))
        seen["phrase"].add(answer.reason)
        seen["framing"].add(answer.getheader("Transfer-Encoding"))
        seen["last"].add(answer.getheader("Connection"))
    assert seen["case"] == {"content-type", "CONTENT-TYPE", "Content-Type"}
    assert seen["framing"] == {"chunked", None}
    assert seen["last"] == {"close", None}
    assert len(seen["status"]) > 1
    assert len(seen["phrase"]) > 2
    assert len(seen["body"]) > 30
    assert len(seen["order"]) > 30


def test_a_restless_emulator_shows_pending_now_and_then(emulator: Running) -> None:
    """An action is over at once, or after some looks: PENDING is seen, and it is not."""
    trouble(emulator, {"kind": "lawfully-restless"}, randomSeed=3)
    firsts = set()
    for _ in range(20):
        for action, goal in (("_off", "STOPPED"), ("_start", "RUNNING")):
            _insist(emulator, "PUT", f"{DOCUMENTED}/{action}", 202)
            seen = [_insist(emulator, "GET", DOCUMENTED, 200).json()["state"]]
            while seen[-1] != goal:
                emulator.world.clock.advance(1)
                seen.append(_insist(emulator, "GET", DOCUMENTED, 200).json()["state"])
            firsts.add(seen[0])
    assert firsts == {"STOPPED", "RUNNING", "PENDING"}


def _insist(emulator: Running, method: str, path: str, status: int) -> requests.Response:
    """Ask, and come again when that is put off."""
    answer = emulator.request(method, path)
    for _ in range(2):
        if answer.status_code in (429, 503):
            answer = emulator.request(method, path)
    assert answer.status_code == status, answer.text
    return answer


def test_what_is_going_to_fail_fails_after_its_state_was_out_and_in(start: Start, tmp_path: Any) -> None:
    """The trouble of an action on its way is part of the state of a world."""
    timing = tmp_path / "slow.yaml"
    timing.write_text("default: {fixed: 40}\n")
    emulator = start(timing=str(timing))
    trouble(emulator, {"kind": "action-fails", "operations": "provisionInstance"}, {"kind": "agent-silent"})
    emulator.request("POST", VACANT, json={})
    emulator.request("PUT", f"{DOCUMENTED}/_reboot")
    text = emulator.request("GET", "/_emulator/state").text
    header = {"Content-Type": "application/yaml"}
    assert emulator.request("PUT", "/_emulator/state", data=text.encode(), headers=header).status_code < 300
    assert emulator.request("GET", "/_emulator/state").text == text
    assert len(control(emulator, "GET", "trouble")["rules"]) == 2
    emulator.world.clock.advance(100)
    assert emulator.state() == "UNDEFINED"
    assert emulator.request("GET", f"{ENVIRONMENT}/hosts/web-1").json()["state"] == "ERROR"
    shown = emulator.request("GET", DOCUMENTED).json()
    assert (shown["state"], shown["synapseState"]) == ("RUNNING", "Down")


def test_doubtful_bodies_are_taken_and_refused(emulator: Running) -> None:
    """A byte order mark, a type that ends in +json, a body where none is read: each way is met, and 404 comes first."""
    trouble(emulator, {"kind": "lawfully-restless"}, randomSeed=2)
    marked = {"data": b"\xef\xbb\xbf{}", "headers": {"Content-Type": "application/json"}}
    typed = {"data": b"{}", "headers": {"Content-Type": "application/x+json"}}
    seen: dict[str, set[int]] = defaultdict(set)
    for _ in range(40):
        for name, body in (("marked", marked), ("typed", typed)):
            answer = emulator.request("POST", VACANT, **body)
            seen[name].add(answer.status_code)
            if answer.status_code == 200:
                _insist(emulator, "DELETE", VACANT, 204)
        seen["unread"].add(emulator.request("PUT", f"{DOCUMENTED}/_start", json={}).status_code)
        seen["nowhere"].add(emulator.request("PUT", f"{VACANT}/_start", json={}).status_code)
    busy = {429, 503}
    assert {name: statuses - busy for name, statuses in seen.items()} == {
        "marked": {200, 400},
        "typed": {200, 415},
        "unread": {400, 409, 415},
        "nowhere": {404},
    }


def test_an_import_takes_its_time(emulator: Running) -> None:
    """A known machine reads UNDEFINED until it is found."""
    properties = emulator.request("GET", DOCUMENTED).json()["properties"]
    emulator.request("PUT", f"{DOCUMENTED}/_forget")
    trouble(emulator, {"kind": "slow-settling", "seconds": 5})
    assert emulator.request("POST", f"{DOCUMENTED}/properties", json=properties).json()["state"] == "UNDEFINED"
    emulator.world.clock.advance(5)
    assert emulator.state(DOCUMENTED) == "RUNNING"
