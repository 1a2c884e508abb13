"""Whatever a client sends: an answer of the contract, never a 5xx."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from emulator.settings import Settings
from tests.emulator.conftest import DOCUMENTED, ENVIRONMENT, EXAMPLE, VACANT, Running, running
from tests.emulator.raw_http import Connection, request, send, snapshot, unchanged
from tests.thorough import examples

IMPORT = f"{VACANT}/properties"
MANY = settings(
    max_examples=examples(200),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])

TEXT = st.text(max_size=20)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.sampled_from(["key", "value"]) | TEXT, children)
    ),
    max_leaves=10,
)
NEARLY_PROPERTIES = st.lists(st.fixed_dictionaries({"key": TEXT | JSON, "value": TEXT | JSON}) | JSON, max_size=4)
PROPERTIES = st.lists(
    st.fixed_dictionaries({"key": st.text(min_size=1, max_size=255), "value": st.text()}),
    unique_by=lambda item: item["key"],
)


@pytest.fixture(scope="module")
def target() -> Iterator[Running]:
    """One emulator for all that is sent."""
    with running(Settings(seeds=(EXAMPLE,), clock="frozen")) as emulator:
        yield emulator


def post(target: Running, path: str, body: bytes, media_type: str = "application/json") -> int:
    """Send a body, check the answer's shape and that a refusal changes nothing, and take back what was accepted."""
    before = snapshot(target)
    answer = send(target, request("POST", path, body, {"Content-Type": media_type, "Content-Length": str(len(body))}))
    if answer.status == 200:
        assert target.request("DELETE", VACANT).status_code == 204
    else:
        assert answer.messages()
        assert snapshot(target) == before
    return answer.status


@MANY
@given(path=st.sampled_from([IMPORT, VACANT]), body=st.binary(max_size=200))
@example(path=IMPORT, body=b"[]")
@example(path=VACANT, body=b"{}")
def test_any_bytes_are_taken_or_refused(target: Running, path: str, body: bytes) -> None:
    """Bytes are JSON that fits, or get 400."""
    assert post(target, path, body) in {200, 400}


@MANY
@given(path=st.sampled_from([IMPORT, VACANT]), value=JSON | NEARLY_PROPERTIES, indent=st.sampled_from([None, 3]))
def test_any_json_is_taken_or_refused(target: Running, path: str, value: Any, indent: int | None) -> None:
    """JSON fits, or gets 400; what Python writes for NaN and lone surrogates is no JSON."""
    assert post(target, path, json.dumps(value, indent=indent).encode()) in {200, 400}


@MANY
@given(media_type=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
@example(media_type="application/json")
def test_any_media_type_is_taken_or_refused(target: Running, media_type: str) -> None:
    """A media type is JSON, or gets 415."""
    assert post(target, IMPORT, b"[]", media_type) in {200, 415}


@MANY
@given(properties=PROPERTIES)
def test_imported_properties_are_kept_character_by_character(target: Running, properties: list[dict[str, str]]) -> None:
    """Properties come back as they were sent, in their order, at once and later."""
    answer = target.request("POST", IMPORT, json=properties)
    assert (answer.status_code, answer.json()["properties"]) == (200, properties)
    assert target.request("GET", VACANT).json() == answer.json()
    assert target.request("DELETE", VACANT).status_code == 204


@MANY
@given(method=METHODS, segments=st.lists(st.text(max_size=10) | st.sampled_from(DOCUMENTED.split("/")), max_size=9))
def test_any_encoded_path_gets_an_answer(target: Running, method: str, segments: list[str]) -> None:
    """A path made of any names is refused in the error's shape, or answered; never with a 5xx."""
    path = "/" + "/".join(quote(segment, errors="surrogatepass") for segment in segments)
    if method in {"POST", "PUT", "DELETE"}:
        path = f"{ENVIRONMENT}/hosts/nobody{path}"
    answer = send(target, request(method, path), has_body=method != "HEAD")
    assert answer.status < 500
    if answer.status >= 400 and method != "HEAD":
        assert answer.messages()


VISIBLE = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=1, max_size=40)


@MANY
@given(target_text=VISIBLE)
@example(target_text="http://[::1/")
@example(target_text="http://x:99999999/organizations")
@example(target_text="///%ff//?#")
def test_any_request_target_gets_an_answer(target: Running, target_text: str) -> None:
    """Whatever stands in the place of the path is answered, never with a 5xx."""
    assert send(target, request("GET", target_text)).status < 500


@MANY
@given(data=st.binary(min_size=1, max_size=300))
@example(data=b"GET /\r\n\r\n")
def test_any_bytes_leave_the_server_as_it_was(target: Running, data: bytes) -> None:
    """Bytes in the place of a request are answered with a 4xx, or not at all, and the next client is served."""
    with unchanged(target), Connection(target.port) as connection:
        connection.send(data + b"\r\n\r\n")
        connection.send(request("GET", DOCUMENTED))
        answer = connection.answer()
    assert answer is None or answer.status < 500
    assert target.request("GET", DOCUMENTED).status_code == 200


@MANY
@given(
    name=st.sampled_from(["Authorization", "X-ComodIT-AppKey", "Cookie", "Accept", "Origin", "Content-Type"]),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60),
)
@example(name="Authorization", value="Basic \xff")
@example(name="Authorization", value="Basic")
def test_any_header_is_taken(target: Running, name: str, value: str) -> None:
    """A GET of an open server is served, whatever its headers hold."""
    assert send(target, request("GET", DOCUMENTED, headers={name: value})).status == 200


@MANY
@given(value=st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"), max_size=60))
@example(value=".")
@example(value="")
def test_any_host_header_is_taken_or_refused(target: Running, value: str) -> None:
    """A Host that is no host may be refused with 400, as no HTTP; it never breaks the server."""
    assert send(target, request("GET", DOCUMENTED, headers={"Host": value})).status in (200, 400)
