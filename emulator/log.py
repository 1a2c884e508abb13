"""The access log: one line a request, for people or for machines, from the journal's entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TextIO

import orjson

from emulator.clock import iso
from emulator.journal import Entry


def _text(entry: Entry) -> str:
    """`21:40:03.120 PUT /organizations/…/_pause 202 RUNNING -> PENDING admin 0.3 ms`, with the refusal's message."""
    time = iso(entry.at)[11:23]
    states = f" {entry.before} -> {entry.after}" if entry.after else ""
    line = f"{time} {entry.method} {entry.path} {entry.status}{states} {entry.username} {entry.duration * 1000:.1f} ms"
    return f"{line} {entry.message}" if entry.message else line


def _json(entry: Entry) -> str:
    """A JSON object with the members of Entry; `at` as ISO 8601."""
    return orjson.dumps({**asdict(entry), "at": iso(entry.at)}).decode()


FORMATS: Mapping[str, Callable[[Entry], str]] = {"text": _text, "json": _json}


class AccessLog:
    """Writes entries to a stream, whole lines at a time."""

    def __init__(self, stream: TextIO, log_format: str) -> None:
        self._stream = stream
        self._render = FORMATS[log_format]

    def write(self, entry: Entry) -> None:
        """Write one line. Control characters cannot break it: they are written as escapes."""
        line = self._render(entry)
        if not line.isprintable():
            line = line.encode("unicode_escape").decode("ascii")
        self._stream.write(line + "\n")
        self._stream.flush()
