"""The access log: one line a request, for people and for machines, that nothing can break."""

from __future__ import annotations

import io
import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock import iso
from emulator.journal import Entry
from emulator.journal.access_log import FORMATS, AccessLog
from tests.emulator.conftest import DOCUMENTED, VACANT, Running, Start
from tests.emulator.entries import entry

PLAIN = entry(
    at=0.25,
    duration=0.00034,
    username="admin",
    method="PUT",
    path="/organizations/a/_pause",
    operation="pauseInstance",
    status=202,
    before="RUNNING",
    after="PENDING",
    message=None,
)
TEXT = st.text(max_size=30)
ENTRIES = st.builds(
    entry,
    at=st.floats(0, 2e9),
    duration=st.floats(0, 10),
    username=TEXT,
    method=TEXT,
    path=TEXT,
    operation=TEXT | st.none(),
    status=st.integers(100, 599),
    before=st.none() | st.just("RUNNING"),
    after=st.none() | st.just("PAUSED"),
    message=TEXT | st.none(),
)


def told(one: Entry) -> dict[str, Any]:
    """The members of a line about an entry."""
    names = ("number", "duration", "username", "method", "path", "operation", "status", "before", "after", "message")
    same = {name: getattr(one, name) for name in names}
    return {"at": iso(one.at), **same, "world": one.world, "agent": one.agent, "trouble": [*one.trouble]}


def written(log_format: str, *entries: Entry) -> str:
    """What the log writes of these entries."""
    stream = io.StringIO()
    log = AccessLog(stream, log_format)
    for one in entries:
        log.write(one)
    return stream.getvalue()


def test_a_line_for_people_shows_the_states_before_and_after() -> None:
    """Time, request, status, states, user and duration stand in one line."""
    assert written("text", PLAIN) == ("00:00:00.250 PUT /organizations/a/_pause 202 RUNNING -> PENDING admin 0.3 ms\n")


def test_a_line_for_people_ends_with_the_reason_of_a_refusal() -> None:
    """A refusal's message comes last, and states that are not known are left out."""
    refused = entry(None, username="ann", path="/x", status=404, message="nothing is at '/x'")
    assert written("text", refused) == "00:00:00.000 GET /x 404 ann 0.0 ms nothing is at '/x'\n"


def test_a_line_for_machines_has_all_that_is_known() -> None:
    """A line is a JSON object with the members of an entry, and the time in ISO 8601."""
    assert json.loads(written("json", PLAIN)) == told(PLAIN)
    assert told(PLAIN)["at"] == "1970-01-01T00:00:00.250Z"


@given(st.lists(ENTRIES, max_size=3))
def test_nothing_breaks_a_line_for_people(entries: list[Entry]) -> None:
    """Whatever is in a request, its line is one line that can be printed."""
    text = written("text", *entries)
    assert text.count("\n") == len(entries)
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.splitlines()) == len(entries)


@given(st.lists(ENTRIES, max_size=3))
def test_nothing_breaks_a_line_for_machines(entries: list[Entry]) -> None:
    """Whatever is in a request, its line is JSON of the very same text, without a control character."""
    lines = written("json", *entries).split("\n")
    assert [json.loads(line) for line in lines[:-1]] == [told(one) for one in entries]
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("mark", ["\n", "\r\n", "\x00", "\x1b[31m", "\x7f", "\x85", "\xa0", "\u2028", "\u202e"])
def test_a_control_character_is_written_as_an_escape(mark: str) -> None:
    """Only the characters that cannot be printed are escaped; the others stay as they are."""
    line = written("text", entry(None, username="é名", path=f"/é{mark}/\\x"))
    assert "é名" in line
    assert "/é\\" in line
    assert "/\\x" in line


@pytest.mark.parametrize("log_format", sorted(FORMATS))
def test_a_reader_that_has_gone_holds_up_no_request(log_format: str) -> None:
    """Writing to a pipe that nobody reads any more, or a closed stream, is no error."""
    stream = io.StringIO()
    log = AccessLog(stream, log_format)
    stream.close()
    log.write(PLAIN)
    assert stream.closed


def test_an_emulator_logs_each_request(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """Accepted and refused requests are logged on standard error, an encoded path as it came."""
    emulator = start(log_format="json")
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    emulator.request("POST", f"{VACANT}/properties", data=b"{")
    emulator.request("GET", "/%0A%0D?q=%00")
    entries = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(e["path"], e["status"], e["before"], e["after"]) for e in entries] == [
        (f"{DOCUMENTED}/_pause", 202, "RUNNING", "PAUSED"),
        (f"{VACANT}/properties", 400, None, None),
        ("/%0A%0D?q=%00", 404, None, None),
    ]


def test_a_crowd_writes_nothing_but_its_requests(
    start: Start, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Requests that wait for a thread are not complained about between the lines."""
    emulator = start(log_format="json")
    threads = [threading.Thread(target=get_ten, args=(emulator,)) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [entry["status"] for entry in entries] == [200] * 240
    assert caplog.messages == []


def get_ten(emulator: Running) -> None:
    """Ten requests, as fast as they go."""
    client = Running.client_of(emulator)
    for _ in range(10):
        client.request("GET", DOCUMENTED)
    client.close()
