"""Lawful HTTP that clients seldom use, and connections that go on: after a refusal, in pipelines, slowly.

The contract asks that whatever is sent is answered without a 5xx and that others are served (robustness.*). That a body
which nobody read is not taken for the next request belongs to the latter: who comes next may be another client, behind
the same proxy. How lawful but rare forms are answered the contract leaves open; what differs is noted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

from contract_tests.checks.robustness import GOES_ON, NO_5XX, OF_HTTP, Onlooker, importing
from contract_tests.running.bench import Bench
from contract_tests.running.outcomes import Finding
from contract_tests.running.registry import check
from contract_tests.running.target import Level
from contract_tests.sending.lines import PLAIN_PATIENCE, Heard, Lines
from contract_tests.sending.raw import End, Message
from contract_tests.sending.replies import LostReplyError, Reply

JSON = b"Content-Type: application/json"
KEPT, TOO_LARGE = "properties.values-kept", "errors.too-large"
LARGE = 1024 * 1024 + 512 * 1024
"""Bytes of a body that is larger than a server takes."""

HUGE = 64 * 1024 * 1024
"""Bytes of a body that is announced and never sent."""


@dataclass(frozen=True, slots=True)
class Place:
    """A host with a running machine, and how it is read and written."""

    bench: Bench
    lines: Lines
    root: str
    state: str
    plain: int
    importing: str | None

    def no_server_error(self, what: str, heard: Heard) -> bool:
        """Judge an answer by its class alone. Whether it was fine."""
        status = heard.status or 0
        if heard.reply is None or status in OF_HTTP:
            self.bench.ledger.notes.append(f"{what}: {heard}")
            return heard.reply is not None
        if status < 500 or status == 503:
            self.bench.ledger.hold((NO_5XX,))
            return True
        expected = "no 5xx, whatever is sent"
        self.bench.ledger.breach(Finding((NO_5XX,), what, expected, str(heard), heard.number, heard.curl))
        return False


def _running(bench: Bench) -> Place:
    running = next(name for name, state in bench.contract.lifecycle.states.items() if state.guest_runs)
    now = bench.navigator.bring(bench.host, running)
    operation = importing(bench)
    root = bench.host.path(bench.shown.reading.path)
    path = bench.host.path(operation.path) if operation else None
    lines = Lines(bench.client)
    lines.measure(root)
    return Place(bench, lines, root, now.state, now.reply.status, path)


@check("strange-requests", "lawful requests that clients seldom send", level=Level.FULL, requirements=(NO_5XX, GOES_ON))
def strange_requests(bench: Bench) -> None:
    """Reads in old and rare forms, and two at once; then a read like any other."""
    place = _running(bench)
    onlooker = Onlooker(bench, place.lines, place.root)
    for what, message in _strange(place):
        heard = place.lines.once(message, PLAIN_PATIENCE)
        bench.ledger.figures["examples"] += 1
        if place.no_server_error(what, heard) and heard.status != place.plain:
            bench.ledger.notes.append(f"{what}: {heard}")
        if onlooker.served(what, heard) is None:
            return
    _pipeline(place)


def _strange(place: Place) -> Iterator[tuple[str, Message]]:
    lines, url = place.lines, place.bench.target.url
    plain = lines.message("GET", place.root)
    yield "GET in HTTP/1.0", lines.message("GET", place.root, version="HTTP/1.0")
    old = lines.message("GET", place.root, version="HTTP/1.0")
    yield "GET in HTTP/1.0 without Host", replace(old, fields=old.fields[1:])
    yield "GET of a whole URL", replace(plain, line=f"GET {url}{place.root} HTTP/1.1".encode())
    yield "GET after an empty line", replace(plain, line=b"\r\n" + plain.line)
    yield "GET with a body", lines.message("GET", place.root, JSON, body=b"{}")
    yield "GET with Expect: 100-continue", lines.message("GET", place.root, b"Expect: 100-continue", body=b"{}")
    yield "GET that wants another protocol", lines.message("GET", place.root, b"Upgrade: h2c", b"Connection: upgrade")
    yield "GET of a range", lines.message("GET", place.root, b"Range: bytes=0-0")
    yield "GET of what has changed", lines.message("GET", place.root, b'If-None-Match: "x"')


def _pipeline(place: Place) -> None:
    """Two requests at once: the answers come in their order, or the connection ends after the first."""
    first, second = (place.lines.message(method, place.root) for method in ("GET", "OPTIONS"))
    what = "GET and OPTIONS, sent at once"
    with place.lines.open() as line:
        line.tell(first)
        line.tell(second)
        heard = line.hear(first)
        if place.no_server_error(what, heard) and heard.status != place.plain:
            place.bench.ledger.notes.append(f"{what}: {heard}")
        if heard.closes:
            return
        then = line.hear(second)
    place.no_server_error(what, then)
    if then.end is End.NO_HTTP:
        place.bench.ledger.breach(Finding((GOES_ON,), what, "two answers", str(then), then.number, then.curl))


@check(
    "leftovers",
    "a body that is not read, and then another request",
    level=Level.FULL,
    requirements=(GOES_ON, NO_5XX),
)
def leftovers(bench: Bench) -> None:
    """A request whose body is refused or ignored; the next one on the connection is answered as ever, or it ends."""
    place = _running(bench)
    plain = place.lines.message("GET", place.root)
    for what, message in _with_body(place):
        with place.lines.open(PLAIN_PATIENCE if len(message.body) == LARGE else None) as line:
            first = line.ask(message)
            bench.ledger.figures["examples"] += 1
            place.no_server_error(what, first)
            if first.closes:
                bench.ledger.hold((GOES_ON,))
            else:
                _next(place, what, line.ask(plain))
    _announced(place)


def _with_body(place: Place) -> Iterator[tuple[str, Message]]:
    lines, rubbish = place.lines, b"{]" * 20
    for operation in place.bench.claimed(place.bench.contract.operations.values()):
        if operation.trigger and place.bench.contract.lifecycle.edge(place.state, operation.trigger) is None:
            path = place.bench.host.path(operation.path)
            yield f"{operation.id} with a body", lines.message(operation.method, path, JSON, body=rubbish)
    if place.importing:
        text = b"Content-Type: text/plain"
        yield "an import of text", lines.message("POST", place.importing, text, body=rubbish)
        yield "an import of 1.5 MiB", lines.message("POST", place.importing, JSON, body=b" " * LARGE)


def _next(place: Place, what: str, heard: Heard) -> None:
    if heard.end is End.SILENT:
        place.bench.ledger.notes.append(f"GET after {what}, on the same connection: {heard}")
    elif heard.end is End.CLOSED or heard.status == place.plain:
        place.bench.ledger.hold((GOES_ON,))
    else:
        what = f"GET after {what}, on the same connection"
        expected = f"{place.plain}, or the connection closed: the body before it is no request"
        place.bench.ledger.breach(Finding((GOES_ON,), what, expected, str(heard), heard.number, heard.curl))


def _announced(place: Place) -> None:
    """A large body that never comes: it may be refused, or waited for."""
    if not place.importing:
        return
    message = place.lines.message("POST", place.importing, JSON, b"Content-Length: %d" % HUGE)
    with place.lines.open(place.lines.patience / 4) as line:
        heard = line.ask(message)
        what = "an import that announces 64 MiB"
        place.no_server_error(what, heard)
        Onlooker(place.bench, place.lines, place.root).served(what, heard)


@check("slow-clients", "clients that take their time", level=Level.FULL, requirements=(GOES_ON, NO_5XX))
def slow_clients(bench: Bench) -> None:
    """While one idles, one has sent half a header and one sends its body byte by byte, another is served.

    The contract does not say how many are served at a time: a server that takes one after the other is not blamed for
    waiting, if it goes on when they have gone.
    """
    place = _running(bench)
    message = place.lines.message("GET", place.root, JSON, body=b"[" + b" " * 20 + b"]")
    onlooker = Onlooker(bench, place.lines, place.root)
    with ExitStack() as stack:
        idle, half, slow = (stack.enter_context(place.lines.open()) for _ in range(3))
        idle.ask(place.lines.message("GET", place.root))
        half.tell(message, len(message.line) + 4)
        slow.tell(message, -len(message.body))
        for position in range(4):
            slow.go_on(message.body[position : position + 1])
            if not _served_meanwhile(place):
                break
        else:
            bench.ledger.hold((GOES_ON,))
            half.go_on(message.data[len(message.line) + 4 :])
            slow.go_on(message.body[4:])
            for line in (half, slow):
                place.no_server_error("a request that came slowly", line.hear(message))
    onlooker.served("slow clients")


def _served_meanwhile(place: Place) -> bool:
    begun = place.bench.client.clock.now
    try:
        heard = place.lines.once(place.lines.message("GET", place.root))
    except LostReplyError as error:
        place.bench.ledger.notes.append(f"while slow clients were there: {error}")
        return False
    if heard.reply is None:
        seconds = place.bench.client.clock.now - begun
        place.bench.ledger.notes.append(f"nobody else was served for {seconds:.1f} s while slow clients were there")
    return heard.reply is not None


@check("chunked", "a body in chunks", level=Level.FULL, requirements=(NO_5XX, KEPT, TOO_LARGE))
def chunked(bench: Bench) -> None:
    """An import in chunks is taken as it was sent, or refused; where one is read, one that is too large is refused."""
    operation = importing(bench)
    if operation is None:
        bench.ledger.pass_over((KEPT, TOO_LARGE), "nothing takes a list of properties")
        return
    home = bench.contract.lifecycle.legal_from(str(operation.trigger))[0]
    lines, path = Lines(bench.client), bench.host.path(operation.path)
    place = Place(bench, lines, bench.host.path(bench.shown.reading.path), home, 404, path)
    properties = {"contract-tests": f"in chunks, ünïted {bench.random.getrandbits(32):08x}"}
    data = json.dumps(bench.shown.property_list(properties), ensure_ascii=False).encode()
    what = f"{operation.id} with a body in chunks"
    if _read_in_chunks(place, path, what, data, next(iter(properties.items()))):
        _too_large(place, path, f"{what}, of 1.5 MiB", data)
    bench.navigator.bring(bench.host, home)


def _read_in_chunks(place: Place, path: str, what: str, data: bytes, pair: tuple[str, str]) -> bool:
    """Judge an import with this property. Whether it was read as it was sent; it may be refused as well."""
    ledger = place.bench.ledger
    reply = _in_chunks(place, path, what, data[:20], data[20:])
    if reply is None or not reply.accepted:
        ledger.notes.append(f"{what}: {reply or 'no answer'}")
        ledger.pass_over((KEPT, TOO_LARGE), "a body in chunks was not taken")
        return False
    shown = place.bench.shown.properties(place.bench.navigator.rest(place.bench.host).body)
    expected = f"the property {pair[0]} as it was sent"
    return ledger.require(pair in shown, (KEPT,), what, expected=expected, got=shown, reply=reply)


def _too_large(place: Place, path: str, what: str, data: bytes) -> None:
    reply = _in_chunks(place, path, what, data, b" " * LARGE)
    if reply is None:
        place.bench.ledger.pass_over((TOO_LARGE,), f"{what} was not answered")
        return
    place.bench.ledger.require(reply.status == 413, (TOO_LARGE,), what, expected="413", got=reply, reply=reply)


def _in_chunks(place: Place, path: str, what: str, *parts: bytes) -> Reply | None:
    """Import a body in chunks where there is no instance; the answer, None when none but a 5xx comes."""
    place.bench.navigator.bring(place.bench.host, place.state)
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))
    fields = (JSON, b"Transfer-Encoding: chunked", b"Connection: close")
    heard = place.lines.once(replace(place.lines.message("POST", path, *fields), body=body), PLAIN_PATIENCE)
    return heard.reply if place.no_server_error(what, heard) else None
