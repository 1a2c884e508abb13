"""Names in a path: percent-encoded UTF-8, compared code point by code point."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from emulator.records import Host
from emulator.settings import Settings
from tests.emulator.conftest import ENVIRONMENT, EXAMPLE, NewStore, Running, running
from tests.emulator.raw_http import Answer, request, send
from tests.thorough import examples

NAME = st.text(
    st.characters(exclude_characters="/", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=255
).filter(lambda name: name not in {".", ".."})  # fmt: skip
VARIANTS = {
    "case": ("Straße", "straße"),
    "case of a special letter": ("İ", "i̇"),
    "a folded letter": ("ß", "ss"),
    "normal form": ("é", unicodedata.normalize("NFD", "é")),
    "compatible form": ("ﬁ", "fi"),
    "a space before": ("a", " a"),
    "a space after": ("a", "a "),
    "a space that does not break": ("a b", "a\xa0b"),
    "two spaces": ("a b", "a  b"),
    "a letter that looks like it": ("a", "\N{CYRILLIC SMALL LETTER A}"),
    "nothing that can be seen": ("a", "a\u200b"),
    "a plus": ("a b", "a+b"),
    "a percent sign": ("a b", "a%20b"),
    "a dot after": ("a", "a."),
}


@pytest.fixture(scope="module")
def target(new_store: NewStore) -> Iterator[Running]:
    """One emulator for all names."""
    with running(Settings(seeds=(EXAMPLE,), clock="frozen", store=new_store())) as emulator:
        yield emulator


def plant(target: Running, *names: str) -> None:
    """Leave the environment with hosts of these names alone."""
    place = ("Guardis Test", "Test Environment")
    with target.world.store.unit() as unit:
        for host in unit.hosts(unit.environment(*place)).part(0, 100):
            unit.release(host)
            host.instance = None
    with target.world.store.unit() as unit:
        environment = unit.environment(*place)
        for host in list(unit.hosts(environment).part(0, 100)):
            unit.remove(host)
        for name in names:
            unit.add(Host(environment, name))


def ask(target: Running, method: str, name: str, safe: str = "") -> Answer:
    """Send a request about the instance of the host of that name."""
    return send(target, request(method, f"{ENVIRONMENT}/hosts/{quote(name, safe=safe)}/instance"))


@settings(
    max_examples=examples(200),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=NAME)
@example(name="Ünïcødé 🖥 名前")
@example(name="x" * 255)
@example(name="...")
@example(name="100%")
@example(name="%2F")
@example(name="a?b#c&d=e;f+g")
@example(name=" ")
@example(name="\u202egnp.exe")
@example(name="_emulator")
@example(name="instance")
def test_any_name_reaches_its_host(target: Running, name: str) -> None:
    """A host of any legal name is provisioned, shown under that name, and deleted."""
    plant(target, name)
    answer = ask(target, "POST", name)
    assert (answer.status, answer.json()["host"]) == (200, name)
    assert ask(target, "GET", name).json()["host"] == name
    assert ask(target, "DELETE", name).status == 204


@settings(
    max_examples=examples(100),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=NAME, other=NAME)
def test_no_other_name_reaches_a_host(target: Running, name: str, other: str) -> None:
    """A name that differs in anything is another name."""
    assume(name != other)
    plant(target, name)
    assert ask(target, "POST", other).status == 404


@pytest.mark.parametrize("kind", VARIANTS)
def test_names_that_look_alike_are_two(target: Running, kind: str) -> None:
    """Two hosts whose names differ in as little as this have an instance each, and each its own."""
    one, other = VARIANTS[kind]
    plant(target, one)
    assert ask(target, "POST", other).status == 404
    plant(target, one, other)
    assert ask(target, "POST", one).json()["host"] == one
    assert ask(target, "GET", other).status == 404
    assert ask(target, "POST", other).json()["host"] == other


@pytest.mark.parametrize("encoded", ["A%20b", "%41%20%62", "%41 b".replace(" ", "%20"), "A%20%62"])
def test_a_name_may_be_encoded_more_than_it_must(target: Running, encoded: str) -> None:
    """Letters that need no escape may have one."""
    plant(target, "A b")
    assert send(target, request("POST", f"{ENVIRONMENT}/hosts/{encoded}/instance")).json()["host"] == "A b"


@pytest.mark.parametrize("encoded", ["caf%C3%A9", "caf%c3%a9"])
def test_escapes_are_read_in_any_case(target: Running, encoded: str) -> None:
    """Hexadecimal digits may be of either case."""
    plant(target, "café")
    assert send(target, request("POST", f"{ENVIRONMENT}/hosts/{encoded}/instance")).json()["host"] == "café"


def test_bytes_that_are_not_utf_8_are_no_name(target: Running) -> None:
    """They do not reach the host whose name is what a reader puts in their place."""
    plant(target, "\N{REPLACEMENT CHARACTER}")
    assert send(target, request("POST", f"{ENVIRONMENT}/hosts/%FF/instance")).status == 404
    assert ask(target, "POST", "\N{REPLACEMENT CHARACTER}").status == 200


def test_names_count_in_every_place_of_a_path(target: Running) -> None:
    """An organization and an environment are compared as exactly as a host."""
    plant(target, "h")
    right = f"{ENVIRONMENT}/hosts/h/instance"
    assert send(target, request("POST", right)).status == 200
    for wrong in (right.replace("Guardis", "guardis"), right.replace("Test%20Env", "test%20Env")):
        assert send(target, request("GET", wrong)).status == 404
        assert send(target, request("DELETE", wrong)).status == 404
    assert send(target, request("GET", right)).status == 200
