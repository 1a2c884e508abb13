"""Every request and its answer, written as they happen, one JSON object a line, without secrets."""

from __future__ import annotations

import base64
import json
import re
import shlex
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from typing import IO, Any, Protocol

from requests import PreparedRequest

from contract_tests.running.near_misses import told_of
from contract_tests.running.target import APP_KEY_HEADER, Credentials, basic_pair
from contract_tests.sending.clock import Clock
from contract_tests.sending.spelling import format_of

CLEANING = "clean-up"
"""What stands in place of a check while a run cleans up."""

MAX_BODY = 16 * 1024
"""Bytes of a body that are kept of a request; of a longer one the beginning, and its length."""

MAX_ANSWER = 1024 * 1024
"""The same for answers. They are evidence: whoever judges the exchanges again needs the whole of them."""

HIDDEN, OWN_USER = "[redacted]", "[user]:"
"""What stands in place of a secret, and before a password that is not the right one of the run's own user."""

_ASKED_FOR = ("authorization", APP_KEY_HEADER.lower())
_SECRET = re.compile(r"^(?:authorization|proxy-authorization|cookie|set-cookie|" + APP_KEY_HEADER + ")$", re.IGNORECASE)
_OF_NO_INTEREST = frozenset({"accept-encoding", "accept", "connection", "content-length", "user-agent"})


class Numbers(Protocol):
    """A counter that several processes may share: `value` under a lock."""

    value: int

    def get_lock(self) -> AbstractContextManager[Any]:
        """Held while a number is taken and its line written, so that the file is in order."""


class Log(Protocol):
    """Where exchanges are written down. `count` is the number of the last, from 1."""

    count: int
    clock: Clock

    def add(self, **what: Any) -> int:
        """Write one exchange; its number."""

    def close(self) -> None:
        """There are no more."""


class ExchangeLog:
    """The file exchanges.ndjson. `count` is the number of the last exchange of this writer, from 1.

    Workers write to one file: each line is appended whole, and they share the `numbers`, and when the `clock` started.
    """

    def __init__(self, path: Path, numbers: Numbers | None = None, started: float | None = None) -> None:
        self.numbers: Numbers = numbers or _Numbers()
        self.clock = Clock(started)
        if not self.numbers.value:
            path.write_bytes(b"")
        self._file: IO[str] = path.open("a", encoding="utf-8")
        self.count = 0

    @classmethod
    def after(cls, path: Path, number: int, at: float) -> ExchangeLog:
        """Goes on with a file, after the exchange with this number; a line that was torn after it is cut off.

        `at`: the time of that exchange, from which the clock goes on.
        """
        with path.open("r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
        log = cls(path, _Numbers(number), time.monotonic() - at)
        log.count = number
        return log

    def add(self, **what: Any) -> int:
        """Write one exchange; its number."""
        with self.numbers.get_lock():
            self.numbers.value += 1
            self.count = self.numbers.value
            self.clock.now = self.clock.read()
            row = {"number": self.count, "at": self.clock.now, **what}
            self._file.write(json.dumps(row, ensure_ascii=True) + "\n")
            self._file.flush()  # what was sent must be on disk, whatever happens to this process next
            return self.count

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _Numbers:
    """The counter of a run that has one process; its threads share it."""

    def __init__(self, value: int = 0) -> None:
        self.value = value
        self._lock = Lock()

    def get_lock(self) -> AbstractContextManager[Any]:
        """A lock of this process."""
        return self._lock


def request_row(request: PreparedRequest, own: Credentials) -> dict[str, Any]:
    """A request as the file shows it; of credentials it hides those that are the run's `own`."""
    return {
        "method": request.method,
        "url": request.url,
        "headers": redacted(request.headers, own),
        "body": shown(body_bytes(request)),
    }


def lost_request(error: BaseException | None, own: Credentials) -> dict[str, Any]:
    """The request that got no answer, as a member of its exchange, where the error knows it."""
    request = getattr(error, "request", None)
    return {"request": request_row(request, own)} if isinstance(request, PreparedRequest) else {}


def body_bytes(request: PreparedRequest) -> bytes:
    """The body of a request; the suite makes none that is a stream."""
    body: Any = request.body
    return body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""


def redacted(headers: Mapping[str, Any], own: Credentials | None = None) -> dict[str, str]:
    """Headers without secrets and without those of the suite's own engine.

    Where the run's `own` credentials are known, made-up ones are shown: they are what a request was about.
    """
    return {
        name: _clean(name, _joined(value), own)
        for name, value in headers.items()
        if not name.lower().startswith("x-schemathesis")
    }


def _clean(name: str, value: str, own: Credentials | None) -> str:
    if not _SECRET.match(name):
        return value
    if own is None or name.lower() not in _ASKED_FOR or value in own.headers.values():
        return HIDDEN
    if told := told_of(value, own):
        return told
    if own.are_told_by(value):
        return HIDDEN
    user, _, password = basic_pair(value, "utf-8").partition(":")
    return f"{OWN_USER}{password}" if user and user == own.user else value


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def shown(body: bytes, limit: int = MAX_BODY) -> Any:
    """A body as text, or in base64 when it is none; shortened when it is long."""
    if not body:
        return None
    head = body[:limit]
    try:
        text: Any = head.decode()
    except UnicodeDecodeError:
        text = {"base64": base64.b64encode(head).decode()}
    return text if len(body) <= limit else {"beginning": text, "length": len(body)}


def curl(method: str, url: str, headers: Mapping[str, Any], body: bytes, own: Credentials) -> str:
    """A command line that sends the request again; what is the run's `own` is taken from the suite's variables."""
    words = ["curl", "-i", "-X", method]
    for name, value in headers.items():
        low = name.lower()
        if low in _ASKED_FOR and (told := told_of(_joined(value), own)):
            words += ["-H", f'"{name}: {told}"']
        elif low == "authorization":
            words += _shown_user(_joined(value), own)
        elif low == APP_KEY_HEADER.lower() and _clean(name, _joined(value), own) == HIDDEN:
            words += ["-H", f'"{name}: $CONTRACT_APP_KEY"']
        elif low not in _OF_NO_INTEREST and not low.startswith("x-schemathesis"):
            words += ["-H", shlex.quote(f"{name}: {_joined(value)}")]
    text = _text(body)
    if body and text is None:
        # bytes that no argument can hold come from printf
        return " ".join(["printf", f"'{format_of(body)}'", "|", *words, "--data-binary", "@-", shlex.quote(url)])
    if text:
        words += ["--data-raw", shlex.quote(text)]
    return " ".join([*words, shlex.quote(url)])


def _shown_user(value: str, own: Credentials) -> list[str]:
    """The options of curl for a header Authorization; the run's own user and password are variables of the shell."""
    if value == own.headers.get("Authorization"):
        return ["-u", '"$CONTRACT_USER:$CONTRACT_PASSWORD"']
    if own.are_told_by(value):
        # the same in another encoding, which curl does not know
        latin = 'printf %s "$CONTRACT_USER:$CONTRACT_PASSWORD" | iconv -t ISO-8859-1 | base64 -w0'
        return ["-H", f'"Authorization: Basic $({latin})"']
    shown = _clean("Authorization", value, own)
    if shown.startswith(OWN_USER):
        return ["-u", f'"$CONTRACT_USER":{shlex.quote(shown.removeprefix(OWN_USER))}']
    return ["-H", shlex.quote(f"Authorization: {value}")]


def _text(body: bytes) -> str | None:
    """A body that can stand in a command line as it is; None for another."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
