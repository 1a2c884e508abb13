"""A path that fits no operation is answered with what it nearly was."""

from __future__ import annotations

from collections.abc import Iterable


class PathGuide:
    """Knows all path templates, segment by segment, and what may follow each beginning of one."""

    def __init__(self, templates: Iterable[str]) -> None:
        self._next: dict[tuple[str, ...], set[str]] = {}
        for template in templates:
            segments = _segments(template)
            for length, segment in enumerate(segments):
                self._next.setdefault(segments[:length], set()).add(segment)

    def advice(self, path: str) -> str:
        """What there is at the deepest place that the path reached: one sentence."""
        if "//" in path:
            return f"nothing is at {path!r}: a name in it is empty (//)"
        reached: tuple[str, ...] = ()
        shown = ""
        for name in _segments(path):
            segment = self._step(reached, name)
            if segment is None:
                return f"nothing is at {path!r}: {shown or '/'} has no {name!r}, it has {self._offer(reached)}"
            reached, shown = (*reached, segment), f"{shown}/{segment}"
        return f"nothing is at {path!r}: it ends too early; {shown or '/'} has {self._offer(reached)}"

    def _step(self, reached: tuple[str, ...], name: str) -> str | None:
        choices = self._next.get(reached, set())
        if name in choices:
            return name
        return next((choice for choice in choices if choice.startswith("{")), None)

    def _offer(self, reached: tuple[str, ...]) -> str:
        return ", ".join(sorted(self._next.get(reached, ()))) or "nothing below it"


def _segments(path: str) -> tuple[str, ...]:
    return tuple(segment for segment in path.split("/") if segment)
