"""Numbers, seconds and flags in a query. Malformed says what is expected."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.errors import Malformed

LONGEST = 60.0
"""Seconds that a request waits at most."""


def number(query: Mapping[str, str], name: str, least: int, most: int) -> int:
    """A whole number between two."""
    text = query[name]
    if not text.isdecimal() or not text.isascii() or len(text) > len(str(most)) or not least <= int(text) <= most:
        raise Malformed(f"{name} is {text[:40]!r}; expected a number from {least} to {most}")
    return int(text)


def seconds(query: Mapping[str, str]) -> float:
    """How long a request waits, `wait`; 0 when it is not there."""
    text = query.get("wait", "0")
    try:
        wanted = float(text)
    except ValueError:
        wanted = -1.0
    if not 0 <= wanted <= LONGEST:
        raise Malformed(f"wait is {text[:40]!r}; expected seconds from 0 to {LONGEST:g}")
    return wanted


def flag(query: Mapping[str, str], name: str) -> bool:
    """True or false; false when it is not there."""
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise Malformed(f"{name} is {text[:40]!r}; expected true or false")
    return text == "true"
