"""The production server: waitress inside this process, with a clean stop.

Waitress takes a request from its socket only when it is whole, so slow clients hold up nobody.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import orjson
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask

from emulator.errors import StartError

THREADS = 8
CONNECTIONS = 1000
BUFFERED_BODY = 64 * 1024 * 1024
"""Bytes of a body that waitress reads before the application refuses it politely; more it refuses itself."""

DRAIN_SECONDS = 0.8
"""How long accepted requests may take to be answered after a stop was asked for."""


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
    error_task_class = _JsonErrorTask


class Server:
    """A bound, listening server of one WSGI application. StartError when the address cannot be had."""

    def __init__(self, application: Callable[..., Any], host: str, port: int) -> None:
        self._map: dict[int, Any] = {}
        self._stopping = False
        try:
            self._server = create_server(
                application,
                map=self._map,
                sockets=[_listen(host, port)],
                threads=THREADS,
                connection_limit=CONNECTIONS,
                max_request_body_size=BUFFERED_BODY,
                ident="hypervisor-emulator",
                clear_untrusted_proxy_headers=True,
            )
        except OSError as error:
            raise StartError(_cannot_listen(host, port, error)) from None
        self._server.channel_class = _Channel
        self.port: int = int(self._server.effective_port)
        self.url = f"http://{_in_url(host)}:{self.port}"

    def run(self, tick: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop` is called (by a signal handler, or another thread), then answer what was accepted.

        `tick` is called at least once a second.
        """
        while not self._stopping:
            wasyncore.loop(timeout=1.0, map=self._map, count=1)
            tick()
        self._drain()

    def stop(self) -> None:
        """Ask `run` to end. Safe in a signal handler and from any thread."""
        self._stopping = True
        self._server.pull_trigger()

    def _drain(self) -> None:
        wasyncore.dispatcher.close(self._server)  # no new connections; the trigger stays, for the threads
        until = time.monotonic() + DRAIN_SECONDS
        while self._is_busy() and time.monotonic() < until:
            wasyncore.loop(timeout=0.02, map=self._map, count=1)
        self._server.task_dispatcher.shutdown(timeout=0.1)
        wasyncore.close_all(self._map, ignore_all=True)

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
