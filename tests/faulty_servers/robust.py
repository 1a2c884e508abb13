"""Faults in what is no HTTP, in what is strange HTTP, and in how the server goes on after it."""

from __future__ import annotations

import json
import re

from tests.faulty_servers.faults import fault
from tests.faulty_servers.front import Twist, Twister, fronted
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal

_IS_HTTP = re.compile(rb"\A(\r?\n)*\S+ \S+ HTTP/")
FRAMING = ("framing",)


def _answer(status: str, body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _error(message: str) -> bytes:
    return json.dumps({"error": [message]}).encode()


@fronted("robustness.bad-framing", only=FRAMING)
def rubbish_breaks_the_server() -> Twister:
    """500 for what is no request."""
    return lambda data: Twist() if _IS_HTTP.match(data) else Twist(_answer("500 Internal Server Error"))


@fronted("robustness.bad-framing", only=FRAMING)
def rubbish_is_welcome() -> Twister:
    """200 for what is no request."""
    return lambda data: Twist() if _IS_HTTP.match(data) else Twist(_answer("200 OK", b"{}"))


@fronted("robustness.bad-framing", only=FRAMING)
def a_bad_length_breaks_the_server() -> Twister:
    """500 for a Content-Length that is negative."""
    return lambda data: Twist(_answer("500 Internal Server Error") if b"Content-Length: -" in data else None)


@fronted("robustness.bad-framing", only=FRAMING)
def a_word_for_a_length_is_welcome() -> Twister:
    """An import with a Content-Length that is a word is taken, as if it said 2."""

    def twist(data: bytes) -> Twist:
        return Twist(passed=data.replace(b"Content-Length: two", b"Content-Length: 2"))

    return twist


@fronted("robustness.goes-on", only=FRAMING)
def rubbish_ends_the_server() -> Twister:
    """After what is no request nobody gets an answer any more."""
    gone: list[bytes] = []

    def twist(data: bytes) -> Twist:
        if not _IS_HTTP.match(data):
            gone.append(data)
        return Twist(b"" if gone else None)

    return twist


@fronted("robustness.goes-on", only=("leftovers",))
def a_refused_body_is_read_as_a_request() -> Twister:
    """415 without reading the body, and the connection goes on with it."""

    def twist(data: bytes) -> Twist:
        head, _, body = data.partition(b"\r\n\r\n")
        if b"text/plain" not in head:
            return Twist()
        return Twist(first=_answer("415 Unsupported Media Type", _error("no")), passed=body)

    return twist


@fronted("http.head", only=("reading", "bodiless"))
def head_has_a_body() -> Twister:
    """The answer to HEAD has a body after all."""
    return lambda data: Twist(after=lambda _: b'{"error": ["no"]}' if data.startswith(b"HEAD") else b"")


@fronted("operations.delete-code", only=("bodiless",))
def no_content_has_content() -> Twister:
    """The answer 204 is followed by a body."""
    return lambda _: Twist(after=lambda last: b"{}" if last.startswith(b"HTTP/1.1 204") else b"")


@fronted("properties.values-kept", only=("chunked",))
def chunks_are_lost() -> Twister:
    """An import in chunks is taken for an empty list."""

    def twist(data: bytes) -> Twist:
        head, end, _ = data.partition(b"\r\n\r\n")
        return Twist(
            passed=head.replace(b"Transfer-Encoding: chunked", b"Content-Length: 2") + end + b"[]"
            if b"Transfer-Encoding: chunked" in head
            else None
        )

    return twist


_LAST_CHUNK = b"\r\n0\r\n\r\n"
_CHUNK = re.compile(rb"([0-9a-f]+)\r\n")


@fronted("errors.too-large", only=("chunked",))
def chunks_are_not_counted() -> Twister:
    """A body over 1 MiB is taken when it comes in chunks: only Content-Length is looked at."""

    def twist(data: bytes) -> Twist:
        head, end, chunks = data.partition(b"\r\n\r\n")
        if b"Transfer-Encoding: chunked" not in head or (chunks and not _CHUNK.match(chunks)):
            return Twist()
        if not data.endswith(_LAST_CHUNK):
            return Twist(until=_LAST_CHUNK)
        body = _out_of(chunks).strip()
        length = b"Content-Length: %d" % len(body)
        return Twist(passed=head.replace(b"Transfer-Encoding: chunked", length) + end + body)

    return twist


def _out_of(chunks: bytes) -> bytes:
    """What is in chunks."""
    body = b""
    while (chunk := _CHUNK.match(chunks)) and (size := int(chunk[1], 16)):
        body += chunks[chunk.end() : chunk.end() + size]
        chunks = chunks[chunk.end() + size + 2 :]
    return body


@fault("robustness.no-server-error", options={"only": ("strange-requests",)})
def a_range_breaks_the_server() -> Change:
    """500 for a header that asks for a part."""
    return lambda call, forward: refusal(500, "no") if "HTTP_RANGE" in call.environ else forward(call)


@fault("robustness.no-server-error", options={"only": ("methods", "unknown-methods")})
def an_unknown_method_breaks_the_server() -> Change:
    """500 for a method that nobody knows."""
    return lambda call, forward: refusal(500, "no") if call.method == "FOO" else forward(call)


@fault("errors.method-not-allowed", options={"only": ("methods", "unknown-methods")})
def allow_lists_other_methods() -> Change:
    """405 with an Allow header that names HEAD and OPTIONS only."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status != 405:
            return honest
        return Answer(405, honest.body, (*honest.without("Allow").headers, ("Allow", "HEAD, OPTIONS")))

    return answer


@fault("errors.method-not-allowed", "refused.others", options={"only": ("methods", "unknown-methods")})
def patch_makes_an_instance() -> Change:
    """PATCH, where nothing is, provisions a machine, and says 409."""

    def answer(call: Call, forward: Forward) -> Answer:
        if call.method == "PATCH" and not call.action and forward(call.at("", "GET")).status == 404:
            forward(call.at("", "POST"))
            return refusal(409, "no")
        return forward(call)

    return answer
