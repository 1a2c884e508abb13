"""exchanges.har: every exchange, as HAR 1.2 wants it, and nothing that exchanges.ndjson does not have."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reports import write_reports
from tests.suite.example_runs import failing
from tests.suite.records import STARTED, exchange, record, write

REQUEST = {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"}
RESPONSE = {
    "status",
    "statusText",
    "httpVersion",
    "cookies",
    "headers",
    "content",
    "redirectURL",
    "headersSize",
    "bodySize",
}


def archive(folder: Path, *exchanges: dict[str, Any]) -> dict[str, Any]:
    """The log of the archive that these exchanges make."""
    write_reports(write(folder, record(), exchanges), final=True)
    return dict(json.loads((folder / "exchanges.har").read_text("utf-8"))["log"])


def test_it_is_har_1_2(tmp_path: Path) -> None:
    """The log has its version and maker, and each entry the members that the format asks for."""
    log = archive(tmp_path, *failing()[1])
    assert (log["version"], log["creator"]["name"]) == ("1.2", "contract-tests")
    for entry in log["entries"]:
        assert entry.keys() >= {"startedDateTime", "time", "request", "response", "cache", "timings"}
        assert entry["request"].keys() >= REQUEST
        assert entry["response"].keys() >= RESPONSE
        assert entry["response"]["content"].keys() >= {"size", "mimeType"}
        assert entry["timings"].keys() >= {"send", "wait", "receive"}
        assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo


def test_every_exchange_is_there(tmp_path: Path) -> None:
    """Method, URL, headers, status, body, time and test of an exchange are in its entry."""
    row = exchange(1, "reading", at=2.0)
    row["request"]["url"] += "?a=1&b="
    (entry,) = archive(tmp_path, row)["entries"]
    assert entry["comment"] == "1: reading"
    assert (entry["request"]["method"], entry["request"]["url"]) == ("GET", row["request"]["url"])
    assert entry["request"]["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]
    assert (entry["response"]["status"], entry["response"]["statusText"]) == (200, "OK")
    assert entry["response"]["content"] == {
        "size": len(row["response"]["body"]),
        "mimeType": "application/json",
        "text": row["response"]["body"],
    }
    assert entry["time"] == entry["timings"]["wait"] == 12
    began = datetime.fromisoformat(entry["startedDateTime"]) - datetime.fromisoformat(STARTED)
    assert began.total_seconds() == pytest.approx(1.988)


def test_it_is_as_redacted_as_its_source(tmp_path: Path) -> None:
    """Credentials are in the archive as in exchanges.ndjson: not at all."""
    (entry,) = archive(tmp_path, exchange(1, "reading"))["entries"]
    assert {"name": "Authorization", "value": "[redacted]"} in entry["request"]["headers"]


@pytest.mark.parametrize(
    "kept, content",
    [
        (None, {"size": 0, "text": ""}),
        ("\u00e9\ud800", {"size": 5, "text": "\u00e9\ud800"}),
        ({"base64": "/wA="}, {"size": 2, "text": "/wA=", "encoding": "base64"}),
        (
            {"beginning": "abc", "length": 99},
            {"size": 99, "text": "abc", "comment": "the beginning of 99 bytes"},
        ),
        (
            {"beginning": {"base64": "/wA="}, "length": 99},
            {"size": 99, "text": "/wA=", "encoding": "base64", "comment": "the beginning of 99 bytes"},
        ),
    ],
)
def test_a_body_of_any_kind_is_there(kept: Any, content: dict[str, Any], tmp_path: Path) -> None:
    """Text, bytes and shortened bodies have their size, and say how they are to be read."""
    row = exchange(1, "reading")
    row["response"] |= {"body": kept, "headers": {}}
    (entry,) = archive(tmp_path, row)["entries"]
    assert entry["response"]["content"] == {"mimeType": "", **content}


def test_a_body_that_was_sent_is_there(tmp_path: Path) -> None:
    """What was posted has its media type and its text; bytes are in base64, which a comment says."""
    row = exchange(1, "reading")
    row["request"] |= {"body": {"base64": "/wA="}, "headers": {"Content-Type": "application/json"}}
    (entry,) = archive(tmp_path, row)["entries"]
    assert entry["request"]["postData"] == {"mimeType": "application/json", "text": "/wA=", "comment": "in base64"}


def test_an_exchange_without_an_answer_has_status_0(tmp_path: Path) -> None:
    """A request whose answer was lost is an entry, with the reason."""
    (entry,) = archive(tmp_path, {"number": 1, "at": 0.5, "check": "reading", "error": "reset by peer"})["entries"]
    assert (entry["response"]["status"], entry["response"]["comment"]) == (0, "reset by peer")


def test_a_status_that_nobody_knows_has_no_words(tmp_path: Path) -> None:
    """A status code without a name is there with its number."""
    row = exchange(1, "reading")
    row["response"]["status"] = 299
    (entry,) = archive(tmp_path, row)["entries"]
    assert (entry["response"]["status"], entry["response"]["statusText"]) == (299, "")
