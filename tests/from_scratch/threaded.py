"""The rack behind HTTP/1.1, by the server of the standard library: a thread for each connection, which it keeps."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.from_scratch.dispatch import Dispatcher
from tests.from_scratch.rack import Rack

PATIENCE = 8 * 1024 * 1024
"""Bytes of a body that is too large which are read all the same, so that the client gets to read the answer."""


class BadFraming(Exception):
    """It cannot be told where the request ends."""


class _Server(ThreadingHTTPServer):
    def __init__(self, dispatcher: Dispatcher, manners: frozenset[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.dispatcher = dispatcher
        self.manners = manners

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is its own affair."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "rack/7"
    wbufsize = (
        -1
    )  # an answer goes out whole: in two pieces, the second waits for the client's system to confirm the first

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        try:
            body = self._body()
        except BadFraming as error:
            self.close_connection = True
            self._answer(400, {"error": [str(error)]}, {})
            return
        assert isinstance(self.server, _Server)
        media_type = self.headers.get("Content-Type")
        self._answer(*self.server.dispatcher.answer(self.command, self.path, media_type, body))

    def _body(self) -> bytes:
        coding, lengths = self.headers.get("Transfer-Encoding"), self.headers.get_all("Content-Length", [])
        if coding and lengths:
            raise BadFraming("Content-Length and Transfer-Encoding exclude each other")
        if coding:
            if coding.strip().lower() != "chunked":
                raise BadFraming("only chunks are known here")
            return self._chunks()
        if len(set(lengths)) > 1 or not all(re.fullmatch("[0-9]{1,15}", length.strip()) for length in lengths):
            raise BadFraming("Content-Length is no number")
        length = int(lengths[0]) if lengths else 0
        if length > PATIENCE:
            self.close_connection = True
        return self.rfile.read(min(length, PATIENCE))

    def _chunks(self) -> bytes:
        body = b""
        while True:
            line = self.rfile.readline(100)
            size = line.partition(b";")[0].strip()
            if not re.fullmatch(b"[0-9A-Fa-f]{1,8}", size):
                raise BadFraming("a chunk has no size")
            chunk = self.rfile.read(int(size, 16))
            if not chunk:
                break
            body += chunk
            if self.rfile.read(2) != b"\r\n" or len(body) > PATIENCE:
                raise BadFraming("a chunk does not end where it should")
        while self.rfile.readline(1000) not in (b"\r\n", b"\n", b""):
            pass
        return body

    def _answer(self, status: int, value: Any, headers: dict[str, str]) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value, indent=1).encode()
        content = b"" if value is None else content
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        if content and "content-type" not in headers:
            self.send_header("content-type", "application/json")
        in_chunks = "chunks" in self._manners and content and self.request_version == "HTTP/1.1"
        if in_chunks:
            self.send_header("transfer-encoding", "chunked")
        elif status != 204:
            self.send_header("content-length", str(len(content)))
        if "closes" in self._manners:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(_chunked(content) if in_chunks else content)

    @property
    def _manners(self) -> frozenset[str]:
        assert isinstance(self.server, _Server)
        return self.server.manners

    def log_message(self, *_: Any) -> None:
        """No log."""


def _chunked(content: bytes) -> bytes:
    pieces = [content[start : start + 7] for start in range(0, len(content), 7)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


@contextmanager
def serve(
    hosts: tuple[tuple[str, ...], ...],
    flaws: frozenset[str] = frozenset(),
    manners: frozenset[str] = frozenset(),
    delay: float = 0.02,
) -> Iterator[str]:
    """The server, until the block ends; its URL.

    `manners`: `chunks` for bodies in chunks, `closes` for an end of the connection after each answer. `delay` is what
    an action takes, in seconds.
    """
    server = _Server(Dispatcher(Rack(flaws, delay), hosts, flaws), manners)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
