"""Requests that are no HTTP, or HTTP that is badly framed, each with what the contract lets a server do with it.

What decides is robustness.bad-framing: 'What is no HTTP MUST get 400, 408, 414 or 431, or a closed connection'. Plainly
no HTTP is what has no request line. Of what has one, servers find more or less to be well framed: what is too long is
their own affair, and many look at a length only when they read a body, which a request that is refused anyway does not
need. So such a request may be served too, but is never answered with a 5xx; and what comes with a length or a chunk
size that is none is not taken for a body. Of encodings of a request's body the contract does not speak, and no client
uses any: a server that stumbles over a bad one, as some common libraries do, is not blamed as long as it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from contract_tests.sending.lines import Lines
from contract_tests.sending.raw import Message

KIB = 1024
IMPORTED = b"[]"
JSON = b"Content-Type: application/json"


@dataclass(frozen=True, slots=True)
class BadMessage:
    """A message, and what is wrong with it.

    `readable`: it may be refused with any 4xx, or, when it may be `taken` too, be served. `encoded`: its body is.
    `unfinished`: a server may wait for more of it, and is not waited for long.
    """

    what: str
    message: Message
    readable: bool = True
    taken: bool = True
    encoded: bool = False
    unfinished: bool = False


def bad_messages(lines: Lines, root: str, importing: str | None) -> Iterator[BadMessage]:
    """All of them, for a host by the path of its instance. `importing`: the path that takes a list, if there is one."""
    for what, line in _NO_REQUEST_LINES.items():
        yield BadMessage(what, Message(line), readable=False)
    yield BadMessage(
        "a request line of another protocol", lines.message("GET", root, version="ICY/1.1"), readable=False
    )
    yield from _odd_lines(lines, root)
    for what, fields in _ODD_FIELDS.items():
        yield BadMessage(what, lines.message("GET", root, *fields))
    plain = lines.message("GET", root)
    yield BadMessage("no Host", replace(plain, fields=plain.fields[1:]))
    yield BadMessage("lines that end with a line feed only", replace(plain, newline=b"\n"), unfinished=True)
    if importing:
        yield from _bad_bodies(lines, importing)


_NO_REQUEST_LINES = {
    "a line of words": b"this is no request at all",
    "one word": b"rubbish",
    "bytes of another protocol": b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03\x00\xff",
}

_ODD_FIELDS: dict[str, tuple[bytes, ...]] = {
    "a header without a colon": (b"rubbish",),
    "a header without a name": (b": value",),
    "a space before the colon of a header": (b"X-Contract-Tests : 1",),
    "a zero byte in a header": (b"X-Contract-Tests: a\0b",),
    "bytes in a header that are not ASCII": (b"X-Contract-Tests: \xff\xc3\xbc",),
    "a folded header": (b"X-Contract-Tests: a", b" b"),
    "two Hosts": (b"Host: other.example",),
    "a header of 100 KiB": (b"X-Contract-Tests: " + b"a" * 100 * KIB,),
    "200 headers": tuple(b"X-Contract-Tests-%d: 1" % number for number in range(200)),
    "a length that is a word": (b"Content-Length: two",),
    "an expectation that nobody knows": (b"Expect: a-miracle",),
}


def _odd_lines(lines: Lines, root: str) -> Iterator[BadMessage]:
    yield BadMessage("a method that is no token", lines.message("G{}T", root))
    yield BadMessage("a method in lower case", lines.message("get", root))
    yield BadMessage("a version that nobody knows", lines.message("GET", root, version="HTTP/9.9"))
    yield BadMessage("no version", lines.message("GET", root, version=""))
    yield BadMessage("a target that is no path", Message(b"GET rubbish HTTP/1.1", lines.message("GET", root).fields))
    yield BadMessage("a path of 100 KiB", lines.message("GET", f"{root}/{'a' * 100 * KIB}"))


def _bad_bodies(lines: Lines, path: str) -> Iterator[BadMessage]:
    def message(body: bytes, *fields: bytes) -> Message:
        return replace(lines.message("POST", path, JSON, b"Connection: close", *fields), body=body)

    for what, length in (("a word", b"two"), ("negative", b"-2")):
        yield BadMessage(f"a length that is {what}", message(IMPORTED, b"Content-Length: " + length), taken=False)
    yield BadMessage("two lengths that differ", message(IMPORTED + b"\n", b"Content-Length: 2", b"Content-Length: 3"))
    yield BadMessage("a length of 400 digits", message(IMPORTED, b"Content-Length: " + b"9" * 400))
    chunked = b"Transfer-Encoding: chunked"
    yield BadMessage(
        "a length and chunks", message(b"2\r\n[]\r\n0\r\n\r\n", b"Content-Length: 2", chunked), encoded=True
    )
    yield BadMessage("an encoding that nobody knows", message(IMPORTED, b"Transfer-Encoding: rot13"), encoded=True)
    for what, body in _BAD_CHUNKS.items():
        yield BadMessage(what, message(body, chunked), taken=False, encoded=True)


_BAD_CHUNKS = {
    "a chunk whose size is a word": b"zz\r\n[]\r\n0\r\n\r\n",
    "a chunk with a negative size": b"-2\r\n[]\r\n0\r\n\r\n",
}
