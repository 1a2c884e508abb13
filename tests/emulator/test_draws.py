"""Randomness that depends on a key, and on nothing else."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from hypothesis import assume, example, given
from hypothesis import strategies as st

from emulator.draws import draw_bytes, draw_fraction, draw_index, draw_uuid
from tests.emulator.conftest import ROOT
from tests.emulator.processes import environment

TEXT = st.text(st.characters(exclude_categories=["Cc"]))
KEYS = st.lists(TEXT | st.integers(), max_size=4)


def test_a_draw_is_the_same_for_ever() -> None:
    """These values hold on every machine and in every version: seeds of users depend on them."""
    assert draw_bytes(0, "a", 1, size=4).hex() == "f546edd2"
    assert draw_fraction(0, "a") == 0.16059618093373285
    assert draw_index(1000, 7, "host", 3) == 334
    assert draw_uuid(0, "a") == "04b56b10-5885-4845-8da3-cfcbd1acd58e"


def test_a_draw_is_the_same_in_another_process() -> None:
    """Nothing of the process goes into it, such as the salt of its hashes."""
    code = "from emulator.draws import draw_uuid; print(draw_uuid(5, 'ü', 6))"
    for salt in ("1", "2"):
        env = environment({"PYTHONHASHSEED": salt})
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, check=True)
        assert done.stdout.decode().strip() == draw_uuid(5, "ü", 6)


def test_a_draw_is_the_same_in_any_thread_and_order() -> None:
    """A hundred draws by eight threads are those by one, backwards."""
    keys = list(range(100))
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda key: draw_uuid(1, "key", key), keys))
    assert drawn == [draw_uuid(1, "key", key) for key in reversed(keys)][::-1]


@given(st.integers(), KEYS, st.integers(), KEYS)
@example(0, ["a", "b"], 0, ["ab"])
@example(0, ["a", ""], 0, ["a"])
@example(1, [2], 12, [])
def test_another_key_is_another_draw(seed: int, key: list[str | int], other_seed: int, other: list[str | int]) -> None:
    """Keys that differ, be it in where one part ends, have nothing in common."""
    assume([str(seed), *map(str, key)] != [str(other_seed), *map(str, other)])
    assert draw_bytes(seed, *key, size=16) != draw_bytes(other_seed, *other, size=16)


@given(st.integers(), KEYS, st.integers(1, 64))
def test_bytes_are_as_many_as_asked_for(seed: int, key: list[str | int], size: int) -> None:
    """1 to 64 bytes."""
    assert len(draw_bytes(seed, *key, size=size)) == size


@given(st.integers(), st.lists(st.text(), max_size=3), st.integers(1, 1000))
def test_numbers_are_in_their_bounds(seed: int, key: list[str], count: int) -> None:
    """A fraction is below one, an index below its count; any text can be in a key."""
    assert 0 <= draw_fraction(seed, *key) < 1
    assert 0 <= draw_index(count, seed, *key) < count


@given(st.integers(), KEYS)
def test_a_uuid_is_one_of_version_4(seed: int, key: list[str | int]) -> None:
    """It is written in lower case with dashes."""
    text = draw_uuid(seed, *key)
    assert (str(UUID(text)), UUID(text).version, UUID(text).variant) == (text, 4, "specified in RFC 4122")


def test_draws_are_spread_evenly() -> None:
    """Ten thousand draws fall into ten bins alike."""
    fractions = [draw_fraction(1, number) for number in range(10_000)]
    indexes = [draw_index(10, 1, number) for number in range(10_000)]
    for number in range(10):
        assert 850 < sum(number <= fraction * 10 < number + 1 for fraction in fractions) < 1150
        assert 850 < indexes.count(number) < 1150
