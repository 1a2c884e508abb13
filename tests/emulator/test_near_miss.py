"""A path that fits no operation is answered with what it nearly was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.near_miss import PathGuide

GUIDE = PathGuide(["/a/{name}/b/{other}", "/a/{name}/c", "/a", "/d/_x"])


@pytest.mark.parametrize(
    "path, message",
    [
        ("/", "nothing is at '/': it ends too early; / has a, d"),
        ("/e", "nothing is at '/e': / has no 'e', it has a, d"),
        ("/a/1", "nothing is at '/a/1': it ends too early; /a/{name} has b, c"),
        ("/a/1/", "nothing is at '/a/1/': it ends too early; /a/{name} has b, c"),
        ("/a/1/bb/2", "nothing is at '/a/1/bb/2': /a/{name} has no 'bb', it has b, c"),
        ("/a/1/b", "nothing is at '/a/1/b': it ends too early; /a/{name}/b has {other}"),
        ("/a/1/c/2", "nothing is at '/a/1/c/2': /a/{name}/c has no '2', it has nothing below it"),
        ("/d/x", "nothing is at '/d/x': /d has no 'x', it has _x"),
        ("/a//c", "nothing is at '/a//c': a name in it is empty (//)"),
        ("/a/1/c//", "nothing is at '/a/1/c//': a name in it is empty (//)"),
    ],
)
def test_advice_names_the_place_where_a_path_goes_astray(path: str, message: str) -> None:
    """The first segment that fits nothing is named, with what there is in its place."""
    assert GUIDE.advice(path) == message


def test_a_word_of_the_api_goes_before_a_name() -> None:
    """Where a path may go on with a word or a name, the word is taken for the word."""
    guide = PathGuide(["/a/{name}/b", "/a/list/c"])
    assert guide.advice("/a/list/b") == "nothing is at '/a/list/b': /a/list has no 'b', it has c"


@given(st.text())
def test_there_is_advice_for_any_path(path: str) -> None:
    """Whatever a path holds, the advice is one printable sentence."""
    advice = GUIDE.advice("/" + path)
    assert advice.startswith(("nothing is at '", 'nothing is at "'))
    assert advice.isprintable()


def test_a_guide_without_paths_says_that_there_is_nothing() -> None:
    """The advice is a sentence even then."""
    assert PathGuide([]).advice("/a") == "nothing is at '/a': / has no 'a', it has nothing below it"
