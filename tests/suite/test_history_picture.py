"""The picture of a race shows who came when, what was answered, and which answer fits in no order."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from contract_tests.reports.history_picture import WIDTH, draw

SVG = "{http://www.w3.org/2000/svg}"


def call(operation: str, start: float, end: float, status: int | None, seen: str | None = None) -> dict[str, Any]:
    """A call as a history has it."""
    return {"operation": operation, "start": start, "end": end, "status": status, "seen": seen}


BOTH_WIN = {
    "initial": "RUNNING",
    "calls": [
        call("pauseInstance", 0.0, 0.003, 202),
        call("shutdownInstance", 0.0002, 0.004, 202),
        call("rebootInstance", 0.0003, 0.0022, 409),
        call("powerOffInstance", 0.0003, 0.005, None),
        call("getInstance", 0.0004, 0.0035, 200, "PENDING"),
        call("getInstance", 0.006, 0.007, 200, "PENDING"),
        call("getInstance", 0.08, 0.095, 200, "PAUSED"),
    ],
    "longest": [0, 4, 2, 5, 6],
}


def parts(history: dict[str, Any]) -> tuple[ET.Element, list[str]]:
    """The picture, and the texts in it."""
    svg = ET.fromstring(draw(history))
    return svg, [str(element.text) for element in svg.iter(f"{SVG}text")]


def test_each_request_has_a_lane_with_its_answer() -> None:
    """Every request that was sent together is named, with its status or with what it saw, or without an answer."""
    svg, texts = parts(BOTH_WIN)
    assert len(list(svg.iter(f"{SVG}rect"))) == 5
    for name in ("pauseInstance", "shutdownInstance", "rebootInstance", "powerOffInstance", "getInstance"):
        assert name in texts
    for answer in ("202", "409", "no answer", "PENDING", "PAUSED"):
        assert answer in texts


def test_the_longest_order_is_numbered() -> None:
    """The numbers on the bars are the places of their requests in the longest legal order."""
    svg, _ = parts(BOTH_WIN)
    lanes = [rect.get("y") for rect in svg.iter(f"{SVG}rect")]
    marks = {
        (str(text.text), lanes.index(f"{float(str(text.get('y'))) - 14:.1f}"))
        for text in svg.iter(f"{SVG}text")
        if str(text.text) in "123"
    }
    assert marks == {("1", 0), ("2", 4), ("3", 2)}


def test_what_fits_nowhere_is_marked_and_a_lost_answer_is_not() -> None:
    """The request that no order explains is marked by words and not by colour alone; one without an answer is not."""
    svg, texts = parts(BOTH_WIN)
    assert texts.count("202, fits nowhere") == 1
    assert [rect.get("class") for rect in svg.iter(f"{SVG}rect")].count("race-misfit") == 1
    none = {**BOTH_WIN, "longest": [0, 1, 2, 4, 5, 6]}
    assert not [text for text in parts(none)[1] if "nowhere" in text]


def test_the_looks_after_a_race_share_a_lane() -> None:
    """A look that began when all was answered is a dot; the last of them is marked when no order ends like that."""
    svg, _ = parts({**BOTH_WIN, "longest": [0, 1, 4, 2, 5]})
    assert [dot.get("class") for dot in svg.iter(f"{SVG}circle")] == ["race-dot", "race-misfit-dot"]


def test_the_picture_can_be_heard() -> None:
    """It has a role, a title and a description which tells every request."""
    svg, _ = parts(BOTH_WIN)
    title, story = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
    assert title is not None
    assert story is not None
    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == f"{title.get('id')} {story.get('id')}"
    assert title.text == "Requests sent together in RUNNING"
    assert "shutdownInstance, from 0.2 to 4.0 ms: 202, in no legal order." in str(story.text)


def test_it_is_readable_in_light_and_dark() -> None:
    """Its style has colours for both, and it neither runs nor fetches anything."""
    text = draw(BOTH_WIN)
    assert "prefers-color-scheme: dark" in text
    assert [word for word in ("<script", "href", "url(", "onload") if word in text.lower()] == []


TIMES = st.floats(0, 1e4)
CALLS = st.builds(
    lambda operation, start, length, status, seen: call(operation, start, start + length, status, seen),
    st.one_of(st.sampled_from(["pauseInstance", "<script>&\"'"]), st.text(st.characters(categories=["L", "P"]))),
    TIMES,
    st.floats(0, 200),
    st.sampled_from([None, 200, 202, 404, 409, 429, 500]),
    st.sampled_from([None, None, "RUNNING", "ABSENT"]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(CALLS, max_size=12), st.data())
def test_any_history_can_be_drawn(calls: list[dict[str, Any]], data: st.DataObject) -> None:
    """Whatever a history holds, the picture is well-formed, the same each time, and inside its frame."""
    longest = data.draw(st.permutations(range(len(calls))).map(lambda order: order[: len(order) // 2]))
    history = {"initial": "RUNNING", "calls": calls, "longest": list(longest)}
    text = draw(history)
    assert text == draw(history)
    svg = ET.fromstring(text)
    assert {element.tag.removeprefix(SVG) for element in svg.iter()} <= {
        *("svg", "title", "desc", "style", "text", "rect", "circle", "line"),
    }
    places = [float(str(one.get("x"))) + float(str(one.get("width"))) for one in svg.iter(f"{SVG}rect")]
    assert all(0 <= place <= WIDTH for place in places)
