"""Durations as people write them: `90 s`, `10 min`, `1 h 30 min`, or plain seconds."""

from __future__ import annotations

import re
from datetime import timedelta
from math import isfinite

Duration = float | str | timedelta
"""Seconds, a text with units, or a timedelta."""

UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
"""Seconds in each unit."""

_PART = re.compile(rf"\s*(\d+(?:\.\d+)?)\s*({'|'.join(UNITS)})\b")


def seconds_of(duration: Duration) -> float:
    """So many seconds. ValueError says what can be written."""
    if isinstance(duration, timedelta):
        seconds = duration.total_seconds()
    elif isinstance(duration, str):
        seconds = _read(duration)
    else:
        seconds = float(duration)
    if not isfinite(seconds) or seconds < 0:
        raise ValueError(f"{duration!r} is no duration: time does not go back")
    return seconds


def _read(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        raise ValueError(f"{text[:40]!r} is no duration; write it like 90 s, 10 min or 1 h 30 min ({', '.join(UNITS)})")
    return sum(float(number) * UNITS[unit] for number, unit in parts)
