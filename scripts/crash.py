"""Kills workers, and PostgreSQL itself, under load, and compares every answer with what is stored.

Exit code 1 when something acknowledged was lost, or something stored was never asked for.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.emulator.crashing import Platform, Tally, platform, play
from tests.postgresql import MISSING, Postgresql, is_installed, postgresql

SHARES = {"sqlite, a worker": 0.4, "postgresql, a worker": 0.4, "postgresql, the database server": 0.2}
"""What is killed over which store, and in which part of the rounds."""


def main() -> int:
    """Run the rounds, and print a line for each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not is_installed():
        print(MISSING, file=sys.stderr)
        return 2
    wrong = []
    with tempfile.TemporaryDirectory() as folder, postgresql() as server:
        for kind, share in SHARES.items():
            began, tally = time.monotonic(), Tally()
            draw = random.Random(f"{options.seed} {kind}")  # noqa: S311 - to be drawn again
            store = f"sqlite:///{folder}/crash.db" if kind.startswith("sqlite") else server.database()
            with platform(store) as emulator, killer(kind, emulator, server, draw) as kill:
                for _ in range(round(options.rounds * share)):
                    play(emulator, draw, kill, tally)
            wrong += tally.wrong
            print(
                f"{kind} killed: {tally.rounds} rounds, {tally.accepted} actions accepted, {tally.lost} answers lost, "
                f"{tally.put_off} put off with 503, {len(tally.wrong)} wrong, {time.monotonic() - began:.0f} s",
                flush=True,
            )
    for what in wrong:
        print(what, file=sys.stderr)
    return 1 if wrong else 0


@contextmanager
def killer(kind: str, emulator: Platform, server: Postgresql, draw: random.Random) -> Iterator[Callable[[], None]]:
    """What kills, and brings back what does not come back by itself."""

    def kill_server() -> None:
        server.kill()
        server.start()

    yield kill_server if "database server" in kind else lambda: emulator.kill_a_worker(draw)


if __name__ == "__main__":
    sys.exit(main())
