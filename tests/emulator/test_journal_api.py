"""The journal over HTTP: asked for, waited for, and as an HTTP archive; and the nearest of its entries."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest

from emulator.journal import Journal, Wanted, pack
from emulator.journal.har import archive
from emulator.journal.near_misses import nearest
from emulator.serving.server import THREADS
from emulator.waiting import SEATS
from tests.emulator.conftest import DOCUMENTED, EXAMPLE, ROOT, VACANT, Running, Start
from tests.emulator.entries import PLACE, entry
from tests.emulator.raw_http import request, send
from tests.patience import PATIENCE


def entries(emulator: Running, query: str = "") -> list[dict[str, Any]]:
    """What the journal answers to this query."""
    answer = emulator.request("GET", f"/_emulator/journal?{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["entries"])


def test_entries_are_asked_for_by_what_they_are_about(emulator: Running) -> None:
    """Each filter narrows, requests to the control API are left out unless asked for."""
    for method, path in (("PUT", f"{DOCUMENTED}/_pause"), ("GET", DOCUMENTED), ("GET", VACANT), ("GET", "/nowhere")):
        emulator.request(method, path, headers={"User-Agent": f"{method}-client/1"})
    first = entries(emulator)[0]["number"]
    for query, expected in {
        "": [0, 1, 2, 3],
        "operation=getInstance": [1, 2],
        f"host={quote(PLACE[2])}": [0, 1],
        f"organization={quote(PLACE[0])}&environment={quote(PLACE[1])}": [0, 1, 2],
        "status=404": [2, 3],
        "agent=PUT-client": [0],
        f"since={first + 1}": [2, 3],
        "last=1": [3],
        "host=nobody": [],
    }.items():
        assert [it["number"] - first for it in entries(emulator, query)] == expected, query
    assert entries(emulator, "control=true")[-1]["path"].startswith("/_emulator/journal")
    assert "operations.get-shows-instance" in entries(emulator, "operation=getInstance")[0]["requirements"]


@pytest.mark.parametrize(
    "query", ["status=99", "status=x", "since=-1", "since=%C2%B2", "wait=-1", "wait=61", "wait=nan", "control=yes"]
)
def test_a_query_that_cannot_be_gets_400(emulator: Running, query: str) -> None:
    """The message names the parameter."""
    answer = send(emulator, request("GET", f"/_emulator/journal?{query}"))
    assert answer.status == 400
    assert query.partition("=")[0] in answer.messages()[0]


def waiting(emulator: Running, query: str, found: list[Any]) -> threading.Thread:
    """A thread that waits for entries; it has taken its seat when this returns."""
    thread = threading.Thread(target=lambda: found.append(entries(Running.client_of(emulator), query)))
    before = emulator.world.journal.listeners
    thread.start()
    while emulator.world.journal.listeners == before:
        pass
    return thread


def test_a_request_can_wait_for_another(emulator: Running) -> None:
    """It is answered when something that fits has come, and by nothing else."""
    found: list[list[dict[str, Any]]] = []
    thread = waiting(emulator, "operation=pauseInstance&wait=30", found)
    emulator.request("GET", DOCUMENTED)
    assert found == []
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    thread.join(timeout=PATIENCE)
    assert [it["operation"] for it in found[0]] == ["pauseInstance"]
    assert entries(emulator, "operation=pauseInstance&wait=30") == found[0]
    assert entries(emulator, "operation=resumeInstance&wait=0.01") == []


def test_who_waits_in_a_world_that_goes_is_let_go(emulator: Running) -> None:
    """A reset or a drop ends the wait, with nothing."""
    found: list[list[dict[str, Any]]] = []
    thread = waiting(emulator, "operation=pauseInstance&wait=60", found)
    emulator.worlds.reset()
    thread.join(timeout=PATIENCE)
    assert found == [[]]


def test_those_who_wait_leave_room_for_others(emulator: Running) -> None:
    """One more than may wait is told to come again; who does not wait is served all the while."""
    assert SEATS < THREADS
    found: list[list[dict[str, Any]]] = []
    threads = [waiting(emulator, "operation=pauseInstance&wait=60", found) for _ in range(SEATS)]
    answer = send(emulator, request("GET", "/_emulator/journal?wait=1"))
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert emulator.state(DOCUMENTED) == "RUNNING"
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    for thread in threads:
        thread.join(timeout=PATIENCE)
    assert len(found) == SEATS
    assert entries(emulator, "operation=resumeInstance&wait=0.01") == []


REQUEST = {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"}
RESPONSE = {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize"}


def test_the_journal_is_an_archive_for_other_tools(start: Start) -> None:
    """It is HAR 1.2: with all that the format asks for, and without what lets a client in."""
    emulator = start(seeds=(EXAMPLE, ROOT / "fixtures" / "users.yaml"))
    emulator.request("POST", f"{VACANT}?a=1&b=", json={"é": 1}, auth=("nobody", "secret-word"))
    emulator.request("GET", DOCUMENTED, headers={"X-ComodIT-AppKey": "secret-word", "Cookie": "secret-word"})
    answer = emulator.request("GET", "/_emulator/journal.har?control=false")
    log = answer.json()["log"]
    assert "secret-word" not in answer.text
    assert "c2VjcmV0" not in answer.text
    assert log["version"] == "1.2"
    assert len(log["entries"]) == 2
    for it in log["entries"]:
        assert it.keys() >= {"startedDateTime", "time", "request", "response", "cache", "timings"}
        assert it["request"].keys() >= REQUEST
        assert it["response"].keys() >= RESPONSE
        assert it["response"]["content"].keys() >= {"size", "mimeType"}
        assert datetime.fromisoformat(it["startedDateTime"]).tzinfo
    post = log["entries"][0]["request"]
    assert post["url"] == f"{emulator.url}{VACANT}?a=1&b="
    assert post["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]
    assert post["postData"] == {"mimeType": "application/json", "text": '{"\\u00e9": 1}', "params": []}
    assert {"name": "Authorization", "value": "[redacted]"} in post["headers"]


def test_an_answer_that_is_no_text_is_in_base64() -> None:
    """An archive is JSON, whatever the bytes."""
    (it,) = archive([entry(response_body=b"\xff")])["log"]["entries"]
    assert it["response"]["content"] == {"mimeType": "", "size": 1, "text": "/w==", "encoding": "base64"}


def test_the_nearest_entries_say_why_they_are_others() -> None:
    """Three of them, the likest first, each with how its instance came to be in its state."""
    journal = Journal()
    web = ("Acme", "Prod", "web1")
    path = "/organizations/Acme/environments/Prod/hosts/web1/instance"
    agent = pack({"HTTP_USER_AGENT": "deployer/2"}, [])
    for it in (
        entry("getInstance", names=web, path=path, before="RUNNING", after="RUNNING"),
        entry(
            "powerOffInstance",
            names=web,
            method="PUT",
            path=f"{path}/_off",
            status=202,
            at=12.0,
            before="RUNNING",
            after="STOPPED",
            packed=agent,
        ),
        entry(
            "pauseInstance",
            names=web,
            method="PUT",
            path=f"{path}/_pause",
            status=409,
            at=20.0,
            before="STOPPED",
            after="STOPPED",
        ),
        entry(
            "pauseInstance", names=(*web[:2], "web2"), method="PUT", path="/p/hosts/web2/instance/_pause", status=202
        ),
    ):
        journal.add(it)
    assert nearest(journal, Wanted("pauseInstance", host="web1", status=202)) == [
        (
            "#3 PUT .../web1/_pause -> 409: STOPPED since t=12 s by powerOffInstance (#2, agent deployer/2); "
            "status is 409, not 202"
        ),
        "#4 PUT .../web2/_pause -> 202; host is 'web2', not 'web1'",
        "#2 PUT .../web1/_off -> 202: RUNNING from the beginning; operation is 'powerOffInstance', not 'pauseInstance'",
    ]
    assert nearest(journal, Wanted("pauseInstance", since=3))[1].endswith("; it came before #4")
    assert nearest(Journal(), Wanted("pauseInstance")) == []
