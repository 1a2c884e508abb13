"""HTTP as bytes on a socket, for what a well-behaved client would mend or refuse to send."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import select

from emulator.memory import MemoryStore
from emulator.sql.store import SqlStore
from emulator.sql.tables import mark, metadata
from tests.emulator.conftest import Running
from tests.patience import PATIENCE


@dataclass(frozen=True)
class Answer:
    """A response; names of headers are in lower case, values of one name joined by commas."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def messages(self) -> list[str]:
        """The messages of an error, once its shape has been checked."""
        assert self.headers["content-type"] == "application/json", self
        content = self.json()
        assert list(content) == ["error"], content
        assert content["error"], content
        for message in content["error"]:
            assert isinstance(message, str), content
            assert message, content
        return list(content["error"])


class Connection:
    """One TCP connection to an emulator."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._reader = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._reader.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def answer(self, *, has_body: bool = True) -> Answer | None:
        """The next response, interim ones included; None when the server has hung up."""
        status_line = self._reader.readline()
        if not status_line:
            return None
        status = int(status_line.split()[1])
        headers: dict[str, str] = {}
        while line := self._reader.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = ", ".join([*filter(None, [headers.get(name.lower())]), value.strip()])
        length = int(headers.get("content-length", "0")) if has_body else 0
        return Answer(status, headers, self._reader.read(length))

    def is_closed(self) -> bool:
        """Whether the server hangs up, after nothing more."""
        return self._reader.read(1) == b""


def request(
    method: str, target: str | bytes, body: bytes = b"", headers: Mapping[str, str | None] | None = None
) -> bytes:
    """A request as bytes. A body is sent as JSON and with its length, unless the headers say otherwise.

    A header that is None is left out.
    """
    fields: dict[str, str | None] = {"Host": "127.0.0.1"}
    if body:
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    fields.update(headers or {})
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    path = target.encode() if isinstance(target, str) else target
    return b"%s %s HTTP/1.1\r\n%s\r\n%s" % (method.encode(), path, lines.encode("latin-1"), body)


TABLES = [table for table in metadata.sorted_tables if table is not mark]


def send(emulator: Running, data: bytes, *, has_body: bool = True) -> Answer:
    """Send bytes on a connection of their own, and answer the response to them."""
    with Connection(emulator.port) as connection:
        connection.send(data)
        answer = connection.answer(has_body=has_body)
        assert answer is not None, "the server hung up"
        return answer


def snapshot(emulator: Running) -> str:
    """All that the emulator's world remembers, as text to compare."""
    store = emulator.world.store
    if isinstance(store, SqlStore):
        return repr(store.alone(lambda connection: [connection.execute(select(table)).all() for table in TABLES]))
    assert isinstance(store, MemoryStore)
    with store.unit():
        return repr((store._organizations, list(store._holders), store._strays, len(store._index)))


@contextmanager
def unchanged(emulator: Running) -> Iterator[None]:
    """Check that what happens inside changes nothing."""
    before = snapshot(emulator)
    yield
    assert snapshot(emulator) == before
