"""What a large platform costs: planting, memory, and each request beside one on a small platform."""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchmarks.contestants import REBOOT, SQLITE, Contestant, emulator
from benchmarks.measuring import running

STORES = {"memory": (), "SQLite": ("--store", SQLITE)}
HOSTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Scale:
    """Figures for one store. `small`, `large`: CPU microseconds a request with the example alone, and with a fleet."""

    store: str
    hosts: int
    planting: float
    bytes_a_host: float
    small: dict[str, float]
    large: dict[str, float]


def scales(hosts: int, seconds: float) -> list[Scale]:
    """The figures for each store with so many hosts, each load so many seconds long."""
    found = []
    for store, options in STORES.items():
        base, _, small = _measure(options, seconds)
        held, planting, large = _measure((*options, "--fleet", str(hosts)), seconds)
        found.append(Scale(store, hosts, planting, (held - base) / hosts, small, large))
    return found


def _measure(options: tuple[str, ...], seconds: float) -> tuple[int, float, dict[str, float]]:
    costs, held, planting = {}, 0, 0.0
    for what, contestant in {
        "GET": Contestant("emulator, GET", emulator(*options)),
        "power action": Contestant("emulator, power action", emulator(*options), REBOOT),
    }.items():
        began = time.monotonic()
        with running(contestant) as server:
            planting = time.monotonic() - began
            held = server.memory()
            server.load(seconds / 4)
            count, used = server.load(seconds)
            costs[what] = used / count * 1e6
    return held, planting, costs
