"""The production server: waitress inside this process, with a clean stop.

Waitress takes a request from its socket only when it is whole, so slow clients hold up nobody. Where it would break
on a request, or drop the connection of a client that deserves an answer, the parser here says 400 or reads on.
"""

from __future__ import annotations

import logging
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import orjson
from waitress import wasyncore
from waitress.buffers import OverflowableBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.server import create_server
from waitress.task import ErrorTask

from emulator.errors import StartError

THREADS = 8
CONNECTIONS = 1000
KEPT_BODY = 2 * 1024 * 1024
"""Bytes of a body that are kept for the application. It takes less, and refuses the whole by its length."""

DRAIN_SECONDS = 0.8
"""How long accepted requests may take to be answered after a stop was asked for."""

QUIET_SECONDS = 0.05
"""How long a client that keeps its connection may take from an answer to its next request, to be told then to go."""

TAKE_IN_SECONDS = 0.2
"""How much of that may pass while connections that came before the stop are accepted."""


# It would tell every waiting request on standard error, in the middle of the access log.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)


class _Body(OverflowableBuffer):
    """A body, in memory: its beginning is kept, the rest is read and counted, so that the client gets its answer."""

    def __init__(self) -> None:
        super().__init__(overflow=sys.maxsize)
        self._let_go = 0

    def append(self, data: bytes) -> None:
        kept = data[: max(KEPT_BODY - super().__len__(), 0)]
        self._let_go += len(data) - len(kept)
        super().append(kept)

    def __len__(self) -> int:
        return int(super().__len__()) + self._let_go


class _Parser(HTTPRequestParser):
    """Reads a request; what it cannot read, or could be read in two ways, is answered with 400."""

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except (TransferEncodingNotImplemented, ValueError) as error:
            raise ParsingError(str(error)) from None
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding exclude each other")
        if self.body_rcv is None:
            self.expect_continue = False  # a client that sends no body waits for the answer, not for leave to go on
        else:
            self.body_rcv.buf = _Body()


class _JsonErrorTask(ErrorTask):
    """What waitress refuses by itself has the error's shape too."""

    def execute(self) -> None:
        error = self.request.error
        body = orjson.dumps({"error": [f"{error.reason}: {error.body}"]})
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend([("Content-Type", "application/json")])
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):
    """A connection. While the server drains, its answers say that they are the last."""

    parser_class = _Parser
    error_task_class = _JsonErrorTask

    def service(self) -> None:
        if self.server.is_draining:
            self.requests[0].headers["CONNECTION"] = "close"
        super().service()


class Server:
    """A bound, listening server of one WSGI application. StartError when the address cannot be had."""

    def __init__(self, application: Callable[..., Any], host: str, port: int) -> None:
        self._map: dict[int, Any] = {}
        self._stopping = False
        self._ending = threading.RLock()
        try:
            self._server = create_server(
                application,
                map=self._map,
                sockets=[_listen(host, port)],
                threads=THREADS,
                connection_limit=CONNECTIONS,
                max_request_body_size=sys.maxsize,
                ident="hypervisor-emulator",
                clear_untrusted_proxy_headers=True,
            )
        except OSError as error:
            raise StartError(_cannot_listen(host, port, error)) from None
        self._server.channel_class = _Channel
        self._server.is_draining = False
        self.port: int = int(self._server.effective_port)
        self.url = f"http://{_in_url(host)}:{self.port}"

    def run(self, tick: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop` is called (by a signal handler, or another thread), then answer what was accepted.

        `tick` is called at least once a second.
        """
        while not self._stopping:
            self._turn(1.0)
            tick()
        self._drain()

    def stop(self) -> None:
        """Ask `run` to end. Safe in a signal handler and from any thread."""
        with self._ending:  # the trigger must not be closed between the two
            if not self._stopping:
                self._stopping = True
                self._server.pull_trigger()

    def _drain(self) -> None:
        until = time.monotonic() + DRAIN_SECONDS
        self._take_in()
        self._server.is_draining = True
        wasyncore.dispatcher.close(self._server)  # no new connections; the trigger stays, for the threads
        quiet_at = 0.0
        while (now := time.monotonic()) < until and (self._is_busy() or now < quiet_at):
            if self._is_busy():
                quiet_at = now + QUIET_SECONDS
            self._turn(0.02)
        self._server.task_dispatcher.shutdown(timeout=0.1)
        with self._ending:
            wasyncore.close_all(self._map, ignore_all=True)

    def _take_in(self) -> None:
        """Accept the connections that wait already, and read the requests that have arrived."""
        until = time.monotonic() + TAKE_IN_SECONDS
        waiting = select.poll()
        waiting.register(self._server.socket, select.POLLIN)
        while waiting.poll(0) and time.monotonic() < until:
            self._turn(0)
        self._turn(0)

    def _turn(self, timeout: float) -> None:
        """Serve what is there, after waiting for it for so many seconds."""
        # not with select: it breaks on file number 1024
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._map, count=1)

    def _is_busy(self) -> bool:
        channels = self._server.active_channels.values()
        return any(channel.requests or channel.total_outbufs_len for channel in channels)


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket for the first address of this name; OSError when it cannot be had."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    reason = error.strerror or error
    return f"cannot listen on {host} port {port}: {reason}; choose another with --port (0 takes a free one)"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
