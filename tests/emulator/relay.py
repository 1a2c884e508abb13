"""A wire between an emulator and PostgreSQL that can be cut at the worst moment: around a COMMIT."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

BEFORE, AFTER, FOR_GOOD = "before the commit", "after the commit", "after the commit, and nothing is reached any more"


class Relay:
    """Passes bytes on in both directions. Once armed it cuts the connection on which the next COMMIT is sent."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.armed: str | None = None
        self._is_gone = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_at(self, moment: str) -> None:
        """Cut the connection of the next COMMIT."""
        self.armed = moment

    def restore(self) -> None:
        """Let connections in again."""
        self._is_gone = False

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._is_gone:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                wire = _Wire(client, server)
                threading.Thread(target=self._ask, args=(wire,), daemon=True).start()
                threading.Thread(target=self._answer, args=(wire,), daemon=True).start()

    def _ask(self, wire: _Wire) -> None:
        """From the client to the server, up to a COMMIT that is to be cut off."""
        with suppress(OSError):
            while data := wire.client.recv(65536):
                if self.armed and b"COMMIT\0" in data:  # not that of READ COMMITTED
                    wire.cut, self.armed = self.armed, None
                    if wire.cut == BEFORE:
                        break
                wire.server.sendall(data)
        wire.close()

    def _answer(self, wire: _Wire) -> None:
        """From the server to the client, but for the answer to that COMMIT."""
        with suppress(OSError):
            while data := wire.server.recv(65536):
                if wire.cut is not None:
                    self._is_gone = wire.cut == FOR_GOOD
                    break
                wire.client.sendall(data)
        wire.close()


@dataclass
class _Wire:
    """One connection, and how it is to be cut."""

    client: socket.socket
    server: socket.socket
    cut: str | None = None

    def close(self) -> None:
        """Cut it, if it is not yet."""
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def relay(port: int) -> Iterator[Relay]:
    """A wire to that port, until the block ends."""
    wire = Relay(port)
    try:
        yield wire
    finally:
        wire.close()
