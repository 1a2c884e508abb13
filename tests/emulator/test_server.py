"""The server's clean stop: every request that was accepted is answered, and it ends within a second."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from waitress.adjustments import Adjustments

from emulator.errors import StartError
from emulator.serving.server import KEPT_BODY, Server, _Parser, listen, url_of
from tests.emulator.conftest import DOCUMENTED, Running
from tests.emulator.processes import Process, serving
from tests.emulator.raw_http import Connection
from tests.emulator.raw_http import request as sent
from tests.patience import PATIENCE

GET = sent("GET", DOCUMENTED)


@pytest.fixture(params=["waitress", "granian"])
def process(request: pytest.FixtureRequest) -> Iterator[Process]:
    """`serve` in a process of its own, with each of the servers."""
    with serving("--log-format", "none", "--server", request.param) as served:
        yield served


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(process: Process, number: int) -> None:
    """SIGTERM and SIGINT end it with exit code 0 and without a word."""
    assert process.ask("GET", DOCUMENTED)[0] == 200
    process.hint()
    assert process.stop(number) == (0, "", "")


def test_a_second_signal_changes_nothing(process: Process) -> None:
    """Impatience does not turn a clean stop into another one, however late it comes."""
    process.hint()
    while process.popen.poll() is None:
        process.popen.send_signal(signal.SIGTERM)
        process.popen.send_signal(signal.SIGINT)
    assert process.stop() == (0, "", "")


@pytest.mark.parametrize("idle", [True, False])
def test_what_was_sent_before_the_signal_is_answered(process: Process, *, idle: bool) -> None:
    """Of 100 clients, all that had sent their request are answered, those included that nobody had accepted yet."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Connection(process.port)) for _ in range(100)]
        if idle:
            assert process.ask("GET", DOCUMENTED)[0] == 200  # all that came before have been accepted
        for client in clients:
            client.send(GET)
        process.popen.send_signal(signal.SIGTERM)
        statuses = Counter(answer.status if (answer := client.answer()) else None for client in clients)
    assert statuses == {200: 100}
    assert process.popen.wait(PATIENCE) == 0


@pytest.mark.parametrize("path", ["/_emulator/journal?since=100&wait=60", "/_emulator/events?since=0&wait=60"])
@pytest.mark.parametrize("process", ["waitress"], indirect=True)  # granian may close without a word
def test_a_client_that_waits_is_told_to_stop(process: Process, path: str) -> None:
    """What waits for something to happen is answered when the signal comes, and told that it was the last one there."""
    with Connection(process.port) as connection:
        connection.send(GET)
        first = connection.answer()
        assert first is not None
        assert "connection" not in first.headers
        connection.send(sent("GET", path))
        process.popen.send_signal(signal.SIGTERM)
        last = connection.answer()
        assert last is not None
        assert (last.status, last.headers.get("connection")) == (200, "close")
    assert process.popen.wait(PATIENCE) == 0


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_what_began_before_the_stop_and_ends_after_it_is_the_last_answer(version: bytes) -> None:
    """Whether an answer is the last one is asked when it is written, not when its request came."""
    began, released = Event(), Event()

    def application(_: Any, start_response: Any) -> list[bytes]:
        began.set()
        assert released.wait(PATIENCE)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"{}"]

    server = Server(application, listen("127.0.0.1", 0))
    serves = Thread(target=server.run, kwargs={"dismiss": released.set})
    serves.start()
    try:
        with Connection(server.port) as connection:
            connection.send(b"GET / HTTP/" + version + b"\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
            assert began.wait(PATIENCE)
            server.stop()
            answer = connection.answer()
            assert answer is not None
            assert (answer.status, answer.headers.get("connection"), answer.body) == (200, "close", b"{}")
            assert connection.answer() is None
    finally:
        server.stop()
        serves.join(PATIENCE)


@pytest.mark.parametrize("data", [b"", GET[:40], sent("POST", DOCUMENTED, b"{}")[:-1], GET])
def test_clients_that_linger_do_not_hold_it_up(process: Process, data: bytes) -> None:
    """Open connections, idle or with half a request, are closed."""
    with ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(Connection(process.port)).send(data)
        process.hint()
        assert process.stop() == (0, "", "")


def test_an_answer_that_is_held_back_for_long_does_not_hold_it_up(tmp_path: Path) -> None:
    """It ends without that answer, and without a word on its threads."""
    trouble = tmp_path / "slow.yaml"
    trouble.write_text("rules: [{kind: latency, seconds: [10, 10]}]")
    with serving("--log-format", "none", "--trouble", str(trouble)) as held, Connection(held.port) as client:
        client.send(GET)
        held.hint()
        while not held.ask("GET", "/_emulator/trouble")[1]["rules"][0]["hits"]:
            pass
        assert held.stop() == (0, "", "")
        assert client.answer() is None


def test_it_takes_no_new_connection_once_it_has_stopped(emulator: Running) -> None:
    """After a stop the port is free again."""
    emulator.server.stop()
    while True:
        try:
            with Connection(emulator.port) as connection:
                connection.send(GET)
                connection.answer()
        except ConnectionError:
            break
    port = emulator.port
    again = Server(lambda *_: [b""], listen("127.0.0.1", port))
    again.stop()
    again.run()
    assert again.port == port


def test_a_stop_may_come_before_the_run() -> None:
    """A server that was stopped before it ran ends at once."""
    server = Server(lambda *_: [b""], listen("127.0.0.1", 0))
    server.stop()
    server.stop()
    server.run()
    with pytest.raises(ConnectionRefusedError):
        Connection(server.port)


@pytest.mark.parametrize("host, shown", [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("::1", "[::1]")])
def test_its_url_can_be_used(host: str, shown: str) -> None:
    """The URL has the name that was given and the port that was taken, an IPv6 address in brackets."""
    try:
        listener = listen(host, 0)
    except StartError as error:
        pytest.skip(f"this machine has no {host}: {error}")
    with listener:
        assert url_of(host, listener) == f"http://{shown}:{listener.getsockname()[1]}"


def test_of_a_large_body_only_the_beginning_is_kept() -> None:
    """A body is read to its end and counted, so that its client gets an answer, but it does not fill the memory."""
    parser = _Parser(Adjustments())
    parser.received(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    for _ in range(70):
        assert parser.received(chunk) == len(chunk)
    parser.received(b"0\r\n\r\n")
    assert parser.completed
    assert parser.headers["CONTENT_LENGTH"] == str(70 * 0x100000)
    assert len(parser.get_body_stream().read()) == KEPT_BODY


def namespaces() -> list[str]:
    """The command that makes a process number 1 of its own world; skips where that is not to be had."""
    command = ["unshare", "--map-root-user", "--user", "--pid", "--fork", "--mount-proc"]
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare on this machine")
    trial = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if trial.returncode:
        pytest.skip(f"this machine makes no process 1: {trial.stderr.strip()}")
    return command


def test_it_stops_cleanly_as_process_1(tmp_path: Path) -> None:
    """In a container it is process 1, which the kernel spares a signal that it does not handle."""
    ready = tmp_path / "ready.json"
    with serving("--ready-file", str(ready), before=namespaces()) as process:
        assert '"pid": 1,' in ready.read_text()
        parent = process.popen.pid
        child = int(Path(f"/proc/{parent}/task/{parent}/children").read_text())
        os.kill(child, signal.SIGTERM)
        assert process.popen.wait(PATIENCE) == 0
