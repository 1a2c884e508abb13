"""The log of exchanges, and the command that sends a request again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.exchanges import MAX_BODY, ExchangeLog, curl, redacted, shown

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


@pytest.mark.parametrize("name", SECRETS)
def test_a_command_takes_secrets_from_the_environment(name: str) -> None:
    """The command that repeats a request names variables where the secrets were."""
    command = curl("GET", "http://x/", {name: SECRETS[name]}, b"")
    assert SECRETS[name] not in command
    assert "$CONTRACT_" in command


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
    command = curl("POST", f"{url}/a%20b", {"Content-Type": "application/json"}, body)
    ended = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=20)
    assert ended.returncode == 0, ended.stderr
    assert received == [body]
