"""The proxy: what passes through it unchanged, what it judges, what it keeps, and what it says when nothing answers."""

from __future__ import annotations

import io
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from contract import load_contract
from emulator.errors import StartError
from emulator.proxying.keeping import seed, timing, timing_path, write_archive, write_seed
from emulator.proxying.proxy import LARGEST, Proxy
from emulator.proxying.upstream import Upstream
from emulator.serving.server import Server, listen
from emulator.settings import Settings
from emulator.timing import parse_timing
from emulator.worlds import Worlds
from tests.emulator.conftest import DOCUMENTED, ROOT, VACANT, Running, Start
from tests.emulator.processes import Process, environment, run
from tests.patience import PATIENCE

CONTRACT = load_contract()


class Passing:
    """A proxy that serves in a thread, and what it told."""

    def __init__(self, upstream: str) -> None:
        self.told = io.StringIO()
        self.proxy = Proxy(CONTRACT, Upstream(upstream), self.told)
        self.server = Server(self.proxy, listen("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.port}"

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Send one request; a redirect is not followed."""
        return requests.request(method, self.url + path, timeout=PATIENCE, allow_redirects=False, **arguments)

    def found(self) -> list[tuple[str, str]]:
        """The rule and the words of each finding about the server."""
        return [(finding.rule.id, finding.what) for finding in self.proxy.server_verdict().findings]


@contextmanager
def passing(upstream: str) -> Iterator[Passing]:
    """A proxy before this server, until the block ends."""
    it = Passing(upstream)
    thread = threading.Thread(target=it.server.run)
    thread.start()
    try:
        yield it
    finally:
        it.server.stop()
        thread.join(timeout=PATIENCE)


@pytest.fixture
def proxied(emulator: Running) -> Iterator[Passing]:
    """A proxy before an emulator."""
    with passing(emulator.url) as it:
        yield it


Act = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def acting(act: Act) -> Iterator[Passing]:
    """A proxy before a server that does this with every request."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if self.parse_request():
                act(self)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            with passing(f"http://127.0.0.1:{server.server_port}") as it:
                yield it
        finally:
            server.shutdown()


def saying(status: int, body: bytes = b"", media_type: str = "application/json", **headers: str) -> Act:
    """Answer this."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return act


def test_requests_and_answers_pass_unchanged(emulator: Running, proxied: Passing) -> None:
    """Method, path to the letter, query, headers and body; status, headers and body."""
    direct, through = emulator.request("GET", DOCUMENTED), proxied.request("GET", DOCUMENTED)
    assert (through.status_code, through.content) == (200, direct.content)
    assert through.headers["Content-Type"] == "application/json"
    assert proxied.request("PUT", f"{DOCUMENTED}/_pause/").status_code == 202
    assert proxied.request("POST", f"{VACANT}?a=%20b", json={}, headers={"X-Mine": "é".encode("latin-1")}).ok
    entry = list(emulator.world.journal)[-1]
    assert entry.path == f"{VACANT}?a=%20b"
    assert ("X-Mine", "é") in entry.request_headers
    assert entry.request_body == b"{}"
    direct, head = emulator.request("GET", DOCUMENTED), proxied.request("HEAD", DOCUMENTED)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == direct.headers["Content-Length"]
    assert proxied.request("OPTIONS", DOCUMENTED).headers["Allow"]
    assert proxied.request("GET", "/organizations/x%2Fy").status_code == 404
    assert proxied.found() == []
    assert proxied.request("POST", VACANT, data=b"x" * (LARGEST + 1)).status_code == 413


def test_a_base_path_of_the_server_is_added(start: Start) -> None:
    """The URL of the server may have a path; clients of the proxy need not know."""
    emulator = start(base_path="/api")
    with passing(f"{emulator.url}/api/") as proxied:
        assert proxied.request("GET", DOCUMENTED).json()["state"] == "RUNNING"
        assert next(iter(proxied.proxy.journal)).operation == "getInstance"


INSTANCE = {
    "organization": "Guardis Test",
    "environment": "Test Environment",
    "host": "test-host-on-Hyp3",
    "state": "RUNNING",
    "properties": [],
    "synapseState": "Up",
}
ERROR = b'{"error": ["no"]}'


@pytest.mark.parametrize(
    "act, rule, what",
    [
        (saying(500, ERROR), "operations.documented-answers", "the status 500; documented are 200, 400"),
        (saying(200, b"{}"), "operations.documented-answers", "'organization' is missing; "),
        (saying(401, ERROR), "operations.documented-answers", "no header WWW-Authenticate"),
        (saying(404, b'{"error": "no"}'), "operations.documented-answers", "error"),
        (saying(404, ERROR, "text/html"), "representation.media-type", "the media type 'text/html'"),
        (saying(404, b"<html>"), "representation.media-type", "content that is not JSON"),
        (
            saying(200, json.dumps({**INSTANCE, "host": "another"}).encode()),
            "representation.names-of-path",
            "host is 'another'; the path says 'test-host-on-Hyp3'",
        ),
    ],
)
def test_a_faulty_server_is_guilty_of_just_that(act: Act, rule: str, what: str) -> None:
    """It is told at once, with the request, and is in the verdict; the client gets the answer as it is."""
    with acting(act) as proxied:
        proxied.request("GET", DOCUMENTED)
        ((broken, words),) = proxied.found()
        assert broken == rule
        assert what in words
        assert proxied.told.getvalue().startswith(f"#1 GET {DOCUMENTED} -> ")
        assert proxied.proxy.server_verdict().is_guilty


def test_a_lawful_server_is_acquitted() -> None:
    """Right answers, and what is outside the contract, are no fault."""
    with acting(saying(200, json.dumps(INSTANCE).encode(), "application/json; charset=utf-8")) as proxied:
        proxied.request("GET", DOCUMENTED)
        proxied.request("GET", "/elsewhere")
        assert proxied.found() == []
        assert proxied.told.getvalue() == ""


def refuse(handler: BaseHTTPRequestHandler) -> None:
    """Break off without an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def test_a_server_that_breaks_off_is_502() -> None:
    """With the error's shape, which server, and that nobody knows; it is no fault against the contract."""
    with acting(refuse) as proxied:
        answer = proxied.request("PUT", f"{DOCUMENTED}/_pause")
        assert answer.status_code == 502
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+ cannot be reached, or broke off: .+", answer.json()["error"][0])
        assert proxied.found() == []
        assert next(iter(proxied.proxy.journal)).message == answer.json()["error"][0]


def test_a_server_that_is_not_there_is_502() -> None:
    """A refused connection, a name that is none."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "http://nothing.invalid"):
        with passing(url) as proxied:
            answer = proxied.request("GET", DOCUMENTED)
            assert answer.status_code == 502
            assert answer.json()["error"][0].startswith(f"{url} cannot be reached")


def test_tls_that_fails_is_502() -> None:
    """Such as a server that does not speak it."""

    def answer_plainly() -> None:
        connection, _ = listener.accept()
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer_plainly).start()
        with passing(f"https://127.0.0.1:{listener.getsockname()[1]}") as proxied:
            answer = proxied.request("GET", DOCUMENTED)
        assert answer.status_code == 502
        assert "and TLS do not agree" in answer.json()["error"][0]


@pytest.mark.parametrize("url", ["", "localhost", "ftp://x", "http://", "http://x:port", "http://x/?a=1", "http://["])
def test_what_is_no_url_is_refused_at_the_start(url: str) -> None:
    """In one line that shows what is expected."""
    with pytest.raises(StartError, match=r"is not the URL of a server; expected something like https://"):
        Upstream(url)


def test_the_client_is_judged_by_the_same_rules(start: Start) -> None:
    """States are learnt from the answers that pass."""
    emulator = start(timing="realistic")
    with passing(emulator.url) as proxied:
        assert proxied.request("GET", DOCUMENTED).json()["state"] == "RUNNING"
        assert proxied.request("PUT", f"{DOCUMENTED}/_start").status_code == 409
        assert proxied.request("PUT", f"{DOCUMENTED}/_pause").status_code == 202
        findings = proxied.proxy.client_verdict().findings
    assert [finding.rule.id for finding in findings] == ["trigger.legal", "action.looked-at"]


def test_a_repetition_after_no_answer_is_seen() -> None:
    """A write that got 502 may have taken effect: to send it again without a look is a fault of the client."""
    with acting(refuse) as proxied:
        for _ in range(2):
            proxied.request("PUT", f"{DOCUMENTED}/_pause")
        findings = proxied.proxy.client_verdict().findings
    assert [finding.rule.id for finding in findings] == ["write.not-repeated-blindly"]


def test_an_emulator_can_be_as_slow_as_the_server_was(start: Start, tmp_path: Path) -> None:
    """The seed has what was seen, the timing how long it took; both start an emulator."""
    slow = tmp_path / "slow.yaml"
    slow.write_text("pause: {fixed: 0.2}\nprovision: {fixed: 0.1}\n")
    emulator = start(timing=str(slow), clock="real")
    with passing(emulator.url) as proxied:
        for method, path, body in (("PUT", f"{DOCUMENTED}/_pause", None), ("POST", VACANT, {})):
            proxied.request("GET", DOCUMENTED)
            assert proxied.request(method, path, json=body).ok
            place = DOCUMENTED if body is None else VACANT
            while proxied.request("GET", place).json()["state"] == "PENDING":
                pass
        write_seed(proxied.proxy.sights, CONTRACT, tmp_path / "seen.yaml")
        write_archive(proxied.proxy.journal, tmp_path / "out.har")
        measured = proxied.proxy.sights.durations()
    assert {trigger: len(seconds) for trigger, seconds in measured.items()} == {"pause": 1, "provision": 1}
    assert measured["pause"][0] > measured["provision"][0] * 1.2
    assert json.loads((tmp_path / "out.har").read_text())["log"]["entries"]
    rows = yaml.safe_load((tmp_path / "seen.timing.yaml").read_text())
    assert 0.1 < rows["pause"]["fixed"] < 5
    parse_timing(str(tmp_path / "seen.timing.yaml"), CONTRACT.lifecycle.triggers)
    again = start(seeds=(tmp_path / "seen.yaml",), timing=str(tmp_path / "seen.timing.yaml"))
    assert [again.state(DOCUMENTED), again.state(VACANT)] == ["PAUSED", "RUNNING"]
    properties = emulator.request("GET", DOCUMENTED).json()["properties"]
    assert again.request("GET", DOCUMENTED).json()["properties"] == properties


def test_several_measurements_are_a_range() -> None:
    """From the shortest to the longest; one that is always the same is fixed."""
    assert timing({"pause": [0.5, 0.1, 0.3], "off": [2.0]}) == {"off": {"fixed": 2.0}, "pause": {"uniform": [0.1, 0.5]}}
    assert timing_path(Path("a/b.yaml")) == Path("a/b.timing.yaml")


def test_what_was_gone_or_on_its_way_is_no_instance_of_the_seed(start: Start) -> None:
    """A host whose instance was deleted is not in it; one that never settled has no instance."""
    emulator = start(timing="realistic")
    with passing(emulator.url) as proxied:
        proxied.request("GET", DOCUMENTED)
        proxied.request("DELETE", DOCUMENTED)
        proxied.request("POST", VACANT)
        found = seed(proxied.proxy.sights, CONTRACT)
    (environment,) = found["organizations"][0]["environments"]
    assert environment["hosts"] == [{"name": "web-1"}]


def test_the_contract_suite_passes_through(tmp_path: Path) -> None:
    """Nothing that the suite asks of a server is lost on the way; and the proxy finds no fault with the emulator."""
    command = [sys.executable, "-m", "emulator", "proxy", "--port", "0", "--fail-on-violation", "--judge-client"]
    kept = ["--har", "out.har", "--seed-out", "seen.yaml", "--report-dir", "reports"]
    worlds = Worlds(Settings(seeds=(ROOT / "fixtures" / "documentation-example.yaml",)))
    from emulator.app import create_app

    server = Server(create_app(Settings(), worlds), listen("127.0.0.1", 0))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.port}"
        with subprocess.Popen(
            [*command, *kept, url],
            cwd=tmp_path,
            env=environment({"PYTHONPATH": str(ROOT)}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as popen:
            process = Process(popen)
            suite = [sys.executable, "-m", "contract_tests", "run", process.url, "--max-examples", "3"]
            suite += ["--host", "Guardis Test/Test Environment/web-1"]
            done = subprocess.run(suite, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)
            popen.send_signal(signal.SIGTERM)
            out, err = popen.communicate(timeout=PATIENCE)
    finally:
        server.stop()
        thread.join(timeout=PATIENCE)
    assert done.returncode == 0, done.stdout
    assert "Server acquitted" in out, err
    assert "Client guilty" in out
    assert popen.returncode == 1
    assert {path.name for path in (tmp_path / "reports").iterdir()} >= {"client.xml", "server.xml", "server.html"}
    assert (tmp_path / "out.har").exists()
    assert (tmp_path / "seen.yaml").exists()


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["nonsense"], "is not the URL of a server"),
        (["http://127.0.0.1:1", "--har", "/nowhere/x.har"], "--har /nowhere/x.har: cannot be written"),
        (["http://127.0.0.1:1", "--contract", "/nowhere.yaml"], "/nowhere.yaml"),
    ],
)
def test_what_cannot_be_started_is_one_line(arguments: list[str], words: str) -> None:
    """Exit code 2, what is wrong, what to do; no traceback."""
    done = run("proxy", "--port", "0", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
