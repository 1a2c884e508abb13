"""granian as the server: more requests for the same CPU, for clients that do not dawdle.

It serves in processes of its own, which this one watches and ends. What it cannot do stands in docs/emulator.md.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from emulator.app import create_app
from emulator.errors import NO_ANSWER, StartError
from emulator.serving.server import BACKLOG, THREADS, Application
from emulator.serving.workers import TICK, hear, ignore_stops
from emulator.settings import MEMORY, Settings
from emulator.worlds import Worlds

LOOK = 0.02
"""Seconds between two looks at whether it answers."""

PATIENCE = 1
"""Seconds that accepted requests may take after a stop was asked for."""

TAKE_IN_SECONDS = 0.3
"""From a signal until granian is told to stop."""

NO_REQUEST = b"?\r\n\r\n"
"""granian answers this by itself: no application sees it, and no log."""


def check() -> None:
    """StartError when granian is not installed."""
    try:
        import granian  # noqa: F401, PLC0415 - an extra
    except ModuleNotFoundError:
        raise StartError("--server granian needs granian: pip install 'hypervisor-emulator[granian]'") from None


class Server:
    """So many processes of granian, in the place of a socket that listens.

    `announce` is called when they answer, and they stop when `goes_on` no longer holds.
    """

    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        workers: int,
        announce: Callable[[], None],
        goes_on: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._address = listener.getsockname()[:2]
        self._place = _hold(listener)
        self._workers = workers
        self._announce = announce
        self._goes_on = goes_on
        self._is_ready = False
        self._stops = False
        self._granian_stops: Any = None
        self._refused: StartError | None = None

    def run(self) -> None:
        """Serve until a signal says stop, and what was accepted is answered. StartError when nobody could be told."""
        from granian import Granian  # noqa: PLC0415 - an extra
        from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415 - likewise

        address, port = self._address
        server = Granian(
            "emulator",
            address=address,
            port=port,
            interface=Interfaces.WSGI,
            http=HTTPModes.http1,
            workers=self._workers,
            respawn_failed_workers=self._settings.store != MEMORY,  # another would begin anew
            workers_kill_timeout=PATIENCE,
            blocking_threads=THREADS,
            backlog=BACKLOG,
            websockets=False,
            log_enabled=False,
        )
        _after(LOOK, self._look)
        try:
            server.serve(target_loader=partial(_application, self._settings), wrap_loader=False)
        finally:
            ignore_stops()
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._place.close()
        if self._refused:
            raise self._refused

    def _look(self) -> None:
        """What is to be done now and then; at its end the timer is set anew."""
        if not self._is_ready and self._answers():
            self._is_ready = True
            self._granian_stops = signal.getsignal(signal.SIGTERM)
            hear(self._stop_soon)
            try:
                self._announce()
            except StartError as error:
                self._refused = error
                self._stop_soon()
        elif self._stops and callable(self._granian_stops):
            self._granian_stops(signal.SIGTERM, None)
        elif not self._goes_on():
            self._stop_soon()
        _after(TAKE_IN_SECONDS if self._stops else TICK if self._is_ready else LOOK, self._look)

    def _stop_soon(self) -> None:
        """Give granian time to read what was sent before: it closes connections that it has not read from."""
        if not self._stops:
            self._stops = True
            _after(TAKE_IN_SECONDS, self._look)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(self._address, TICK) as connection:
                connection.sendall(NO_REQUEST)
                return connection.recv(1) != b""
        except OSError:
            return False


def _after(seconds: float, look: Callable[[], None]) -> None:
    """Call this after so many seconds, in place of what was to be called: by a timer, since granian forks."""
    signal.signal(signal.SIGALRM, lambda *_: look())
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _hold(listener: socket.socket) -> socket.socket:
    """A socket that keeps the address of one that listened until then; granian's are beside it, and listen."""
    place = socket.socket(listener.family, listener.type)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    address = listener.getsockname()
    listener.close()
    place.bind(address)
    return place


def _application(settings: Settings) -> Application:
    """In a process of granian: the application over a store of its own, or that of all; it ends with its parent."""
    _watch(os.getppid())
    return silent_in_doubt(create_app(settings, Worlds(settings)))


def _watch(parent: int) -> None:
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
    _after(TICK, lambda: _watch(parent))


class _Cut:
    """A body that ends before it has begun: granian closes the connection, and has sent nothing."""

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        raise ConnectionAbortedError("a request gets no answer")

    def close(self) -> None:
        """Called by whoever reads the body."""


def silent_in_doubt(application: Application) -> Application:
    """The application; where it must not answer, the connection is closed without one."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        body = application(environ, start_response)
        if environ.get(NO_ANSWER):
            start_response("503 Service Unavailable", [("Content-Length", "1")])
            return _Cut()
        return body

    return answer
