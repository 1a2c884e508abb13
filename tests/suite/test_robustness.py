"""What is no HTTP and what is strange HTTP: servers that deal with it in their own lawful ways are not blamed."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from werkzeug import serving as werkzeug

from emulator.app import create_app
from emulator.settings import Settings
from emulator.worlds import Worlds
from tests.faulty_servers.front import Twist, fronting
from tests.patience import PATIENCE
from tests.suite.judging import EXAMPLE, Verdict, judge

BYTES = (
    *("framing", "strange-requests", "leftovers", "slow-clients", "chunked", "bodiless", "unknown-methods"),
    *("names-encoded", "names-exact", "names-loose", "names-awkward", "names-bounds", "names-unreadable"),
    *("missing-first", "queries", "elsewhere"),
)
"""The checks that send what no HTTP library would."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _QuietThreads(werkzeug.WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        """Say nothing."""


class _QuietOldThreads(_QuietThreads):
    protocol_version = "HTTP/1.0"


def _threads(handler: type[_QuietThreads]) -> Callable[[Any], Any]:
    return lambda app: werkzeug.make_server("127.0.0.1", 0, app, threaded=True, request_handler=handler)


SERVERS: dict[str, Callable[[Any], Any]] = {
    "one after the other": lambda app: make_server("127.0.0.1", 0, app, handler_class=_Quiet),
    "threads": _threads(_QuietThreads),
    "threads in HTTP 1.0": _threads(_QuietOldThreads),
}
"""Servers of other libraries, which read less strictly than the emulator's own, each in its way."""


@contextmanager
def _served(make: Callable[[Any], Any]) -> Iterator[str]:
    settings = Settings(port=0, seeds=(EXAMPLE,))
    with make(create_app(settings, Worlds(settings))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(timeout=PATIENCE)


@pytest.mark.parametrize("name", SERVERS)
def test_servers_may_read_http_in_their_own_ways(name: str, folder: Path) -> None:
    """The emulator behind another server is judged green: what that one takes, and how it refuses, is left to it."""
    with _served(SERVERS[name]) as url:
        verdict = judge(url, folder, only=BYTES)
    assert verdict.code == 0, verdict.text
    assert verdict.verdict("robustness.bad-framing") == "passed"
    assert verdict.verdict("robustness.goes-on") == "passed"


def test_what_is_sent_byte_by_byte_knows_a_base_path(serve: Callable[..., str], folder: Path) -> None:
    """Below a path, the names that are sent are those of the host there."""
    verdict = judge(serve(base_path="/the/api") + "/the/api", folder, only=BYTES)
    assert verdict.code == 0, verdict.text
    assert verdict.verdict("names.exact") == "passed"


def test_what_is_sent_byte_by_byte_goes_through_tls(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that speaks TLS is spoken to in TLS, and trusted by the certificates that the environment names."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))

    def make(app: Any) -> Any:
        keys = (str(certificate), str(key))
        return werkzeug.make_server("127.0.0.1", 0, app, threaded=True, request_handler=_QuietThreads, ssl_context=keys)

    with _served(make) as url:
        verdict = judge(url.replace("http:", "https:"), folder, only=("framing", "names-exact"))
    assert verdict.code == 0, verdict.text
    assert verdict.verdict("robustness.bad-framing") == "passed"


def _notes(verdict: Verdict, check: str) -> list[str]:
    return [note for row in verdict.record["results"] if row["id"] == check for note in row["notes"]]


def test_one_client_at_a_time_is_noted(folder: Path) -> None:
    """A server that waits for a slow client while others want something is not blamed, and it is said."""
    with _served(SERVERS["one after the other"]) as url:
        verdict = judge(url, folder, only=("slow-clients",))
    assert verdict.code == 0, verdict.text
    assert any("nobody else was served" in note for note in _notes(verdict, "slow-clients"))


@pytest.mark.parametrize("has, status", [(b"HTTP/9.9", 505), (b"G{}T", 501), (b"Transfer-Encoding: rot13", 501)])
def test_codes_that_http_has_for_it_are_no_fault(
    serve: Callable[..., str], folder: Path, has: bytes, status: int
) -> None:
    """501 for a method that is none and 505 for a version that is none come from the server's library: noted."""
    answer = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()
    with fronting(serve(), lambda data: Twist(answer if has in data else None)) as url:
        verdict = judge(url, folder, only=("framing",))
    assert verdict.code == 0, verdict.text
    assert any(str(status) in text for text in _notes(verdict, "framing"))


def test_silence_is_no_fault(serve: Callable[..., str], folder: Path) -> None:
    """A server that waits for the rest of what is no HTTP is not waited for."""
    waiting = threading.Event()

    def twist(data: bytes) -> Twist:
        if data.startswith(b"rubbish"):
            waiting.wait(PATIENCE)
        return Twist()

    with fronting(serve(), twist) as url:
        verdict = judge(url, folder, only=("framing",))
        waiting.set()
    assert verdict.code == 0, verdict.text
    assert "one word: no answer in time" in _notes(verdict, "framing")


def test_a_finding_of_bytes_can_be_repeated(serve: Callable[..., str], folder: Path) -> None:
    """What is wrong is shown with a command that sends the same bytes, and with its exchange."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with fronting(serve(), lambda data: Twist(answer if data.startswith(b"rubbish") else None)) as url:
        verdict = judge(url, folder, only=("framing",))
    (finding,) = [one for row in verdict.record["results"] for one in row["findings"]]
    assert finding["what"] == "one word"
    assert finding["expected"] == "400, 408, 414, 431 or a closed connection"
    assert finding["curl"].startswith("printf 'rubbish\\015\\012\\015\\012' | nc -w 5 127.0.0.1 ")
    assert finding["exchange"] > 0
