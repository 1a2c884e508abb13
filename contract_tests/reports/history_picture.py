"""Draws the history of a race as SVG: a lane for each request, a bar from its start to its answer, and what was seen.

The longest legal order is numbered on the bars; what fits nowhere in it is marked. The time in which the requests were
on their way gets most of the width, whatever the looks took that came after them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

WIDTH, LANE, TOP, BOTTOM = 960.0, 30.0, 26.0, 30.0
LABELS, RIGHT = 190.0, 70.0
"""The widths of the names on the left, and of the room for a status on the right."""

RACE_SHARE = 0.66
"""The part of the time's width that belongs to the requests; the rest to the looks after them."""

LETTER = 6.7
"""About the width of a letter of the small text, which nobody can measure here."""

STYLE = """
.race { --race-bar: #2f6fb7; --race-on-bar: #ffffff; --race-bad: #b3161f; --race-soft: #59636e; --race-line: #d5dae0;
  font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; color: #1c2128; max-width: 100%; }
@media (prefers-color-scheme: dark) {
  .race { --race-bar: #5b9be0; --race-on-bar: #0e1116; --race-bad: #ff8d85; --race-soft: #9aa5b1; --race-line: #303842;
    color: #e4e8ed; }
}
.race text { fill: currentColor; }
.race .race-soft { fill: var(--race-soft); }
.race .race-line { stroke: var(--race-line); }
.race .race-bar { fill: var(--race-bar); }
.race .race-dot { fill: var(--race-bar); stroke: none; }
.race .race-look { fill: none; stroke: var(--race-bar); }
.race .race-number { fill: var(--race-on-bar); font-weight: 600; }
.race .race-misfit { fill: none; stroke: var(--race-bad); stroke-width: 2; stroke-dasharray: 4 3; }
.race .race-misfit-dot { fill: var(--race-bad); }
.race .race-bad { fill: var(--race-bad); font-weight: 600; }
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A request of the history: `place` is its number in the longest order among the bars, None when it has none."""

    operation: str
    start: float
    end: float
    status: int | None
    seen: str | None
    place: int | None
    misfit: bool

    @property
    def answer(self) -> str:
        """What came of it, in a word."""
        return str(self.seen or self.status or "no answer")


def draw(history: Mapping[str, Any]) -> str:
    """The picture of a history as a finding has it (race_history.drawn): the text of an SVG element."""
    bars, after = _parted(history)
    height = TOP + LANE * (len(bars) + bool(after)) + BOTTOM
    key = hashlib.sha256(repr(sorted(history.items())).encode()).hexdigest()[:8]
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH:g} {height:g}",
            "width": f"{WIDTH:g}",
            "height": f"{height:g}",
            "class": "race",
            "role": "img",
            "aria-labelledby": f"race-title-{key} race-story-{key}",
        },
    )
    SubElement(svg, "title", {"id": f"race-title-{key}"}).text = f"Requests sent together in {history['initial']}"
    SubElement(svg, "desc", {"id": f"race-story-{key}"}).text = _story(history, bars, after)
    SubElement(svg, "style").text = STYLE
    scale = _Scale(bars, after)
    _grid(svg, scale, height, bars=len(bars))
    _text(svg, 8, 16, f"{history['initial']} before", "race-soft")
    for lane, call in enumerate(bars):
        _bar(svg, scale, TOP + lane * LANE, call)
    if after:
        _looks(svg, scale, TOP + len(bars) * LANE, after)
    return tostring(svg, encoding="unicode")


def _parted(history: Mapping[str, Any]) -> tuple[list[Drawn], list[Drawn]]:
    """The requests that get a bar each, and the looks that came after them all, which share a lane."""
    longest = list(history["longest"])
    calls = list(enumerate(history["calls"]))
    sent = [call["end"] for _, call in calls if not _is_look(call)] or [call["end"] for _, call in calls]
    answered = max(sent, default=0.0)
    late = [number for number, call in calls if _is_look(call) and call["start"] >= answered]
    numbered = {number: place for place, number in enumerate([one for one in longest if one not in late], start=1)}
    drawn = [
        (
            number in late,
            Drawn(
                operation=str(call["operation"]),
                start=float(call["start"]),
                end=float(call["end"]),
                status=call["status"],
                seen=call["seen"] if _is_look(call) else None,
                place=numbered.get(number),
                misfit=number not in longest and _tells(call),
            ),
        )
        for number, call in calls
    ]
    return [call for is_late, call in drawn if not is_late], [call for is_late, call in drawn if is_late]


def _is_look(call: Mapping[str, Any]) -> bool:
    return call["seen"] is not None


def _tells(call: Mapping[str, Any]) -> bool:
    """Whether the answer must have its place in an order: not one that is lost or says nothing of the instance."""
    status = call["status"]
    return status is not None and (200 <= status < 300 or status in (404, 409))


def _story(history: Mapping[str, Any], bars: Sequence[Drawn], after: Sequence[Drawn]) -> str:
    """The picture in words."""
    parts = [f"The instance was in {history['initial']}."]
    for call in bars:
        place = f"number {call.place} in the longest legal order" if call.place else "in no legal order"
        times = f"from {call.start * 1000:.1f} to {call.end * 1000:.1f} ms"
        parts.append(f"{call.operation}, {times}: {call.answer}, {place if call.place or call.misfit else 'no place'}.")
    if after:
        states = [call for number, call in enumerate(after) if not number or after[number - 1].seen != call.seen]
        parts.append(f"Looks after that saw {', '.join(call.answer for call in states)}.")
        if any(call.misfit for call in after):
            parts.append("No legal order ends with what they saw.")
    return " ".join(parts)


class _Scale:
    """Where a time is drawn: the requests have the first part of the width, the looks after them the rest."""

    def __init__(self, bars: Sequence[Drawn], after: Sequence[Drawn]) -> None:
        self.answered = max([call.end for call in bars], default=0.0) or 0.001
        self.end = max([call.end for call in after], default=self.answered)
        width = WIDTH - LABELS - RIGHT
        self.border = LABELS + width * (RACE_SHARE if after else 1.0)
        self._rest = LABELS + width - self.border

    def at(self, time: float) -> float:
        """The place of a time from left to right."""
        if time <= self.answered:
            return LABELS + (self.border - LABELS) * time / self.answered
        span = max(self.end - self.answered, 1e-9)
        return self.border + self._rest * min((time - self.answered) / span, 1.0)

    def ticks(self) -> Iterator[float]:
        """Round times among those of the requests."""
        rough = self.answered / 5
        unit = 10.0 ** floor(log10(rough))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
        yield from (step * number for number in range(ceil(self.answered / step)))


def _grid(svg: Element, scale: _Scale, height: float, *, bars: int) -> None:
    bottom = height - BOTTOM + 4
    for time in scale.ticks():
        x = scale.at(time)
        _line(svg, x, TOP - 4, x, TOP + bars * LANE)
        _text(svg, x, height - 10, f"{time * 1000:g} ms", "race-soft", anchor="middle")
    if scale.end > scale.answered:
        border = _line(svg, scale.border, TOP - 14, scale.border, bottom)
        border.set("stroke-dasharray", "2 3")
        _text(svg, scale.border + 6, 16, "all answered", "race-soft")
        far = scale.at(scale.end)
        _text(svg, far, height - 10, f"{scale.end * 1000:.0f} ms", "race-soft", anchor="middle")


def _bar(svg: Element, scale: _Scale, top: float, call: Drawn) -> None:
    left, middle = scale.at(call.start), top + LANE / 2
    width = max(scale.at(call.end) - left, 18.0)
    name = call.operation if len(call.operation) <= 26 else f"{call.operation[:25]}…"
    _text(svg, LABELS - 14, middle + 4, name, "race-bad" if call.misfit else "", anchor="end")
    kind = "race-misfit" if call.misfit else "race-look" if call.seen or call.status is None else "race-bar"
    box = {"x": left, "y": top + 5, "width": width, "height": LANE - 10, "rx": 4}
    SubElement(svg, "rect", {name: f"{value:.1f}" for name, value in box.items()} | {"class": kind})
    if call.place:
        _text(svg, left + 9, middle + 4, str(call.place), "race-number" if kind == "race-bar" else "", anchor="middle")
    said = f"{call.answer}, fits nowhere" if call.misfit else call.answer
    room = WIDTH - (left + width) - 6
    inside = room < len(said) * LETTER
    # an answer that has no room behind its bar stands in front of it
    x, anchor = (left - 6, "end") if inside else (left + width + 6, "start")
    _text(svg, x, middle + 4, said, "race-bad" if call.misfit else "", anchor=anchor)


def _looks(svg: Element, scale: _Scale, top: float, looks: Sequence[Drawn]) -> None:
    """Dots for looks, with the state where it is another than before; the last one has it always."""
    middle = top + LANE / 2
    _text(svg, LABELS - 14, middle + 4, "looks", "race-soft", anchor="end")
    for call in looks:
        place = {"cx": f"{scale.at(call.end):.1f}", "cy": f"{middle:.1f}", "r": "4"}
        SubElement(svg, "circle", place | {"class": "race-misfit-dot" if call.misfit else "race-dot"})
    told = [looks[0], *[after for before, after in pairwise(looks) if before.seen != after.seen]]
    if told[-1] is not looks[-1]:
        told[-1] = looks[-1]
    free = 0.0
    for call in told:
        x = scale.at(call.end)
        said = call.answer
        wide = len(said) * LETTER / 2
        x = max(x, free + wide)
        _text(svg, x, middle - 8, said, "race-bad" if call.misfit else "", anchor="middle")
        free = x + wide + 4


def _line(svg: Element, x: float, y: float, other_x: float, other_y: float) -> Element:
    ends = {"x1": x, "y1": y, "x2": other_x, "y2": other_y}
    return SubElement(svg, "line", {name: f"{value:.1f}" for name, value in ends.items()} | {"class": "race-line"})


def _text(svg: Element, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    SubElement(svg, "text", place | ({"class": kind} if kind else {})).text = words
