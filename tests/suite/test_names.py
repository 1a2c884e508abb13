"""How names are written in paths: what means the same, what only looks so, and what a run makes of odd names."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote, unquote_plus

from hypothesis import given
from hypothesis import strategies as st

from contract_tests.running.target import Level
from contract_tests.sending import spelling
from tests.suite.judging import HOST, judge

TEXT = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/")
NAMES = st.text(TEXT, min_size=1, max_size=spelling.LONGEST).filter(lambda name: name not in (".", ".."))
CHECKS = ("names-encoded", "names-exact", "names-loose", "names-awkward", "names-bounds", "names-unreadable")


@given(NAMES)
def test_what_means_the_same_decodes_to_the_name(name: str) -> None:
    """Each other way to write a name is the name, percent-encoded; one of them in small letters."""
    ways = dict(spelling.same(name))
    assert {unquote(written, errors="strict") for written in ways.values()} == {name}
    assert "every byte encoded, with small letters" in ways


@given(NAMES)
def test_what_is_misread_decodes_to_another_name(name: str) -> None:
    """What a wrong decoder would take for the name is another one to the right decoder."""
    for words, written in spelling.misread(name):
        assert unquote(written) != name
        wrong = unquote_plus(written) if "plus" in words else unquote(unquote(written))
        assert wrong == name or "+" in name or "%" in name


@given(NAMES)
def test_near_names_are_other_names(name: str) -> None:
    """Every near name differs from the name, is a lawful length, and has words that tell how."""
    others = spelling.others(name)
    assert name not in others.values()
    assert all(1 <= len(other) <= spelling.LONGEST for other in others.values())
    assert len(set(others.values())) == len(others)


@given(NAMES)
def test_loose_names_are_other_names(name: str) -> None:
    """What a pattern would match is another name, and a lawful one."""
    others = spelling.loose(name)
    assert name not in others.values()
    assert all(1 <= len(other) <= spelling.LONGEST and other not in (".", "..") for other in others.values())


def test_loose_names_are_what_a_pattern_matches() -> None:
    """A parameter, a dot, the signs of LIKE, and an accent."""
    assert set(spelling.loose("web-1").values()) == {"web-1;x=1", "web-1.", "web-_", "%", "wéb-1"}
    assert spelling.loose("%")["an accent on a letter"] == "%\N{COMBINING ACUTE ACCENT}"


def test_near_names_are_near() -> None:
    """Case, spaces, width and composition are what is easily overlooked."""
    others = spelling.others("Ünï web-1")
    assert others["the other case"] == "üNÏ WEB-1"
    assert others["a space after it"] == "Ünï web-1 "
    assert others["a space doubled"] == "Ünï  web-1"
    assert others["its form NFD"] == unicodedata.normalize("NFD", "Ünï web-1")
    assert unicodedata.normalize("NFKC", others["its first letter in another width"]) == "Ünï web-1"


@given(st.text(TEXT, min_size=1, max_size=spelling.LONGEST))
def test_a_name_too_long_begins_like_the_name(name: str) -> None:
    """One character more than a name may have, and the name is what is left when it is cut."""
    assert len(spelling.too_long(name)) == spelling.LONGEST + 1
    assert spelling.too_long(name).startswith(name)


def test_a_path_has_one_name_written_otherwise() -> None:
    """The other names are encoded as ever; without a place all of them are."""
    template = "/o/{a}/e/{b}/h/{c}/instance"
    assert spelling.path_of(template, ("x y", "ü", "z"), 2, "%2E") == "/o/x%20y/e/%C3%BC/h/%2E/instance"
    assert spelling.path_of(template, ("x y", "ü", "z")) == f"/o/{quote('x y')}/e/%C3%BC/h/z/instance"


def test_an_instance_that_is_there_is_enough(serve: Callable[..., str], folder: Path) -> None:
    """Reading is all that it takes: with an instance the rules are judged at the level observe."""
    verdict = judge(serve(), folder, only=CHECKS, level=Level.OBSERVE)
    for rule in ("names.exact", "names.bounds", "names.percent-encoded", "names.unreadable"):
        assert verdict.verdict(rule) == "passed", verdict.text


def test_without_an_instance_a_near_name_shows_nothing(serve: Callable[..., str], folder: Path) -> None:
    """Where nothing is, nothing can be mixed up: the rule is not passed."""
    vacant = HOST.replace("test-host-on-Hyp3", "web-1")
    verdict = judge(serve(), folder, only=CHECKS, level=Level.OBSERVE, hosts=(vacant,))
    assert verdict.verdict("names.exact") == "not-run"
    assert verdict.verdict("names.unreadable") == "passed"


def test_odd_names_are_told_apart(serve: Callable[..., str], folder: Path, tmp_path: Path) -> None:
    """Composed characters, signs and spaces in all three names are read as they are."""
    seed = tmp_path / "odd.yaml"
    seed.write_text(
        'organizations: [{name: "Ünïted 100%", environments: [{name: "a+b c;d", hosts: [{name: "e\\u0301&☃"}]}]}]'
    )
    verdict = judge(serve(seeds=(seed,)), folder, only=CHECKS, hosts=("Ünïted 100%/a+b c;d/e\u0301&☃",))
    assert verdict.code == 0, verdict.text
