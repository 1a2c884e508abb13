"""The rack behind bare streams: HTTP/1.0 answers in one thread, each of which ends its connection."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

from tests.from_scratch.dispatch import Dispatcher
from tests.from_scratch.rack import Rack

LONGEST_HEAD = 64 * 1024
PATIENCE = 8 * 1024 * 1024
"""Bytes of a body that are read at most."""


class Bad(Exception):
    """It is no request; a status for it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Connection:
    def __init__(self, dispatcher: Dispatcher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._dispatcher = dispatcher
        self._reader = reader
        self._writer = writer

    async def serve(self) -> None:
        """One request, one answer, and the end."""
        with suppress(OSError, asyncio.IncompleteReadError):
            try:
                method, target, headers = await self._head()
                body = await self._body(headers)
            except Bad as error:
                await self._say("GET", error.status, {"error": ["that is no request"]}, {})
            else:
                await self._say(method, *self._dispatcher.answer(method, target, headers.get("content-type"), body))
        self._writer.close()

    async def _head(self) -> tuple[str, str, dict[str, str]]:
        try:
            raw = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise Bad(431) from None
        first, *lines = raw.decode("latin-1").split("\r\n")[:-2]
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
            raise Bad(400)
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            known = headers.get(name.lower(), value.strip())
            if not colon or not name or name != name.strip() or (name.lower() in FRAMING and known != value.strip()):
                raise Bad(400)
            headers[name.lower()] = value.strip()
        return words[0], words[1], headers

    async def _body(self, headers: dict[str, str]) -> bytes:
        length, coding = headers.get("content-length", "0"), headers.get("transfer-encoding")
        if (coding and ("content-length" in headers or coding.lower() != "chunked")) or not _is_number(length):
            raise Bad(400)
        if headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not coding:
            return await self._reader.readexactly(min(int(length), PATIENCE))
        body = b""
        while len(body) < PATIENCE:
            size = (await self._line()).partition(b";")[0].strip()
            if not size or size.strip(b"0123456789abcdefABCDEF") or len(size) > 8:
                raise Bad(400)
            if int(size, 16) == 0:
                while await self._line():
                    pass
                return body
            body += await self._reader.readexactly(int(size, 16))
            if await self._line():
                raise Bad(400)
        raise Bad(400)

    async def _line(self) -> bytes:
        try:
            return (await self._reader.readuntil(b"\r\n"))[:-2]
        except asyncio.LimitOverrunError:
            raise Bad(400) from None

    async def _say(self, method: str, status: int, value: Any, headers: dict[str, str]) -> None:
        content = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
        lines = [f"HTTP/1.0 {status} {HTTPStatus(status).phrase}", "X-POWERED-BY: patience"]
        lines += [f"{name.upper()}: {text}" for name, text in headers.items()]
        if content and "content-type" not in headers:
            lines.append("CONTENT-TYPE: application/json; charset=UTF-8")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self._writer.write(head if method == "HEAD" else head + content)
        await self._writer.drain()
        self._writer.write_eof()
        with suppress(TimeoutError):  # what the client still sends is let go, so that it gets to read the answer
            async with asyncio.timeout(0.2):
                while await self._reader.read(65536):
                    pass


FRAMING = ("content-length", "transfer-encoding", "host")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16


@contextmanager
def serve(hosts: tuple[tuple[str, ...], ...], flaws: frozenset[str] = frozenset()) -> Iterator[str]:
    """The server, until the block ends; its URL."""
    dispatcher = Dispatcher(Rack(flaws, delay=0.005), hosts, flaws)
    ready, ended, found = threading.Event(), asyncio.Event(), list[Any]()

    async def main() -> None:
        async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _Connection(dispatcher, reader, writer).serve()

        server = await asyncio.start_server(serve_one, "127.0.0.1", 0, limit=LONGEST_HEAD)
        found.extend([asyncio.get_running_loop(), server.sockets[0].getsockname()[1]])
        ready.set()
        async with server:
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    ready.wait(10)
    loop, port = found
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(timeout=10)
