"""Racing requests end as if one had come after the other."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from contract import load_contract
from contract_tests.judging.linearizability import Call, Search, Verdict
from tests.emulator.conftest import VACANT, Running

DOCUMENTED = load_contract().lifecycle
AT_ONCE = replace(DOCUMENTED, edges=tuple(replace(edge, via=None) for edge in DOCUMENTED.edges))
"""The lifecycle with nothing on its way: by default the emulator lets every action take effect at once."""

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
                calls.append(Call(start, time.monotonic(), None, 200, seen))
            else:
                status = client.request("PUT", f"{VACANT}/{ACTIONS[trigger]}").status_code
                calls.append(Call(start, time.monotonic(), trigger, status))
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
    assert Search(AT_ONCE, calls, lagging=False).explain("RUNNING").verdict is Verdict.EXPLAINED


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
