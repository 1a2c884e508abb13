"""What was asked and what was answered, the newest last, bounded by bytes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import orjson

from contract import Contract
from emulator.errors import NO_ANSWER

CAPACITY = 16 * 1024 * 1024
"""Bytes that a journal keeps when nothing else is said."""

RECORD = 512
"""Bytes that an entry counts for itself: about what it takes without texts."""

BODY = 64 * 1024
"""Bytes that are kept of a body; the rest is let go."""

MOST_BROKEN = 20
"""So many requests that broke the emulator are remembered, the latest."""

Headers = Sequence[tuple[str, str]]


@dataclass(slots=True, eq=False)
class Entry:
    """One request with its answer. `at` in emulated seconds since the epoch, `duration` in seconds.

    `number` grows by one from entry to entry of a world, a reset notwithstanding. `names` are the decoded names of
    the path: organization, environment and host, or fewer. `before` and `after` are the states of the instance that
    it was about, None when it was about none; `message` is the first one of a refusal. `trouble` names what was done
    to the request on purpose, `error` is the traceback when the emulator itself broke. `started` is a reading of a
    monotonic clock, in seconds, for the real time between entries.

    The hot path writes it, so what few will read is kept as it came: see pack.
    """

    contract: Contract = field(repr=False)
    world: str
    at: float
    duration: float
    username: str
    method: str
    path: str
    operation: str | None
    names: tuple[str, ...]
    status: int
    before: str | None = None
    after: str | None = None
    message: str | None = None
    trouble: tuple[str, ...] = ()
    error: str | None = None
    started: float = 0.0
    packed: bytes = field(default=b"[{},[]]", repr=False)
    request_body: bytes = b""
    response_body: bytes = b""
    number: int = 0

    @property
    def organization(self) -> str | None:
        """The organization of the path."""
        return self.names[0] if self.names else None

    @property
    def environment(self) -> str | None:
        """The environment of the path."""
        return self.names[1] if len(self.names) > 1 else None

    @property
    def host(self) -> str | None:
        """The host of the path."""
        return self.names[2] if len(self.names) > 2 else None

    @property
    def is_control(self) -> bool:
        """Whether it is about the emulator itself, by way of its control API."""
        return "/_emulator" in self.path.partition("/organizations")[0]

    @property
    def agent(self) -> str | None:
        """What the client calls itself: its User-Agent."""
        agent: str | None = orjson.loads(self.packed)[0].get("HTTP_USER_AGENT")
        return agent

    @property
    def is_unanswered(self) -> bool:
        """Whether the client got no answer, but a connection that was closed."""
        return NO_ANSWER in orjson.loads(self.packed)[0]

    @property
    def request_headers(self) -> Headers:
        """The headers of the request, their names as they are usually written: `Content-Type`."""
        environ = orjson.loads(self.packed)[0]
        return [(_header(key), value) for key, value in environ.items() if _is_header(key) and value]

    @property
    def response_headers(self) -> Headers:
        """The headers of the answer, but for those of the connection."""
        return [(name, value) for name, value in orjson.loads(self.packed)[1]]

    @property
    def requirements(self) -> tuple[str, ...]:
        """The ids of the requirements of the contract that this exchange was about."""
        operation = self.contract.operations.get(self.operation or "")
        if operation is None:
            return ()
        return self.contract.touched(operation, self.status, self.before, self.after)

    @property
    def size(self) -> int:
        """The bytes that it counts in a journal: RECORD, path, headers and what is kept of the bodies."""
        return RECORD + len(self.path) + len(self.packed) + len(self.request_body) + len(self.response_body)


def pack(environ: Mapping[str, Any], headers: Headers) -> bytes:
    """The WSGI environ of a request and the headers of its answer, for an entry.

    As they are they would cost memory, which costs more time than to write them as JSON.
    """
    return orjson.dumps((environ, headers), default=_nothing)


def _nothing(_: Any) -> None:
    """What an environ holds beside text: streams, the request itself."""


def _is_header(key: str) -> bool:
    return key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH")


def _header(key: str) -> str:
    return "-".join(word.capitalize() for word in key.removeprefix("HTTP_").split("_"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: those that are like this in each member that is given; `since` a number: the later ones.

    `agent` is text that its User-Agent has in it. Requests to the control API are no wanted ones, unless `control`.
    """

    operation: str | None = None
    organization: str | None = None
    environment: str | None = None
    host: str | None = None
    status: int | None = None
    agent: str | None = None
    since: int = 0
    control: bool = False

    def fits(self, entry: Entry) -> bool:
        """Whether the entry is one of them."""
        return entry.number > self.since and (self.control or not entry.is_control) and not self.unlike(entry)

    def unlike(self, entry: Entry) -> tuple[str, ...]:
        """The members in which the entry is another than is wanted, in their order."""
        return tuple(
            member
            for member in MEMBERS
            if (wish := getattr(self, member)) is not None and not _is_like(member, wish, getattr(entry, member))
        )


MEMBERS = ("operation", "organization", "environment", "host", "status", "agent")
"""By what entries are told apart."""


def _is_like(member: str, wish: Any, found: Any) -> bool:
    return wish in (found or "") if member == "agent" else wish == found


class Journal:
    """The last entries of a world, as many as count `capacity` bytes together (see Entry.size); one at least.

    `broken` are the last ones of those that broke the emulator, whatever else is let go, a reset notwithstanding.
    """

    __slots__ = (
        *("_adding", "_capacity", "_entries", "_first", "_is_closed", "_listeners", "_more", "_number", "_size"),
        "broken",
    )

    def __init__(self, capacity: int = CAPACITY, number: int = 0) -> None:
        self._capacity = capacity
        self._entries: deque[Entry] = deque()
        self._first = self._number = number
        self._size = 0
        self._adding = threading.Lock()
        self._more = threading.Condition(self._adding)
        self._listeners = 0
        self._is_closed = False
        self.broken: deque[Entry] = deque(maxlen=MOST_BROKEN)

    @property
    def capacity(self) -> int:
        """The bytes that it may have."""
        return self._capacity

    @property
    def number(self) -> int:
        """The number of the newest entry; 0 before the first."""
        return self._number

    @property
    def size(self) -> int:
        """The bytes that its entries count."""
        return self._size

    @property
    def let_go(self) -> int:
        """How many entries it had and has no more."""
        return self._number - self._first - len(self._entries)

    @property
    def listeners(self) -> int:
        """How many wait for entries just now."""
        return self._listeners

    def add(self, entry: Entry) -> None:
        """Number an entry and note it; when the journal is full the oldest are let go."""
        with self._adding:
            self._number = entry.number = self._number + 1
            entries = self._entries
            entries.append(entry)
            self._size += entry.size
            while self._size > self._capacity and len(entries) > 1:
                self._size -= entries.popleft().size
            if entry.error is not None:
                self.broken.append(entry)
            if self._listeners:
                self._more.notify_all()

    def successor(self) -> Journal:
        """An empty one that goes on with the numbers: that of the same world after a reset. Nobody waits here then."""
        self.close()
        heir = Journal(self._capacity, self._number)
        heir.broken = self.broken
        return heir

    def find(self, operation: str | None = None, **wanted: Any) -> list[Entry]:
        """The entries that are kept and wanted (see Wanted), oldest first."""
        return self.wait_for(Wanted(operation, **wanted), 0, 0.0)

    def wait_for(self, wish: Wanted, count: int, seconds: float) -> list[Entry]:
        """The wanted entries that are kept, oldest first, as soon as there are so many, or after so many real seconds.

        They are fewer when the time is over or the world is gone by then.
        """
        found: list[Entry] = []
        seen = wish.since

        def look() -> bool:
            nonlocal seen
            fresh = tuple(takewhile(lambda entry: entry.number > seen, reversed(self._entries)))
            seen = self._number
            found.extend(entry for entry in reversed(fresh) if wish.fits(entry))
            return len(found) >= count or self._is_closed

        with self._adding:
            self._listeners += 1
            self._more.wait_for(look, seconds)
            self._listeners -= 1
        return found

    def close(self) -> None:
        """Nothing will come any more: let go of those who wait."""
        with self._adding:
            self._is_closed = True
            self._more.notify_all()

    def count(self, operation: str | None = None, **wanted: Any) -> int:
        """How many entries are kept and wanted (see Wanted)."""
        return len(self.find(operation, **wanted))

    def __iter__(self) -> Iterator[Entry]:
        with self._adding:
            return iter(tuple(self._entries))
