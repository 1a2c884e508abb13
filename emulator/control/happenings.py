"""What happened in a world: from a number on, waited for, or as a stream of server-sent events.

Time is lazy, so whoever waits here also lets happen what is due: when it is due on a clock that runs, and at once when
the clock is moved.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from itertools import zip_longest
from math import inf
from typing import Any

import orjson

from emulator import steering
from emulator.call import Call, Performer
from emulator.clock import iso
from emulator.control.query import number, seconds
from emulator.errors import Conflict, NotFound
from emulator.events import KEPT, Events, Found, Row
from emulator.waiting import seat
from emulator.world import World
from emulator.worlds import Worlds

MOST = 1000
"""So many events in one answer, unless the query says otherwise."""

LAST_NUMBER = 10**15

GLANCE = 0.2
"""Seconds after which whoever waits looks whether the client is still there, and whether the server goes on."""

SILENCE = 2.0
"""Seconds after which a stream sends a comment: where nobody can say that the client has gone, a broken write does."""

LEVELS = ("organization", "environment", "host")


def performers(worlds: Worlds) -> Mapping[str, Performer]:
    """The operations on events."""

    def get(call: Call) -> dict[str, Any]:
        reader = Reader(worlds, call)
        most = number(call.query, "limit", 1, KEPT) if "limit" in call.query else MOST
        wait = seconds(call.query)
        if not wait:
            return _shown(reader.next(most))
        with seat():
            reader.wait(wait)
            return _shown(reader.next(most))

    def stream(call: Call) -> Stream:
        return Stream(Reader(worlds, call))

    return {"getEvents": get, "streamEvents": stream}


class Reader:
    """Reads the events of the world of a request, across its resets. Conflict over a database."""

    def __init__(self, worlds: Worlds, call: Call) -> None:
        self._worlds = worlds
        self._name = call.world.name
        self._read = _beginning(_events_of(call.world), call)
        self.is_gone: Callable[[], bool] = call.is_gone

    def next(self, most: int = KEPT) -> Found:
        """What there is after what was read, with all that is due by now. NotFound when the world was dropped."""
        world = self._worlds.world(self._name)
        steering.next_event(world)
        found = _events_of(world).since(self._read, most)
        self._read = found.following
        return found

    def wait(self, longest: float) -> None:
        """Until there may be something to read, for so many real seconds at most. NotFound as for next."""
        until = time.monotonic() + longest
        while (left := until - time.monotonic()) > 0 and not self.is_gone():
            world = self._worlds.world(self._name)
            due = steering.next_event(world)
            if _events_of(world).wait(self._read, min(left, GLANCE, _until(world, due)), self.is_gone):
                return


class Stream:
    """Server-sent events, one by one, until the client or the server goes, or the world does; it holds a seat."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._pieces = self._write()
        self._room = ExitStack()
        self._room.enter_context(seat())

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Give the seat back; whoever sends the answer calls it, in any case."""
        self._room.close()

    def _write(self) -> Iterator[bytes]:
        yield b": what happens here is told from now on\n\n"
        reader = self._reader
        with suppress(NotFound):
            while not reader.is_gone():
                reader.wait(SILENCE)
                found = reader.next()
                if found.gap:
                    yield _piece("gap", {"reason": found.gap})
                for row in found.rows:
                    yield _piece(row[2], _row(row), row[0])
                if not found.rows:
                    yield b":\n\n"


def _events_of(world: World) -> Events:
    if world.events is None:
        raise Conflict("events are told in memory only: serve with --store memory, or look at the changes of a host")
    return world.events


def _beginning(events: Events, call: Call) -> int:
    """The number after which a request wants to read: of the stream that broke, of the query, or before all."""
    last = call.headers.get("Last-Event-ID") if call.headers else None
    query = call.query if last is None else {"since": last}
    if query.get("since") == "now":
        return events.number
    return number(query, "since", 0, LAST_NUMBER) if "since" in query else events.oldest - 1


def _until(world: World, due: float | None) -> float:
    """Real seconds until an emulated time."""
    rate = world.clock.rate
    return inf if due is None or rate == 0 else max((due - world.clock.now()) / rate, 0.0)


def _shown(found: Found) -> dict[str, Any]:
    """As schemas/Events of control.openapi.yaml has it."""
    return {"events": [_row(row) for row in found.rows], "gap": found.gap, "next": found.following}


def _row(row: Row) -> dict[str, Any]:
    """As schemas/Event of control.openapi.yaml has it."""
    name, at, kind, names, source, target, cause = row
    where = dict(zip_longest(LEVELS, names))
    return {"number": name, "at": iso(at), "kind": kind, **where, "from": source, "to": target, "cause": cause}


def _piece(kind: str, data: Mapping[str, Any], name: int | None = None) -> bytes:
    head = f"event: {kind}\n" if name is None else f"id: {name}\nevent: {kind}\n"
    return head.encode() + b"data: " + orjson.dumps(data) + b"\n\n"
