"""Racing requests end as if one had come after the other, and the judge of that can be trusted."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Iterator
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import load_contract
from tests.emulator.conftest import VACANT, Running
from tests.emulator.linearizability import Call, Search

LIFECYCLE = load_contract().lifecycle
THREADS = 32
REQUESTS = 12
ACTIONS = {"start": "_start", "pause": "_pause", "resume": "_resume", "shutdown": "_stop", "off": "_off"}


def hammer(emulator: Running, seed: int) -> list[Call]:
    """32 threads that each send a dozen triggers and looks, drawn from the seed, as fast as they can."""
    calls: list[Call] = []
    gate = threading.Barrier(THREADS)

    def work(number: int) -> None:
        draw = random.Random(f"{seed} {number}")
        client = Running.client_of(emulator)
        gate.wait()
        for _ in range(REQUESTS):
            trigger = draw.choice([*ACTIONS, None])
            start = time.monotonic()
            if trigger is None:
                seen = client.state()
                calls.append(Call(start, time.monotonic(), None, seen=seen))
            else:
                status = client.request("PUT", f"{VACANT}/{ACTIONS[trigger]}").status_code
                calls.append(Call(start, time.monotonic(), trigger, accepted=status == 202))
        client.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return calls


@pytest.fixture(autouse=True)
def restless_threads() -> Iterator[None]:
    """Threads change places a thousand times as often as usual, so that a missing lock shows."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 1000)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.parametrize("seed", range(5))
def test_what_32_threads_do_to_one_instance_has_a_serial_order(emulator: Running, seed: int) -> None:
    """A serial order explains every answer that 32 racing threads got."""
    assert emulator.request("POST", VACANT).status_code == 200
    calls = hammer(emulator, seed)
    assert len(calls) == THREADS * REQUESTS
    assert Search(LIFECYCLE, calls).explains("RUNNING")


def test_of_racing_provisions_one_wins(emulator: Running) -> None:
    """Of 32 provisions sent together exactly one is accepted."""
    statuses: list[int] = []
    gate = threading.Barrier(THREADS)

    def work() -> None:
        client = Running.client_of(emulator)
        gate.wait()
        statuses.append(client.request("POST", VACANT).status_code)
        client.close()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * (THREADS - 1)


def test_two_pauses_that_both_win_are_found_out() -> None:
    """Two accepted pauses of one running machine have no serial order."""
    calls = [Call(0, 2, "pause"), Call(1, 3, "pause")]
    assert not Search(LIFECYCLE, calls).explains("RUNNING")


def test_a_stale_look_is_found_out() -> None:
    """A look that began after an accepted pause was answered cannot see RUNNING."""
    calls = [Call(0, 1, "pause"), Call(2, 3, None, seen="RUNNING")]
    assert not Search(LIFECYCLE, calls).explains("RUNNING")
    assert Search(LIFECYCLE, [calls[0], Call(0.5, 3, None, seen="RUNNING")]).explains("RUNNING")


def brute_force(calls: list[Call], state: str) -> bool:
    """Try every order that respects who was answered before whom began."""
    for order in permutations(calls):
        late = any(after.end < before.start for i, before in enumerate(order) for after in order[i + 1 :])
        if not late and replays(order, state):
            return True
    return not calls


def replays(order: tuple[Call, ...], state: str) -> bool:
    """Whether these calls, one after the other, would have been answered as they were."""
    for call in order:
        if call.trigger is None:
            if call.seen != state:
                return False
            continue
        edge = LIFECYCLE.edge(state, call.trigger)
        if (edge is not None) != call.accepted:
            return False
        state = edge.to[0] if edge else state
    return True


CALLS = st.builds(
    lambda start, length, trigger, accepted, seen: Call(start, start + length, trigger, accepted, seen),
    st.integers(0, 6),
    st.integers(0, 4),
    st.sampled_from([*ACTIONS, None]),
    st.booleans(),
    st.sampled_from(["RUNNING", "PAUSED", "STOPPED"]),
)


@given(st.lists(CALLS, max_size=5))
def test_the_search_agrees_with_brute_force(calls: list[Call]) -> None:
    """The search finds an order exactly when trying all orders does."""
    assert Search(LIFECYCLE, calls).explains("RUNNING") == brute_force(calls, "RUNNING")
