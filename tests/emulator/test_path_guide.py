"""A path that fits no operation is answered with what it nearly was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import load_contract
from emulator.path_guide import PathGuide, distance

GUIDE = PathGuide([("GET", "/a/{name}/b/{other}"), ("PUT", "/a/{name}/c"), ("GET", "/a"), ("PUT", "/d/_x")])


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
        ("/d/x", "nothing is at '/d/x': /d has no 'x', it has _x; did you mean PUT .../_x?"),
        ("/a//c", "nothing is at '/a//c': a name in it is empty (//)"),
        ("/a/1/c//", "nothing is at '/a/1/c//': a name in it is empty (//)"),
    ],
)
def test_advice_names_the_place_where_a_path_goes_astray(path: str, message: str) -> None:
    """The first segment that fits nothing is named, with what there is in its place."""
    assert GUIDE.advice(path) == message


def test_a_word_of_the_api_goes_before_a_name() -> None:
    """Where a path may go on with a word or a name, the word is taken for the word."""
    guide = PathGuide([("GET", "/a/{name}/b"), ("GET", "/a/list/c")])
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


OPERATIONS = PathGuide((operation.method, operation.path) for operation in load_contract().operations.values())
HOST = "/organizations/a/environments/b/hosts/c"


@pytest.mark.parametrize(
    "method, path, meant",
    [
        ("PUT", f"{HOST}/instance/_pauze", "PUT .../_pause"),
        ("PUT", f"{HOST}/instance/pause", "PUT .../_pause"),
        ("POST", f"{HOST}/instance/_pause_", "PUT .../_pause"),
        ("PUT", f"{HOST}/_start", "PUT .../_start"),
        ("GET", f"{HOST}/Instance", "GET .../instance"),
        ("GET", "/organisations/a/environment/b/host/c/instance/vnx", "GET .../vnc"),
        ("GET", f"{HOST}/instance/alerts", None),
        ("GET", f"{HOST}/instance/{'_pause' * 5000}", None),
        ("GET", "/organizations/a/environments/b/host", None),
    ],
)
def test_what_was_nearly_meant_is_named(method: str, path: str, meant: str | None) -> None:
    """A letter that is wrong, a word that was left out, another method: the operation is found; nothing is made up."""
    advice = OPERATIONS.advice(path, method)
    assert advice.rpartition("; did you mean ")[1:] == (("; did you mean ", f"{meant}?") if meant else ("", advice))


@given(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9))
def test_a_distance_is_one(one: str, other: str, third: str) -> None:
    """Nothing to the same word, the same in both directions, and no way round is shorter."""
    assert distance(one, one) == 0
    assert distance(one, other) == distance(other, one)
    assert distance(one, third) <= distance(one, other) + distance(other, third)
