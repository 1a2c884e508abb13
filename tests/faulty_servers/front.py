"""A server in front of the emulator that sees bytes, for faults below what an application is shown."""

from __future__ import annotations

import select
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.faulty_servers.faults import FAULTS, Fault, pass_on
from tests.patience import PATIENCE


@dataclass(slots=True)
class Twist:
    """What is done to a connection, by its first bytes. All of it is optional.

    `instead`: an answer, after which the connection ends. `first`: an answer before the rest, from where `left` begins,
    is passed on. `after`: bytes that follow the last answer. `until`: the request is read until it ends so, and is
    twisted as a whole.
    """

    instead: bytes | None = None
    first: bytes = b""
    passed: bytes | None = None
    after: Callable[[bytes], bytes] = field(default=lambda _: b"")
    until: bytes | None = None


Twister = Callable[[bytes], Twist]


@dataclass(frozen=True, slots=True)
class Fronted(Fault):
    """A wrong server whose fault is in the bytes. `twister` makes a fresh one, because some remember."""

    twister: Callable[[], Twister] = lambda: lambda _: Twist()

    @contextmanager
    def start(self) -> Iterator[str]:
        """The wrong server, until the block ends; its URL."""
        with Fault.start(self) as url, fronting(url, self.twister()) as front:
            yield front


def fronted(*requirements: str, **options: Any) -> Callable[[Callable[[], Twister]], Callable[[], Twister]]:
    """Register a fault in the bytes; see `faults.fault`."""

    def register(make: Callable[[], Twister]) -> Callable[[], Twister]:
        name = make.__name__.replace("_", "-")
        if name in FAULTS:
            raise ValueError(f"two faults are called {name}")
        says = " ".join((make.__doc__ or "").split())
        FAULTS[name] = Fronted(name, says, frozenset(requirements), lambda: pass_on, {}, options, make)
        return make

    return register


@contextmanager
def fronting(url: str, twist: Twister) -> Iterator[str]:
    """A front of the server at a URL, until the block ends; its own URL."""
    address = urlsplit(url)
    there = (str(address.hostname), int(address.port or 80))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                _serve(self.request, there, twist)

    with _Front(("127.0.0.1", 0), Handler) as front:
        thread = threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{front.server_address[1]}"
        finally:
            front.shutdown()
            thread.join(timeout=PATIENCE)


class _Front(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


def _serve(client: socket.socket, there: tuple[str, int], twist: Twister) -> None:
    data = client.recv(65536)
    twisted = twist(data)
    while twisted.until and not data.endswith(twisted.until) and (more := client.recv(65536)):
        data += more
        twisted = twist(data)
    if twisted.instead is not None:
        client.sendall(twisted.instead)
        return
    client.sendall(twisted.first)
    with socket.create_connection(there) as server:
        server.sendall(data if twisted.passed is None else twisted.passed)
        answer = _pump(client, server)
    client.sendall(twisted.after(answer))


def _pump(client: socket.socket, server: socket.socket) -> bytes:
    """Pass bytes on in both directions until one side is done; what the server said last."""
    last = b""
    while True:
        ready, _, _ = select.select([client, server], [], [], 10)
        for source, sink in ((client, server), (server, client)):
            if source in ready:
                data = source.recv(65536)
                if not data:
                    return last
                sink.sendall(data)
                last = data if source is server else last
        if not ready:
            return last
