"""The access log: one line a request, for people or for machines, from the journal's entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TextIO

import orjson

from emulator.clock import iso
from emulator.journal.entries import Entry


def _text(entry: Entry) -> str:
    """`21:40:03.120 PUT /organizations/…/_pause 202 RUNNING -> PENDING admin 0.3 ms`, with the refusal's message."""
    time = iso(entry.at)[11:23]
    states = f" {entry.before} -> {entry.after}" if entry.after else ""
    line = f"{time} {entry.method} {entry.path} {entry.status}{states} {entry.username} {entry.duration * 1000:.1f} ms"
    return _printable(f"{line} {entry.message}" if entry.message else line, _as_python)


def _json(entry: Entry) -> str:
    """A JSON object, see brief."""
    return _printable(orjson.dumps(brief(entry)).decode(), _as_json)


BRIEF = (
    *("number", "duration", "username", "method", "path", "operation", "status", "before", "after", "message"),
    *("world", "agent", "trouble"),
)


def brief(entry: Entry) -> dict[str, Any]:
    """An entry in the few members that are in every line; `at` as ISO 8601."""
    return {"at": iso(entry.at), **{member: getattr(entry, member) for member in BRIEF}}


def _printable(line: str, escape: Callable[[str], str]) -> str:
    """The line with escapes for control characters and all else that could break a line or fool a terminal."""
    if line.isprintable():
        return line
    return "".join(character if character.isprintable() else escape(character) for character in line)


def _as_python(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _as_json(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


FORMATS: Mapping[str, Callable[[Entry], str]] = {"text": _text, "json": _json}


class AccessLog:
    """Writes entries to a stream, whole lines at a time, as long as somebody reads it."""

    def __init__(self, stream: TextIO, log_format: str) -> None:
        self._stream: TextIO | None = stream
        self._render = FORMATS[log_format]

    def write(self, entry: Entry) -> None:
        """Write one line. When the stream can no longer be written the log ends; the request that it tells does not."""
        stream = self._stream
        if stream is None:
            return
        try:
            stream.write(self._render(entry) + "\n")
            stream.flush()
        except (OSError, ValueError):  # the reader of the pipe has gone, the disk is full, the stream is closed
            self._stream = None
            with suppress(OSError, ValueError):  # else Python tries again at its end, and ends with exit code 120
                stream.close()
