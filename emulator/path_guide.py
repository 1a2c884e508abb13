"""A path that fits no operation is answered with what it nearly was."""

from __future__ import annotations

from collections.abc import Iterable

LOOKED_AT = 64
"""Characters of a name that are compared: no word of an API is longer."""


class PathGuide:
    """Knows all operations by method and path template, segment by segment, and what may follow each beginning."""

    def __init__(self, offers: Iterable[tuple[str, str]]) -> None:
        self._next: dict[tuple[str, ...], set[str]] = {}
        self._methods: dict[tuple[str, ...], list[str]] = {}
        for method, template in offers:
            segments = _segments(template)
            self._methods.setdefault(segments, []).append(method)
            for length, segment in enumerate(segments):
                self._next.setdefault(segments[:length], set()).add(segment)

    def advice(self, path: str, method: str = "GET") -> str:
        """What there is at the deepest place that the path reached, and what was meant if it is near: one sentence."""
        if "//" in path:
            return f"nothing is at {path!r}: a name in it is empty (//)"
        reached: tuple[str, ...] = ()
        shown = ""
        for name in _segments(path):
            segment = self._step(reached, name)
            if segment is None:
                there = f"{shown or '/'} has no {name!r}, it has {self._offer(reached)}"
                return f"nothing is at {path!r}: {there}{self._guess(path, method)}"
            reached, shown = (*reached, segment), f"{shown}/{segment}"
        return f"nothing is at {path!r}: it ends too early; {shown or '/'} has {self._offer(reached)}"

    def _guess(self, path: str, method: str) -> str:
        """Such as: did you mean PUT .../_pause? Nothing when no operation is near."""
        reached: tuple[str, ...] = ()
        for name in _segments(path):
            reached = self._nearest(reached, name)
            if not reached:
                return ""
        if not (methods := self._methods.get(reached)):
            return ""
        return f"; did you mean {method if method in methods else methods[0]} {_short(reached)}?"

    def _nearest(self, reached: tuple[str, ...], name: str) -> tuple[str, ...]:
        """One segment further, or two where one was left out; empty when nothing there is like the name."""
        segment = self._step(reached, name)
        if segment is not None:
            return (*reached, segment)
        choices = sorted(self._next.get(reached, ()))
        for choice in choices:
            if name in self._next.get((*reached, choice), ()):
                return (*reached, choice, name)
        cost, choice = min(((distance(name, choice), choice) for choice in choices), default=(LOOKED_AT, ""))
        return (*reached, choice) if cost <= max(len(choice) // 3, 1) and cost < len(choice) else ()

    def _step(self, reached: tuple[str, ...], name: str) -> str | None:
        choices = self._next.get(reached, set())
        if name in choices:
            return name
        return next((choice for choice in choices if choice.startswith("{")), None)

    def _offer(self, reached: tuple[str, ...]) -> str:
        return ", ".join(sorted(self._next.get(reached, ()))) or "nothing below it"


def distance(one: str, other: str) -> int:
    """How many letters to put in, take out or change (Levenshtein), of the first LOOKED_AT in any case."""
    one, other = one[:LOOKED_AT].lower(), other[:LOOKED_AT].lower()
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row = row, [i]
        for j, wanted in enumerate(other, 1):
            row.append(min(row[-1] + 1, above[j] + 1, above[j - 1] + (letter != wanted)))
    return row[-1]


def _short(segments: tuple[str, ...]) -> str:
    """The end of a path that tells it apart: from its last word on."""
    last = max(index for index, segment in enumerate(segments) if not segment.startswith("{"))
    return f"{'...' if last else ''}/{'/'.join(segments[last:])}"


def _segments(path: str) -> tuple[str, ...]:
    return tuple(segment for segment in path.split("/") if segment)
