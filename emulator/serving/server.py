"""The production server: waitress inside this process, with a clean stop.

Waitress takes a request from its socket only when it is whole, so slow clients hold up nobody. Where it would break
on a request, or drop the connection of a client that deserves an answer, the parser here says 400 or reads on.
"""

from __future__ import annotations

import logging
import resource
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

import orjson
from waitress import wasyncore
from waitress.buffers import OverflowableBuffer
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.server import create_server
from waitress.task import ErrorTask, WSGITask

from emulator.errors import HEADER_CASE, LAST_ANSWER, NO_ANSWER, StartError
from emulator.serving.watching import Watch
from emulator.worlds import MOST_STATE, STATE

Application = Callable[..., Any]

THREADS = 8
CONNECTIONS = 10_000
"""At most; fewer where a process may have fewer open files."""

OTHER_FILES = 100
"""Open files that are no connections: code, logs, a database."""

BACKLOG = 1024
KEPT_BODY = 2 * 1024 * 1024
"""Bytes of a body that are kept for the application. It takes less, and refuses the whole by its length."""

DRAIN_SECONDS = 0.8
"""How long accepted requests may take to be answered after a stop was asked for."""

QUIET_SECONDS = 0.05
"""How long a client that keeps its connection may take to its next request, to be told then to go."""

TAKE_IN_SECONDS = 0.2
"""How much of that may pass while connections that came before the stop are accepted."""


# It would tell every waiting request on standard error, in the middle of the access log.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def _nothing() -> None:
    """What happens where nothing has to."""


class _Body(OverflowableBuffer):
    """A body, in memory: its beginning is kept, the rest is read and counted, so that the client gets its answer."""

    def __init__(self, most: int) -> None:
        super().__init__(overflow=sys.maxsize)
        self._most = most
        self._let_go = 0

    def append(self, data: bytes) -> None:
        kept = data[: max(self._most - super().__len__(), 0)]
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
            self.body_rcv.buf = _Body(MOST_STATE if self.path.endswith(STATE) else KEPT_BODY)


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


class _Task(WSGITask):
    """Writes an answer: the last of its connection while the server drains, or when the application says so.

    The application may also say how the names of headers are written.
    """

    environ: dict[str, Any] | None

    def build_response_header(self) -> bytes:
        environ = self.environ or {}
        if environ.get(LAST_ANSWER) or self.channel.server.is_draining:  # it may have begun before the end did
            self.request.headers["CONNECTION"] = "close"
        header = bytes(super().build_response_header())
        case = environ.get(HEADER_CASE)
        return header if case is None else _WRITTEN[case](header)


def _renamed(write: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Writes the names of headers, and leaves the rest as it is."""

    def rename(header: bytes) -> bytes:
        first, *lines = header.split(b"\r\n")
        pairs = [line.partition(b":") for line in lines]
        return b"\r\n".join([first, *(write(name) + colon + value for name, colon, value in pairs)])

    return rename


_WRITTEN: Mapping[str, Callable[[bytes], bytes]] = {
    "lower": _renamed(bytes.lower),
    "upper": _renamed(bytes.upper),
    "title": bytes,
}


class _Channel(HTTPChannel):
    """A connection."""

    parser_class = _Parser
    task_class = _Task
    error_task_class = _JsonErrorTask

    def check_client_disconnected(self) -> bool:
        """Whether nobody waits for an answer any more: the server stops, or the client has closed its end."""
        if self.server.is_draining or not self.connected:
            return True
        try:
            return not self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def service(self) -> None:
        self.server.serving.channel = self
        super().service()


class Server:
    """A server of one WSGI application, on a socket that listens (see listen)."""

    def __init__(self, application: Application, listener: socket.socket) -> None:
        self.port = int(listener.getsockname()[1])
        self._watch = Watch(_handle)
        self._stopping = False
        self._ending = threading.RLock()
        self._server = create_server(
            _silent_in_doubt(application),
            map=self._watch,
            sockets=[listener],
            threads=THREADS,
            connection_limit=_connections(),
            max_request_body_size=sys.maxsize,
            ident="hypervisor-emulator",
            clear_untrusted_proxy_headers=True,
        )
        self._server.channel_class = _Channel
        self._server.is_draining = False
        self._server.serving = threading.local()
        self._server.pull_trigger = self._ask_again
        dispatcher = self._server.task_dispatcher
        dispatcher.logger = dispatcher.queue_logger  # of its threads it warns too, when they end late on a busy machine

    def run(self, tick: Callable[[], None] = _nothing, dismiss: Callable[[], None] = _nothing) -> None:
        """Serve until `stop` is called (by a signal handler, or another thread), then answer what was accepted.

        `tick` is called at least once a second; `dismiss` once, when the end has begun: what waits for something to
        happen shall answer now.
        """
        while not self._stopping:
            self._turn(1.0)
            tick()
        self._drain(dismiss)

    def stop(self) -> None:
        """Ask `run` to end. Safe in a signal handler and from any thread."""
        with self._ending:  # the trigger must not be closed between the two
            if not self._stopping:
                self._stopping = True
                self._server.trigger.pull_trigger()

    def _drain(self, dismiss: Callable[[], None]) -> None:
        until = time.monotonic() + DRAIN_SECONDS
        self._take_in()
        self._server.is_draining = True
        dismiss()
        wasyncore.dispatcher.close(self._server)  # no new connections; the trigger stays, for the threads
        # what was sent just before the stop may not have arrived yet
        quiet_at = time.monotonic() + QUIET_SECONDS if self._server.active_channels else 0.0
        while (now := time.monotonic()) < until and (self._is_busy() or now < quiet_at):
            if self._is_busy():
                quiet_at = now + QUIET_SECONDS
            self._turn(0.02)
        self._server.task_dispatcher.shutdown(timeout=0.1)
        with self._ending:
            wasyncore.close_all(self._watch, ignore_all=True)
            self._watch.close()

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
        self._watch.ask(self._server._fileno)  # noqa: SLF001 - whether it takes more depends on how many there are
        self._watch.turn(timeout)

    def _ask_again(self) -> None:
        """In a thread that serves: its connection may wait for something else now."""
        self._watch.ask(self._server.serving.channel._fileno)  # noqa: SLF001 - it has no other name

    def _is_busy(self) -> bool:
        channels = self._server.active_channels.values()
        return any(channel.requests or channel.total_outbufs_len for channel in channels)


def _handle(one: Any, events: int) -> None:
    """Let what waitress has open read and write."""
    wasyncore.readwrite(one, select.POLLIN * bool(events & EVENT_READ) | select.POLLOUT * bool(events & EVENT_WRITE))


def make_room() -> None:
    """Let this process have as many open files as connections may need, as far as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _connections() -> int:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return CONNECTIONS if files == resource.RLIM_INFINITY else max(1, min(CONNECTIONS, files - OTHER_FILES))


def _silent_in_doubt(application: Application) -> Application:
    """The application; where it must not answer, the connection is closed as if the client had gone."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        body = application(environ, start_response)
        if environ.get(NO_ANSWER):
            raise ClientDisconnected
        return body

    return answer


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the first address of this name. StartError when it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        reason = error.strerror or error
        message = f"cannot listen on {host} port {port}: {reason}; choose another with --port (0 takes a free one)"
        raise StartError(message) from None
    return listener


def url_of(host: str, listener: socket.socket) -> str:
    """The URL of a server on this socket, which was asked to listen on this host."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
