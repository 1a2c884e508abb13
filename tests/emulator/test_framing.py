"""Requests that are no HTTP, or strange HTTP: refused or served by the book, and nobody else held up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.settings import Settings
from tests.emulator.conftest import DOCUMENTED, EXAMPLE, VACANT, Running, running
from tests.emulator.raw_http import Connection, request, send, unchanged

IMPORT = f"{VACANT}/properties".encode()
POST = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" % IMPORT
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
DELETE = f"DELETE {DOCUMENTED} HTTP/1.1\r\nHost: x\r\n".encode()
MEBIBYTE = 1024 * 1024

NO_HTTP = {
    "no request line": b"rubbish\r\n\r\n",
    "no target": b"GET\r\n\r\n",
    "an empty target": b"GET  HTTP/1.1\r\n\r\n",
    "two spaces": b"DELETE  %s HTTP/1.1\r\n\r\n" % DOCUMENTED.encode(),
    "a lower-case method": DELETE.replace(b"DELETE", b"delete") + b"\r\n",
    "a mixed-case method": DELETE.replace(b"DELETE", b"Delete") + b"\r\n",
    "a method with a bracket": DELETE.replace(b"DELETE", b"DE[ETE") + b"\r\n",
    "no version number": DELETE.replace(b"HTTP/1.1", b"HTTP/") + b"\r\n",
    "another protocol": DELETE.replace(b"HTTP/1.1", b"ICY/1.1") + b"\r\n",
    "a bracket for an address": b"GET http://[ HTTP/1.1\r\n\r\n",
    "a header without a colon": DELETE + b"rubbish\r\n\r\n",
    "a header without a name": DELETE + b": value\r\n\r\n",
    "a space before the colon": DELETE + b"Accept : x\r\n\r\n",
    "a folded first header": b"GET / HTTP/1.1\r\n folded: yes\r\n\r\n",
    "a bare line feed in a header": DELETE + b"X-A: a\nX-B: b\r\n\r\n",
    "a bare carriage return in a header": DELETE + b"X-A: a\rb\r\n\r\n",
    "a zero in a header": DELETE + b"X-A: a\x00b\r\n\r\n",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length with a plus": POST + b"Content-Length: +2\r\n\r\n[]",
    "a length in hexadecimal": POST + b"Content-Length: 0x2\r\n\r\n[]",
    "a length in words": POST + b"Content-Length: two\r\n\r\n[]",
    "an empty length": POST + b"Content-Length: \r\n\r\n[]",
    "a length of 5,000 digits": POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n[]",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[] ",
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n[]",
    "a length and chunks": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
    "chunks and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
    "an unknown encoding": POST + b"Transfer-Encoding: gzip\r\n\r\n[]",
    "an encoding before chunks": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
    "an encoding named badly": POST + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
    "a chunk size that is none": CHUNKED + b"zz\r\n[]\r\n0\r\n\r\n",
    "a negative chunk size": CHUNKED + b"-2\r\n[]\r\n0\r\n\r\n",
    "a chunk size with 0x": CHUNKED + b"0x2\r\n[]\r\n0\r\n\r\n",
    "a chunk size with a space": CHUNKED + b"2 \r\n[]\r\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED + b"1\r\n[]\r\n0\r\n\r\n",
    "a bad chunk extension": CHUNKED + b"2;\x01\r\n[]\r\n0\r\n\r\n",
}


@pytest.fixture(scope="module")
def target() -> Iterator[Running]:
    """One emulator for all refusals: none of them may leave a trace."""
    with running(Settings(seeds=(EXAMPLE,), clock="frozen")) as emulator:
        yield emulator


@pytest.mark.parametrize("name", NO_HTTP)
def test_what_is_no_http_gets_400_and_the_connection_ends(target: Running, name: str) -> None:
    """Bad framing is refused in the error's shape; what follows on the connection is not read."""
    with unchanged(target), Connection(target.port) as connection:
        connection.send(NO_HTTP[name])
        answer = connection.answer()
        assert answer is not None
        assert answer.status == 400
        assert answer.messages()
        assert connection.is_closed()
    assert target.request("GET", DOCUMENTED).status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        DELETE + b"X-Long: " + b"x" * 300_000 + b"\r\n\r\n",
        b"DELETE /" + b"x" * 300_000 + b" HTTP/1.1\r\n\r\n",
        DELETE + b"X-Many: x\r\n" * 30_000 + b"\r\n",
    ],
    ids=["one header", "the path", "many headers"],
)
def test_a_head_of_300_kb_gets_431(target: Running, data: bytes) -> None:
    """A head that is too long is refused, or the connection is cut while it is still being sent."""
    with unchanged(target), Connection(target.port) as connection:
        try:
            connection.send(data)
            answer = connection.answer()
        except ConnectionError:
            answer = None
    assert answer is None or answer.status == 431
    assert target.request("GET", DOCUMENTED).status_code == 200


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00" * 100, b"PRI * HTTP/2.0"])
def test_another_protocol_is_no_server_error(target: Running, data: bytes) -> None:
    """A client that speaks TLS, zeros or HTTP/2 is told so, or cut off."""
    with Connection(target.port) as connection:
        connection.send(data + b"\r\n\r\n")
        answer = connection.answer()
    assert answer is None or answer.status in {400, 404, 405}
    assert target.request("GET", DOCUMENTED).status_code == 200


def test_chunks_are_a_body(emulator: Running) -> None:
    """A body in chunks of any size, with extensions and trailers, is read like one of known length."""
    body = b'2;a=b\r\n[{\r\n1e\r\n"key": "a", "value": "b c"}   \r\n00001\r\n]\r\n0\r\nX-Trailer: x\r\n\r\n'
    answer = send(emulator, CHUNKED + body)
    assert (answer.status, answer.json()["properties"]) == (200, [{"key": "a", "value": "b c"}])


def test_no_chunks_are_no_body(target: Running) -> None:
    """A chunked body of nothing is missing where one is required."""
    assert send(target, CHUNKED + b"0\r\n\r\n").status == 400


@pytest.mark.parametrize("size", [MEBIBYTE + 1, 5 * MEBIBYTE])
def test_chunks_over_1_mib_get_413(target: Running, size: int) -> None:
    """The limit holds when the length is not told beforehand."""
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (size, b" " * size)
    with unchanged(target):
        answer = send(target, CHUNKED + chunks)
    assert answer.status == 413
    assert "1 MiB" in answer.messages()[0]


def test_chunks_of_1_mib_are_taken(emulator: Running) -> None:
    """The limit itself is not over the limit, in many chunks."""
    chunks = b"8000\r\n%s\r\n" % (b" " * 0x8000) * 31 + b"8000\r\n%s[]\r\n0\r\n\r\n" % (b" " * 0x7FFE)
    assert send(emulator, CHUNKED + chunks).status == 200


def test_pipelined_requests_are_answered_in_order(emulator: Running) -> None:
    """Requests sent at once on one connection take effect and are answered one after the other."""
    paths = [("PUT", "/_pause"), ("GET", ""), ("PUT", "/_off"), ("PUT", "/_off"), ("GET", "/vnc"), ("DELETE", "")]
    with Connection(emulator.port) as connection:
        connection.send(b"".join(request(method, DOCUMENTED + suffix) for method, suffix in paths))
        answers = [connection.answer() for _ in paths]
    assert [answer and answer.status for answer in answers] == [202, 200, 202, 409, 409, 204]


def test_a_refused_body_does_not_spoil_the_next_request(emulator: Running) -> None:
    """After a body that was refused, or not read, the connection goes on with the next request."""
    with Connection(emulator.port) as connection:
        connection.send(request("POST", VACANT, b"x" * 2 * MEBIBYTE) + request("GET", DOCUMENTED, b"DELETE / HTTP/1.1"))
        connection.send(request("POST", VACANT, b"{") + request("GET", DOCUMENTED))
        answers = [connection.answer() for _ in range(4)]
    assert [answer and answer.status for answer in answers] == [413, 200, 400, 200]
