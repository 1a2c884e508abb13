"""Clients that wait, stall or vanish hold up nobody else."""

from __future__ import annotations

import resource
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.emulator.conftest import DOCUMENTED, VACANT, Running
from tests.emulator.processes import serving
from tests.emulator.raw_http import Connection, request, send, snapshot, unchanged
from tests.patience import PATIENCE

POST = request("POST", f"{VACANT}/properties", headers={"Content-Type": "application/json", "Content-Length": "2"})
STALLED = {
    "nothing": b"",
    "half a head": POST[:40],
    "a head but its last byte": POST[:-1],
    "a head and no body": POST,
    "a body but its last byte": POST + b"[",
    "half a chunk": POST.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked") + b"ff\r\n[",
    "a body of 600 kB but its last byte": POST.replace(b"Length: 2", b"Length: 600001") + b" " * 600_000,
}


@pytest.mark.parametrize("name", STALLED)
def test_sixty_clients_that_stall_hold_up_nobody(emulator: Running, name: str) -> None:
    """While 60 clients keep their requests unfinished another one is served, each of its requests at once."""
    with ExitStack() as stack, unchanged(emulator):
        for _ in range(60):
            stack.enter_context(Connection(emulator.port)).send(STALLED[name])
        for _ in range(20):
            assert emulator.request("GET", DOCUMENTED).status_code == 200


def test_a_stalled_request_is_served_when_it_is_whole(emulator: Running) -> None:
    """Of 60 clients that sent all but one byte the one that sends it is answered, between the others."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Connection(emulator.port)) for _ in range(60)]
        for client in clients:
            client.send(POST + b"[")
        clients[30].send(b"]")
        answer = clients[30].answer()
        assert answer is not None
        assert answer.status == 200
        clients[31].send(b"]")
        answer = clients[31].answer()
        assert answer is not None
        assert answer.status == 409


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open files as the machine allows a process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this machine allows a process {hard} open files; {wanted} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("data", [b"", POST[:40], POST + b"["], ids=["idle", "half a head", "half a body"])
def test_a_thousand_clients_that_stall_hold_up_nobody(data: bytes) -> None:
    """A client that comes after 1,200 who keep their connections is served, request after request."""
    with serving("--log-format", "none") as emulator, ExitStack() as stack:
        for _ in range(1200):
            connection = stack.enter_context(Connection(emulator.port))
            if data:
                connection.send(data)
        for _ in range(20):
            assert emulator.ask("GET", DOCUMENTED)[0] == 200


@pytest.mark.usefixtures("many_files")
def test_more_connections_than_files_wait() -> None:
    """Where the machine allows few open files, connections beyond them wait until others are closed."""
    few = ("prlimit", "--nofile=300:300")
    with serving("--log-format", "none", before=few) as emulator, ExitStack() as stack:
        first = stack.enter_context(Connection(emulator.port))
        for _ in range(400):
            stack.enter_context(Connection(emulator.port)).send(POST[:40])
        first.send(request("GET", DOCUMENTED))
        answer = first.answer()
        assert answer is not None
        assert answer.status == 200
        stack.close()
        assert emulator.ask("GET", DOCUMENTED)[0] == 200


@pytest.mark.parametrize("data", [POST, POST + b"[", request("GET", DOCUMENTED)[:30]])
def test_a_client_that_hangs_up_leaves_no_trace(emulator: Running, data: bytes) -> None:
    """A request that was not finished is not begun."""
    with unchanged(emulator):
        for _ in range(20):
            with Connection(emulator.port) as connection:
                connection.send(data)
        assert emulator.request("GET", DOCUMENTED).status_code == 200


def test_a_client_that_resets_does_not_end_the_server(emulator: Running) -> None:
    """Clients that send a request and reset the connection before the answer are forgotten."""
    for _ in range(50):
        connection = socket.create_connection(("127.0.0.1", emulator.port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(request("GET", DOCUMENTED))
        connection.close()
    assert emulator.request("GET", DOCUMENTED).status_code == 200


def test_a_client_that_has_no_more_to_say_is_answered(emulator: Running) -> None:
    """A client may close its side once the request is sent."""
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=PATIENCE) as connection:
        connection.sendall(request("GET", DOCUMENTED))
        connection.shutdown(socket.SHUT_WR)
        assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 200")


def test_a_client_that_asks_first_is_told_to_go_on(emulator: Running) -> None:
    """Expect: 100-continue gets 100, and after the body the answer."""
    head, body = request("POST", f"{VACANT}/properties", b"[]", {"Expect": "100-continue"})[:-2], b"[]"
    with Connection(emulator.port) as connection:
        connection.send(head)
        interim = connection.answer()
        assert interim is not None
        assert interim.status == 100
        assert emulator.request("GET", VACANT).status_code == 404
        connection.send(body)
        answer = connection.answer()
    assert answer is not None
    assert answer.status == 200


@pytest.mark.parametrize("length", [None, "0"])
def test_a_client_that_expects_leave_to_send_nothing_is_answered(emulator: Running, length: str | None) -> None:
    """Expect: 100-continue without a body does not keep the answer back."""
    data = request("PUT", f"{DOCUMENTED}/_off", headers={"Expect": "100-continue", "Content-Length": length})
    before = snapshot(emulator)
    assert send(emulator, data).status == 202
    assert snapshot(emulator) != before
