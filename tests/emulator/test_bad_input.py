"""Bad bodies, one by one: the contract's answer each time, and nothing changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.settings import Settings
from tests.emulator.conftest import DOCUMENTED, EXAMPLE, VACANT, Running, running
from tests.emulator.raw_http import Answer, request, send, unchanged

IMPORT = f"{VACANT}/properties"
MEBIBYTE = 1024 * 1024

NOT_JSON = {
    "a lone bracket": b"[",
    "a trailing comma": b"[1,]",
    "single quotes": b"[{'key': 'a'}]",
    "half a word": b"nul",
    "two values": b"[] []",
    "a comment": b"[] // none",
    "NaN": b"[NaN]",
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "a number out of range": b"[1e999]",
    "20,000 arrays": b"[" * 20_000 + b"]" * 20_000,
    "20,000 open arrays": b"[" * 20_000,
    "20,000 objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "a byte that is not UTF-8": b'[{"key": "a\xff", "value": "b"}]',
    "half a character": b'[{"key": "a", "value": "\xc3"}]',
    "an overlong slash": b'[{"key": "a", "value": "\xc0\xaf"}]',
    "a surrogate in bytes": b'[{"key": "a", "value": "\xed\xa0\x80"}]',
    "UTF-16": "[]".encode("utf-16"),
    "a line break in a string": b'[{"key": "a\nb", "value": "c"}]',
    "a zero byte": b"\x00",
    "a form": b"key=a&value=b",
}
DOUBTFUL = {
    "a byte order mark": b"\xef\xbb\xbf[]",
    "a lone high surrogate": rb'[{"key": "a", "value": "\ud800"}]',
    "a lone low surrogate": rb'[{"key": "\udfff", "value": "b"}]',
    "surrogates the wrong way round": rb'[{"key": "a", "value": "\udc00\ud800"}]',
}
PROPERTY = {"key": "a", "value": "b"}
REFUSED_BY_SCHEMA: dict[str, Any] = {
    "null": None,
    "a number": 1,
    "a string": "a",
    "an object": {},
    "an object of lists": {"key": ["a"], "value": ["b"]},
    "a list of numbers": [1],
    "a list of null": [None],
    "a list of lists": [[]],
    "an empty property": [{}],
    "no value": [{"key": "a"}],
    "no key": [{"value": "b"}],
    "a number for a key": [{"key": 1, "value": "b"}],
    "null for a value": [{"key": "a", "value": None}],
    "a boolean for a value": [{"key": "a", "value": True}],
    "a list for a value": [{"key": "a", "value": ["b"]}],
    "another member": [{**PROPERTY, "note": "c"}],
    "an empty key": [{"key": "", "value": "b"}],
    "a key of 256 characters": [{"key": "k" * 256, "value": "b"}],
    "a value of 65,536 characters": [{"key": "a", "value": "v" * 65_536}],
    "a bad property after good ones": [PROPERTY, {"key": "c", "value": "d"}, {"key": "e"}],
    "a key twice": [PROPERTY, {"key": "a", "value": "c"}],
    "the same property twice": [PROPERTY, PROPERTY],
}
OTHER_MEDIA_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "text/json",
    "application/jsonp",
    "json",
    "application/octet-stream",
    "application/json, text/plain",
]
JSON_MEDIA_TYPES = [
    "application/json; charset=utf-8",
    "application/json;charset=latin-1",
    "application/json ; a=b; c",
    "APPLICATION/JSON",
    "application/problem+json",
    ";",
    None,
]


@pytest.fixture(scope="module")
def target() -> Iterator[Running]:
    """One emulator for all refusals: none of them may leave a trace."""
    with running(Settings(seeds=(EXAMPLE,), clock="frozen")) as emulator:
        yield emulator


def refused(target: Running, data: bytes) -> Answer:
    """Send what must be refused: nothing changes, the error has its shape, and the next client is served."""
    with unchanged(target):
        answer = send(target, data)
    assert answer.messages()
    assert target.request("GET", DOCUMENTED).status_code == 200
    return answer


@pytest.mark.parametrize("path", [IMPORT, VACANT])
@pytest.mark.parametrize("name", NOT_JSON)
def test_what_is_not_json_gets_400(target: Running, name: str, path: str) -> None:
    """A body that is not JSON is refused by import and by provision, in a message that says it is not JSON."""
    answer = refused(target, request("POST", path, NOT_JSON[name]))
    assert answer.status == 400
    assert answer.messages()[0].startswith("the body is not JSON: ")


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_is_doubtful_json_gets_400(target: Running, name: str) -> None:
    """The contract leaves these to the server; the emulator refuses them."""
    assert refused(target, request("POST", IMPORT, DOUBTFUL[name])).status == 400


def test_of_a_name_twice_in_one_object_the_last_counts(emulator: Running) -> None:
    """The contract leaves this to the server; the emulator takes it."""
    answer = send(emulator, request("POST", IMPORT, b'[{"key": "a", "key": "b", "value": "c"}]'))
    assert (answer.status, answer.json()["properties"]) == (200, [{"key": "b", "value": "c"}])


@pytest.mark.parametrize("name", REFUSED_BY_SCHEMA)
def test_what_the_schema_refuses_gets_400(target: Running, name: str) -> None:
    """JSON that is no list of properties with unique keys is refused, in a message of moderate length."""
    answer = refused(target, request("POST", IMPORT, json.dumps(REFUSED_BY_SCHEMA[name]).encode()))
    assert answer.status == 400
    assert max(map(len, answer.messages())) < 1000


@pytest.mark.parametrize("body", [b"null", b"[]", b"1", b'"a"', b"true"])
def test_a_provision_takes_nothing_but_an_object(target: Running, body: bytes) -> None:
    """JSON that is no object is refused by provision."""
    assert refused(target, request("POST", VACANT, body)).status == 400


@pytest.mark.parametrize("depth", [100, 200, 250, 300, 500, 1000, 1020, 1025, 5000])
@pytest.mark.parametrize("path", [IMPORT, VACANT])
def test_deep_nesting_is_taken_or_refused(emulator: Running, path: str, depth: int) -> None:
    """There is no depth at which a body breaks the emulator."""
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    assert send(emulator, request("POST", path, nested)).status in {200, 400}


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "0"}, {"Content-Type": "application/json"}])
def test_an_import_without_a_body_gets_400(target: Running, headers: dict[str, str]) -> None:
    """An import needs its list."""
    assert refused(target, request("POST", IMPORT, headers=headers)).status == 400


@pytest.mark.parametrize("size", [MEBIBYTE + 1, 2 * MEBIBYTE, 70 * MEBIBYTE])
@pytest.mark.parametrize("path", [IMPORT, VACANT])
def test_a_body_over_1_mib_gets_413(target: Running, path: str, size: int) -> None:
    """A body that is too large is refused in a message that names the limit, however large it is."""
    answer = refused(target, request("POST", path, b" " * size))
    assert answer.status == 413
    assert "1 MiB" in answer.messages()[0]


def test_a_body_of_1_mib_is_taken(emulator: Running) -> None:
    """The limit itself is not over the limit."""
    assert send(emulator, request("POST", IMPORT, b"[" + b" " * (MEBIBYTE - 2) + b"]")).status == 200


@pytest.mark.parametrize("media_type", OTHER_MEDIA_TYPES)
@pytest.mark.parametrize("path, body", [(IMPORT, b"[]"), (VACANT, b"{}")])
def test_another_media_type_gets_415(target: Running, path: str, body: bytes, media_type: str) -> None:
    """A body that does not say it is JSON is refused where a body is read."""
    answer = refused(target, request("POST", path, body, {"Content-Type": media_type}))
    assert answer.status == 415
    assert "application/json" in answer.messages()[0]


@pytest.mark.parametrize("media_type", JSON_MEDIA_TYPES)
@pytest.mark.parametrize("path, body", [(IMPORT, b"[]"), (VACANT, b"{}")])
def test_json_is_read_however_it_is_named(emulator: Running, path: str, body: bytes, media_type: str | None) -> None:
    """Parameters are ignored; a type that ends in +json and a missing one are read as JSON."""
    assert send(emulator, request("POST", path, body, {"Content-Type": media_type})).status == 200


@pytest.mark.parametrize("body", [b"not json", b"[1]", b"\xff\xfe", b" " * 2 * MEBIBYTE])
@pytest.mark.parametrize("action", ["_off", "_stop"])
def test_a_body_on_an_action_is_ignored(emulator: Running, action: str, body: bytes) -> None:
    """An action does not read a body: it takes effect as without one."""
    answer = send(emulator, request("PUT", f"{DOCUMENTED}/{action}", body, {"Content-Type": "text/plain"}))
    assert (answer.status, answer.body) == (202, b"")
    assert emulator.state(DOCUMENTED) == "STOPPED"
