"""Requests as bytes, on connections of their own, under the rules of the client: who may be asked, labels, the log.

A read may go anywhere, as with `Client.probe`. Whatever else has a path goes to a host that was named, or to a name
that cannot exist, and needs the level `full`. What is no HTTP has no path, and goes nowhere.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from requests import PreparedRequest
from schemathesis import Response
from schemathesis.core import NOT_SET

from contract import Operation
from contract_tests.judging.answer_checks import Representations, parsed
from contract_tests.running.target import HostName, Level
from contract_tests.sending.accounts import Entry
from contract_tests.sending.client import READING, Client
from contract_tests.sending.exchanges import MAX_ANSWER, redacted, shown
from contract_tests.sending.raw import Answer, Connection, End, Message
from contract_tests.sending.replies import BUSY, BUSY_TRIES, NotAllowedError, Reply, put_off

PATIENCE, SLOWER = 1.0, 8.0
"""Seconds to wait for an answer to a strange request, at least, and how much longer than a plain one it may take. A
server that takes longer is not blamed."""

PLAIN_PATIENCE = 10.0
"""Seconds to wait for an answer to a request that is like any other."""

MADE_UP = re.compile(r"[0-9a-f]{16}$")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back: a reply, or why there is none. `number` is that of the exchange; `curl` repeats it.

    `closes`: there is no use in asking on the same connection again. `put_off`: seconds after which the server wants to
    be asked again, when it could not serve now. `more`: what came after the answer, where that was waited for.
    """

    end: End
    reply: Reply | None
    why: str
    number: int
    curl: str | None
    closes: bool = True
    put_off: float | None = None
    more: bytes = b""

    @property
    def status(self) -> int | None:
        """The status of the answer; None without one."""
        return self.reply.status if self.reply else None

    def __str__(self) -> str:
        return str(self.reply) if self.reply else self.why


class Lines:
    """Opens connections to the server under test, and writes messages for it.

    `patience`: seconds to wait for an answer to a strange request.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.patience = PATIENCE
        self._root = Representations(client.contract).reading.path
        self._url = urlsplit(client.target.url)

    def message(
        self,
        method: str,
        path: str,
        *fields: bytes,
        body: bytes = b"",
        version: str = "HTTP/1.1",
        credentials: Mapping[str, str] | None = None,
    ) -> Message:
        """A request with Host, label and credentials. `path` is encoded already, and comes after the target's own path.

        A body gets a Content-Length. `credentials` None: those of the target.
        """
        let_in = self.client.target.credentials.headers if credentials is None else credentials
        own = {"Host": self._url.netloc, **self.client.labels, **let_in}
        usual = [f"{name}: {value}".encode() for name, value in own.items()]
        if body:
            usual.append(b"Content-Length: %d" % len(body))
        line = f"{method} {self._url.path}{path} {version}".encode("latin-1")
        return Message(line, (*usual, *fields), body)

    @contextmanager
    def open(self, patience: float | None = None) -> Iterator[Line]:
        """A connection of its own. LostReplyError when there is none to be had."""
        with self.client.connect(patience or self.patience) as connection:
            yield Line(self, connection)

    def measure(self, path: str) -> None:
        """Be as patient as this server needs, by the time that it takes to read a path."""
        begun = self.client.clock.now
        self.once(self.message("GET", path), PLAIN_PATIENCE)
        self.patience = min(max(PATIENCE, SLOWER * (self.client.clock.now - begun)), PLAIN_PATIENCE)

    def once(self, message: Message, patience: float | None = None, *, to_the_end: bool = False) -> Heard:
        """Send a message on a connection of its own; again, when the server puts it off: it did nothing yet."""
        for _ in range(BUSY_TRIES - 1):
            heard = self._once(message, patience, to_the_end=to_the_end)
            if heard.put_off is None:
                return heard
            self.client.clock.sleep(heard.put_off)
        return self._once(message, patience, to_the_end=to_the_end)

    def _once(self, message: Message, patience: float | None, *, to_the_end: bool) -> Heard:
        with self.open(patience) as line:
            return line.ask(message, to_the_end=to_the_end)

    def permit(self, message: Message) -> Entry | None:
        """An entry in the journal, for what may make or remove a machine; NotAllowedError for what may not be sent."""
        method, target = message.words
        path = urlsplit(target).path if "://" in target else target
        if not path.startswith("/") or method in READING:
            return None
        path = path.removeprefix(self._url.path)
        host = next((host for host in self.client.target.hosts if path.startswith(self._of(host))), None)
        if host is None and not any(MADE_UP.search(unquote(name)) for name in path.split("/")):
            raise NotAllowedError(f"{method} {path} goes to a host that was not named with --host")
        if self.client.target.level < Level.FULL:
            raise NotAllowedError(f"{method} {path} needs the level {Level.FULL}")
        if host is None:
            return None
        self.client.written.add(host)
        operation = self._operation(method, path, host)
        return self.client.accounts.opened(operation, host, NOT_SET, self.client.check_id) if operation else None

    def _operation(self, method: str, path: str, host: HostName) -> Operation | None:
        operations = self.client.contract.operations.values()
        return next((one for one in operations if (one.method, host.path(one.path)) == (method, path)), None)

    def _of(self, host: HostName) -> str:
        return host.path(self._root)

    def url(self, message: Message) -> str:
        """The address that a message is sent to, as far as it says one."""
        target = message.words[1]
        if target.startswith("/"):
            return f"{self._url.scheme}://{self._url.netloc}{target}"
        return target if "://" in target else self.client.target.url


class Line:
    """One connection; what goes over it is written down."""

    def __init__(self, lines: Lines, connection: Connection) -> None:
        self._lines = lines
        self._connection = connection
        self._entries: dict[Message, Entry] = {}

    def ask(self, message: Message, *, to_the_end: bool = False) -> Heard:
        """Send a message and hear the answer, and what comes after it until the server hangs up or is silent."""
        self.tell(message)
        return self.hear(message, to_the_end=to_the_end)

    def tell(self, message: Message, size: int | None = None) -> None:
        """Send a message, or the first bytes of it."""
        entry = self._lines.permit(message)
        if entry is not None:
            self._entries[message] = entry
        self._connection.send(message.data[:size])

    def go_on(self, data: bytes) -> None:
        """Send bytes that belong to a message which was begun."""
        self._connection.send(data)

    def hear(self, message: Message, *, to_the_end: bool = False) -> Heard:
        """The answer to a message that was sent, and what comes after it where that is asked for."""
        begun = time.monotonic()
        answer = self._connection.hear(message.words[0])
        seconds = time.monotonic() - begun
        more = self._connection.rest(self._lines.patience / 2) if to_the_end and answer.end is End.ANSWERED else b""
        client = self._lines.client
        curl = message.command(client.target.url)
        number = self._log(message, answer, seconds, more)
        if message in self._entries:
            self._entries.pop(message).done(_response(answer))
        if answer.end is not End.ANSWERED:
            return Heard(answer.end, None, answer.why, number, curl)
        text = answer.body.decode(errors="replace")
        headers = {name.lower(): value for name, value in (answer.headers or {}).items()}
        if answer.status in BUSY:
            wait = put_off(headers.get("retry-after"))
            return Heard(End.SILENT, None, f"put off with {answer.status}", number, curl, answer.closes, wait)
        reply = Reply(number, answer.status, headers, parsed(answer.body), text, curl or "", client.clock.now)
        return Heard(End.ANSWERED, reply, "", number, curl, answer.closes, more=more)

    def _log(self, message: Message, answer: Answer, seconds: float, more: bytes) -> int:
        clean, client = message.redacted(), self._lines.client
        row: dict[str, Any] = {
            "check": client.check_id,
            "operation": None,
            "request": {
                "method": message.words[0],
                "url": self._lines.url(message),
                "headers": redacted(clean.headers),
                "body": shown(message.body),
                "raw": shown(clean.data),
            },
            "line": {"end": answer.end.value, "closes": answer.closes, "more": shown(more)},
        }
        if answer.end is not End.ANSWERED:
            return client.log.add(**row, error=answer.why)
        headers = redacted(answer.headers or {})
        body = shown(answer.body, MAX_ANSWER)
        return client.log.add(
            **row,
            response={"status": answer.status, "headers": headers, "body": body, "seconds": round(seconds, 6)},
        )


def _response(answer: Answer) -> Response | None:
    """The answer as other requests have it; None when none came."""
    if answer.end is not End.ANSWERED:
        return None
    headers = {name.lower(): [value] for name, value in (answer.headers or {}).items()}
    return Response(answer.status, headers, answer.body, PreparedRequest(), 0.0, verify=True)
