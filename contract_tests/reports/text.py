"""Text of a server, made safe to show: it may hold what no XML file may, or what fools the eye."""

from __future__ import annotations

import re
from typing import Any

_ILLEGIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, but for tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the direction of writing
    "\u2028\u2029\ufeff\ufffe\uffff"  # break lines, or are no characters
    "\ud800-\udfff]"  # halves of a character
)


def legible(value: Any) -> Any:
    """A JSON value whose strings hold only characters that XML and HTML allow; others as their Python escape."""
    if isinstance(value, str):
        return _ILLEGIBLE.sub(_escape, value)
    if isinstance(value, dict):
        return {legible(name): legible(item) for name, item in value.items()}
    if isinstance(value, list):
        return [legible(item) for item in value]
    return value


def one_line(text: str, limit: int) -> str:
    """The text in one line of at most `limit` characters, and a sign when there was more."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
