"""The log of exchanges, and the command that sends a request again."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.running.near_misses import in_other_case, near_misses
from contract_tests.running.target import Credentials
from contract_tests.sending.exchanges import HIDDEN, MAX_BODY, ExchangeLog, curl, redacted, shown
from tests.patience import PATIENCE

OWN = Credentials("alice", "sécret1", "secret2")
OWN_PAIR = "alice:sécret1"
SECRETS = {"Authorization": "Basic c2VjcmV0", "X-ComodIT-AppKey": "s3cret", "x-comodit-appkey": "s3cret"}


def test_exchanges_are_written_at_once(tmp_path: Path) -> None:
    """A line is on disk as soon as it was added, with its number."""
    path = tmp_path / "exchanges.ndjson"
    log = ExchangeLog(path)
    numbers = [log.add(check="a"), log.add(check="b")]
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    log.close()
    assert numbers == [row["number"] for row in rows] == [1, 2]


def test_secrets_are_redacted() -> None:
    """Credentials are not in the log, under whatever case their header was sent."""
    assert set(redacted(SECRETS).values()) == {"[redacted]"}
    assert redacted({"Accept": "x", "X-Schemathesis-TestCaseId": "1"}) == {"Accept": "x"}


NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters=":\x7f"), min_size=1, max_size=8)
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)


@given(st.builds(Credentials, NAMES, NAMES | st.none(), KEYS | st.none()), st.sampled_from(["utf-8", "iso-8859-1"]))
def test_own_credentials_are_variables(own: Credentials, encoding: str) -> None:
    """Neither the log nor the command that repeats a request has the run's own credentials, in either encoding."""
    pair = base64.b64encode(f"{own.user}:{own.password or ''}".encode(encoding)).decode()
    sent = {**own.headers, "Authorization": f"Basic {pair}"}
    if own.password or own.headers["Authorization"] == sent["Authorization"]:
        assert set(redacted(sent, own).values()) == {HIDDEN}
        command = curl("GET", "http://x/", sent, b"", own)
        assert pair not in command
        assert command.count("$CONTRACT_") == 2 + bool(own.app_key)


@pytest.mark.parametrize(
    "shown",
    [
        OWN.headers,
        {"Authorization": OWN.headers["Authorization"]},
        {"x-comodit-appkey": "secret2"},
        Credentials("mallory", "a guess").headers,
        Credentials("alice", "a guess").headers,
        Credentials("alice", "").headers,
        {"Authorization": "Basic"},
        {"Authorization": f"Basic {base64.b64encode(OWN_PAIR.encode('iso-8859-1')).decode()}"},
        Credentials(app_key="a guess").headers,
        *(near.headers for near in (*in_other_case(OWN), *near_misses(OWN))),
    ],
)
def test_a_command_shows_the_same_credentials(shown: dict[str, str], serve_application: Callable[..., str]) -> None:
    """Right or wrong ones, the command of a failure comes with the credentials that the suite came with."""
    received: list[list[object]] = []

    def application(environ: dict[str, object], start_response: Callable[..., object]) -> list[bytes]:
        received.append([environ.get("HTTP_AUTHORIZATION"), environ.get("HTTP_X_COMODIT_APPKEY")])
        start_response("204 No Content", [])
        return [b""]

    command = curl("GET", serve_application(application), shown, b"", OWN)
    variables = {"CONTRACT_USER": "alice", "CONTRACT_PASSWORD": "sécret1", "CONTRACT_APP_KEY": "secret2"}
    environment = {**os.environ, **variables}
    subprocess.run(["bash", "-c", command], capture_output=True, check=True, timeout=PATIENCE, env=environment)
    small = {name.lower(): value for name, value in shown.items()}
    assert received == [[small.get("authorization"), small.get("x-comodit-appkey")]]


def test_a_long_body_is_shortened() -> None:
    """Of a long body the log has the beginning and the length."""
    assert shown(b"x" * (MAX_BODY + 5)) == {"beginning": "x" * MAX_BODY, "length": MAX_BODY + 5}
    assert shown(b"x") == "x"
    assert shown(b"") is None
    assert shown(b"\xff") == {"base64": "/w=="}


@pytest.mark.parametrize("body", [b'{"a": "it\'s"}', b'{"a": "\xc3\xa9"}', b"\xff\x00'\\n", b"a\nb", b"$HOME `id`"])
def test_a_command_sends_the_same_bytes(body: bytes, serve_application: Callable[..., str]) -> None:
    """What the command of a failure sends is, byte by byte, what the suite sent."""
    received: list[bytes] = []

    def application(environ: dict[str, object], start_response: Callable[..., object]) -> list[bytes]:
        received.append(environ["wsgi.input"].read())  # type: ignore[attr-defined]
        start_response("204 No Content", [])
        return [b""]

    url = serve_application(application)
    command = curl("POST", f"{url}/a%20b", {"Content-Type": "application/json"}, body, OWN)
    ended = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=PATIENCE)
    assert ended.returncode == 0, ended.stderr
    assert received == [body]
