"""Every request and its answer, written as they happen, one JSON object a line, without secrets."""

from __future__ import annotations

import base64
import json
import re
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from contract_tests.target import APP_KEY_HEADER

MAX_BODY = 16 * 1024
"""Bytes of a body that are kept; of a longer one the beginning, and its length."""

_SECRET = re.compile(r"^(?:authorization|proxy-authorization|cookie|set-cookie|" + APP_KEY_HEADER + ")$", re.IGNORECASE)
_OF_NO_INTEREST = frozenset({"accept-encoding", "accept", "connection", "content-length", "user-agent"})


class ExchangeLog:
    """The file exchanges.ndjson. `count` is the number of the last exchange, from 1."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("w", encoding="utf-8")
        self._started = time.monotonic()
        self.count = 0

    def add(self, **what: Any) -> int:
        """Write one exchange; its number."""
        self.count += 1
        row = {"number": self.count, "at": round(time.monotonic() - self._started, 6), **what}
        self._file.write(json.dumps(row, ensure_ascii=True) + "\n")
        self._file.flush()  # what was sent must be on disk, whatever happens to this process next
        return self.count

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def redacted(headers: Mapping[str, Any]) -> dict[str, str]:
    """Headers without secrets and without those of the suite's own engine."""
    return {
        name: "[redacted]" if _SECRET.match(name) else _joined(value)
        for name, value in headers.items()
        if not name.lower().startswith("x-schemathesis")
    }


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def shown(body: bytes) -> Any:
    """A body as text, or in base64 when it is none; shortened when it is long."""
    if not body:
        return None
    head = body[:MAX_BODY]
    try:
        text: Any = head.decode()
    except UnicodeDecodeError:
        text = {"base64": base64.b64encode(head).decode()}
    return text if len(body) <= MAX_BODY else {"beginning": text, "length": len(body)}


def curl(method: str, url: str, headers: Mapping[str, Any], body: bytes) -> str:
    """A command line that sends the request again; secrets are taken from the suite's own variables."""
    words = ["curl", "-i", "-X", method]
    for name, value in headers.items():
        low = name.lower()
        if low == "authorization":
            words += ["-u", '"$CONTRACT_USER:$CONTRACT_PASSWORD"']
        elif low == APP_KEY_HEADER.lower():
            words += ["-H", f'"{APP_KEY_HEADER}: $CONTRACT_APP_KEY"']
        elif low not in _OF_NO_INTEREST and not low.startswith("x-schemathesis"):
            words += ["-H", shlex.quote(f"{name}: {_joined(value)}")]
    text = _text(body)
    if body and text is None:
        # bytes that no argument can hold come from printf
        return " ".join(["printf", _escaped(body), "|", *words, "--data-binary", "@-", shlex.quote(url)])
    if text:
        words += ["--data-raw", shlex.quote(text)]
    return " ".join([*words, shlex.quote(url)])


def _text(body: bytes) -> str | None:
    """A body that can stand in a command line as it is; None for another."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


def _escaped(body: bytes) -> str:
    """A format of printf that prints these bytes."""
    plain = frozenset(range(32, 127)) - frozenset(b"'\\%")
    return "'" + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in body) + "'"
