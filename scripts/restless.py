"""Lawful trouble is lawful: the suite is green on an emulator under each lawful kind, and restless with many seeds.

Exit code 1 when one of them is blamed, or was never met.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from contract_tests.running.selection import Choice
from tests.end_to_end.troubles import LAWFUL, RESTLESS, judged
from tests.faulty_servers.choosing import DEAR

SEEDS, WORKERS = 10, 2

Job = partial[tuple[str, str, float]]


def main() -> int:
    """Exit code 0 when nothing was blamed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, metavar="N", help=f"of {RESTLESS}; {SEEDS} by default")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first seed; 0 by default")
    parser.add_argument("--workers", type=int, default=WORKERS, metavar="N", help=f"{WORKERS} by default")
    parser.add_argument("--whole", action="store_true", help="by the whole plan, the dearest checks too")
    arguments = parser.parse_args()
    begin = time.monotonic()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    jobs: list[Job] = [partial(_try, name, 0, whole=arguments.whole) for name in LAWFUL if name != RESTLESS]
    jobs += [partial(_try, RESTLESS, seed, whole=arguments.whole) for seed in seeds]
    blamed = list(_run(jobs, arguments.workers))
    for name, text in blamed:
        print(f"restless: {name}\n{text}", file=sys.stderr)
    print(f"{len(jobs) - len(blamed)} of {len(jobs)} green, in {time.monotonic() - begin:.0f} s")
    return 1 if blamed else 0


def _run(jobs: list[Job], workers: int) -> Iterator[tuple[str, str]]:
    """What was blamed, with the words of the suite."""
    with ProcessPoolExecutor(workers) as pool:
        for number, future in enumerate(as_completed([pool.submit(job) for job in jobs]), start=1):
            name, complaint, seconds = future.result()
            verdict = "RED" if complaint else "green"
            print(f"{number:4} of {len(jobs)}  {name:40}  {seconds:6.1f} s  {verdict}", flush=True)
            if complaint:
                yield name, complaint


def _try(name: str, seed: int, *, whole: bool) -> tuple[str, str, float]:
    """The name of a trial, what was wrong with it (empty when nothing was), and how long it took."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        choice = Choice() if whole else Choice(skip=DEAR)
        verdict, hits = judged(LAWFUL[name], Path(folder) / "report", random_seed=seed, choice=choice)
    complaint = verdict.text if verdict.code else "" if all(hits) else f"a rule was never met: {hits}"
    return f"{name} {seed}", complaint, time.monotonic() - begin


if __name__ == "__main__":
    sys.exit(main())
