"""`python -m benchmarks`: measures, and writes docs/benchmarks.md and docs/scale.md; --guard tells fallen ratios.

Only ratios are compared: each contestant is measured in the same rounds, on the same CPU, as the bare Flask route.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import capacity, in_process, report, scale
from benchmarks.contestants import BARE, GET, OTHERS, OWN, PEERS, Contestant
from benchmarks.measuring import Broken, missing, running, start_seconds
from tests.postgresql import MISSING, is_installed, postgresql

RESULTS = Path(__file__).with_name("results.json")
GUARDED = {"emulator, GET": 0.7, "emulator, power action, memory": 0.7, "emulator, power action, SQLite": 0.5}
"""A ratio that is lower than so much of the recorded one has fallen.

How many actions SQLite commits together depends on the disk, and on who else writes to it.
"""


def main() -> int:
    """Measure, and write or compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of load, for each contestant in each round")
    parser.add_argument("--hosts", type=int, default=scale.HOSTS)
    parser.add_argument(
        "--only", choices=SECTIONS, action="append", help="leave the rest of the page as it was measured"
    )
    parser.add_argument("--guard", action="store_true")
    options = parser.parse_args()
    if lacking := missing():
        print(f"benchmarks: {', '.join(lacking)} missing: apt-get install wrk util-linux", file=sys.stderr)
        return 2
    if not options.guard and not PEERS.is_dir():
        print("benchmarks: the peers are missing: make bench sets them up", file=sys.stderr)
        return 2
    if not is_installed():
        print(f"benchmarks: {MISSING}", file=sys.stderr)
        return 2
    try:
        return guard(options.rounds, options.seconds) if options.guard else bench(options)
    except Broken as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1


def bench(options: argparse.Namespace) -> int:
    """Measure all, or some of it, and write what was found."""
    results = json.loads(RESULTS.read_text()) if options.only and RESULTS.exists() else {}
    results |= {"rounds": options.rounds, "seconds": options.seconds}
    for section in options.only or SECTIONS:
        results[section] = SECTIONS[section](options)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")  # at once: the next one may take minutes, and fail
    report.write(results)
    return 0


def guard(rounds: int, seconds: float) -> int:
    """Measure the emulator beside the bare route, and compare the ratios with those that are recorded."""
    recorded = json.loads(RESULTS.read_text())["throughput"]
    now = rates_of((BARE, *(one for one in OWN if one.name in GUARDED)), rounds, seconds)
    fallen = 0
    for name, tolerance in GUARDED.items():
        before = recorded[name] / recorded[BARE.name]
        # the best round: what else goes on here hits one round and one contestant, what has fallen is so in each
        after = max(own / bare for own, bare in zip(now[name], now[BARE.name], strict=True))
        fallen += after < tolerance * before
        print(f"{name}: {after:.2f} of a bare route; recorded {before:.2f}{', FALLEN' * (after < tolerance * before)}")
    return 1 if fallen else 0


def throughput(contestants: Sequence[Contestant], rounds: int, seconds: float) -> dict[str, float]:
    """Requests for each CPU second of the server, the median of interleaved rounds."""
    return {name: statistics.median(found) for name, found in rates_of(contestants, rounds, seconds).items()}


def rates_of(contestants: Sequence[Contestant], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Requests for each CPU second of the server, in each of some interleaved rounds."""
    rates: dict[str, list[float]] = {one.name: [] for one in contestants}
    with ExitStack() as stack:
        server = stack.enter_context(postgresql())
        for number in range(rounds):
            for one in contestants:
                with running(one, server) as started:
                    started.load(seconds / 4)
                    count, used = started.load(seconds)
                rates[one.name].append(count / used)
                print(f"round {number + 1}: {one.name}: {count / used:.0f} requests for a CPU second", flush=True)
    return rates


def starts(contestants: Sequence[Contestant], rounds: int) -> dict[str, float]:
    """Seconds from the start of the process to the first good answer, the median of interleaved rounds."""
    found: dict[str, list[float]] = {one.name: [] for one in contestants}
    for _ in range(rounds):
        for one in contestants:
            found[one.name].append(start_seconds(one))
    return {name: statistics.median(times) for name, times in found.items()}


SECTIONS: Mapping[str, Callable[[argparse.Namespace], Any]] = {
    "throughput": lambda options: throughput((BARE, *OWN, *OTHERS), options.rounds, options.seconds),
    "start": lambda options: starts((BARE, GET, *OTHERS), options.rounds),
    "inProcess": lambda _: in_process.costs(),
    "profile": lambda _: in_process.profiles(),
    "scale": lambda options: [report.as_data(one) for one in scale.scales(options.hosts, options.seconds)],
    "capacity": lambda options: capacity.capacity(options.seconds),
}
"""What is measured, in the order of the pages."""


if __name__ == "__main__":
    sys.exit(main())
