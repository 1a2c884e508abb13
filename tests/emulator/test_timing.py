"""How long things take: words, YAML files and their mistakes, and draws that depend on nothing but their key."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from pathlib import Path
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract import ContractError, load_contract
from emulator.errors import StartError
from emulator.timing import AGENT, REALISTIC, Timing, parse_timing
from tests.emulator.conftest import DOCUMENTED, VACANT, Running, Start

TRIGGERS = load_contract().lifecycle.triggers
KEYS = st.tuples(st.text(), st.text(), st.integers(0))
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a timing file and answers its path."""

    def written(text: str) -> Path:
        path = tmp_path / "timing.yaml"
        path.write_text(text)
        return path

    return written


def timing(text: str | Path) -> Timing:
    """The timing that `--timing` names, for the contract's triggers."""
    return parse_timing(str(text), TRIGGERS)


def draws(parsed: Timing, what: str, count: int = 2000) -> list[float]:
    """So many delays of one kind."""
    return [parsed.delay(what, 1, "world", number) for number in range(count)]


def test_instant_takes_no_time() -> None:
    """Every trigger, and the agent too, is there at once."""
    assert {timing("instant").delay(what, 1, "key") for what in (*TRIGGERS, AGENT)} == {0.0}


def test_realistic_has_a_row_for_every_trigger_that_takes_time() -> None:
    """What it names are triggers of the contract."""
    assert set(REALISTIC) <= {*TRIGGERS, AGENT, "default"}


def test_realistic_takes_longer_for_a_boot_than_for_a_pause() -> None:
    """Times differ from machine to machine, around a median of their kind."""
    realistic = timing("realistic")
    assert len(set(draws(realistic, "provision"))) > 1900
    assert median(draws(realistic, "provision")) == pytest.approx(40, rel=0.1)
    assert max(draws(realistic, "pause")) <= 1.0 < min(draws(realistic, "provision"))


@given(seed=st.integers(), key=KEYS, others=st.lists(KEYS, max_size=3), what=st.sampled_from([*TRIGGERS, AGENT]))
def test_a_draw_depends_on_its_key_alone(
    seed: int, key: tuple[str, str, int], others: list[tuple[str, str, int]], what: str
) -> None:
    """Draws in between, by another timing of the same kind, leave a draw as it is."""
    first = timing("realistic").delay(what, seed, *key)
    again = timing("realistic")
    for other in others:
        again.delay(what, seed, *other)
    assert again.delay(what, seed, *key) == first


def test_another_seed_and_another_trigger_are_other_draws(write: Write) -> None:
    """The seed and the trigger are part of the key."""
    parsed = timing(write("default: {uniform: [0, 1]}\n"))
    delays = [parsed.delay(what, seed, "key") for what in ("provision", "reboot", AGENT) for seed in (1, 2)]
    assert len(set(delays)) == len(delays)


def test_a_file_says_a_distribution_for_each_trigger(write: Write) -> None:
    """Fixed, uniform and lognormal, by trigger; the default is for the others."""
    rows = ["start: {fixed: 2.5}", "pause: {uniform: [5, 3]}", "off: {lognormal: {median: 8, sigma: 0.5}}"]
    parsed = timing(write("\n".join([*rows, "default: {fixed: 7}"])))
    assert set(draws(parsed, "start")) == {2.5}
    assert set(draws(parsed, "resume")) == {7.0}
    uniform = draws(parsed, "pause")
    assert [min(uniform), max(uniform)] == pytest.approx([3, 5], abs=0.01)
    lognormal = draws(parsed, "off")
    assert median(lognormal) == pytest.approx(8, rel=0.1)
    assert min(lognormal) > 0


def test_a_file_without_a_default_leaves_the_others_instant(write: Write) -> None:
    """What a file does not name takes no time."""
    assert set(draws(timing(write("start: {fixed: 2}\n")), "pause")) == {0.0}


@settings(deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(median_=st.floats(1e-3, 1e9), sigma=st.floats(1e-3, 10), key=st.integers())
def test_no_lognormal_is_negative_or_without_end(write: Write, median_: float, sigma: float, key: int) -> None:
    """The tails of a distribution are cut where they would not be times."""
    parsed = timing(write(f"default: {{lognormal: {{median: {median_!r}, sigma: {sigma!r}}}}}\n"))
    assert 0 < parsed.delay("start", 1, key) < inf
    assert 0 < parsed.default(lambda: 0.0) <= parsed.default(lambda: 1 - 2**-53) < inf


@pytest.mark.parametrize(
    "text, line, message",
    [
        ("start: {fixed: 1}\npauze: {fixed: 1}\n", 2, "pauze"),
        ("start: {fixed: -1}\n", 1, "-1"),
        ("start: {fixed: '1'}\n", 1, "'1'"),
        ("start: {fixed: .nan}\n", 1, "start"),
        ("start: {fixed: .inf}\n", 1, "start"),
        ("start: {fixed: 1, uniform: [1, 2]}\n", 1, "start"),
        ("start: {uniform: [1]}\n", 1, "start"),
        ("start:\n  uniform: [1, 2, 3]\n", 2, "start"),
        ("start:\n  lognormal: {median: 0, sigma: 1}\n", 2, "median"),
        ("start:\n  lognormal: {median: 1}\n", 2, "sigma"),
        ("start:\n  normal: {mean: 1}\n", 1, "normal"),
        ("start: 5\n", 1, "start"),
        ("start: {}\n", 1, "start"),
        ("[]\n", 1, "list"),
        ("", 1, ""),
        ("start: {fixed: 1}\nstart: {fixed: 2}\n", 2, "start"),
        ("start: [\n", 2, ""),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_line(write: Write, text: str, line: int, message: str) -> None:
    """FILE:LINE, and what is wrong there."""
    path = write(text)
    with pytest.raises(ContractError) as error:
        timing(path)
    assert f"{path}:{line}" in str(error.value)
    assert message in str(error.value)


def test_an_unknown_trigger_is_refused_with_those_that_are_known(write: Write) -> None:
    """A row for anything else is a slip of the pen."""
    with pytest.raises(ContractError, match=r"contract has .*agent, default, delete.*provision"):
        timing(write("pauze: {fixed: 1}\n"))


@pytest.mark.parametrize("text", ["polls:0", "polls:-1", "polls:", "polls:x", "polls:1.5", "polls:1000001", "polls:²"])
def test_a_number_of_polls_that_cannot_be_is_refused(text: str) -> None:
    """The number is from 1 to a million."""
    with pytest.raises(StartError, match="such as polls:3"):
        timing(text)


def test_an_unknown_word_is_refused_with_those_that_are_known() -> None:
    """What is neither a word nor a file is named, with what is expected."""
    with pytest.raises(StartError, match=r"--timing fast: .* instant, realistic, polls:N or a YAML file"):
        timing("fast")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_with_polls_an_action_settles_after_so_many_looks(start: Start, count: int) -> None:
    """So many looks see PENDING, the next sees the target, however long that takes."""
    emulator = start(timing=f"polls:{count}")
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    emulator.world.clock.advance(1e6)
    assert [emulator.state(DOCUMENTED) for _ in range(count + 2)] == ["PENDING"] * count + ["PAUSED"] * 2


def test_with_polls_a_refused_trigger_is_no_look(start: Start) -> None:
    """Only GET counts; an action that is refused while PENDING does not."""
    emulator = start(timing="polls:1")
    emulator.request("POST", VACANT)
    assert [emulator.request("PUT", f"{VACANT}/_pause").status_code for _ in range(3)] == [409, 409, 409]
    assert [emulator.state() for _ in range(2)] == ["PENDING", "RUNNING"]


def test_a_reset_does_not_read_the_file_again(start: Start, write: Write) -> None:
    """The file of a running emulator may go."""
    path = write("default: {fixed: 10}\n")
    emulator: Running = start(timing=str(path))
    path.unlink()
    assert emulator.request("POST", "/_emulator/reset", json={}).status_code == 200
    emulator.request("POST", VACANT)
    assert emulator.state() == "PENDING"
