"""What is killed in the middle of its work has lost nothing that it had promised; `make crash` does 200 such rounds."""

from __future__ import annotations

import random
from pathlib import Path

from tests.emulator.crashing import Tally, platform, play
from tests.postgresql import Postgresql

ROUNDS = 3


def assert_nothing_is_lost(tally: Tally) -> None:
    """All rounds were played, with actions in them, and all agreed."""
    assert tally.rounds == ROUNDS
    assert tally.accepted > ROUNDS
    assert not tally.wrong


def test_a_worker_that_is_killed_loses_nothing_in_sqlite(tmp_path: Path) -> None:
    """Whatever worker dies whenever: what was answered is stored, once, and others go on."""
    draw, tally = random.Random(1), Tally()
    with platform(f"sqlite:///{tmp_path / 'platform.db'}") as emulator:
        for _ in range(ROUNDS):
            play(emulator, draw, lambda: emulator.kill_a_worker(draw), tally)
    assert_nothing_is_lost(tally)


def test_a_worker_that_is_killed_loses_nothing_in_postgresql(database_server: Postgresql) -> None:
    """Whatever worker dies whenever: what was answered is stored, once, and others go on."""
    draw, tally = random.Random(2), Tally()
    with platform(database_server.database()) as emulator:
        for _ in range(ROUNDS):
            play(emulator, draw, lambda: emulator.kill_a_worker(draw), tally)
    assert_nothing_is_lost(tally)


def test_a_database_that_is_killed_loses_nothing(database_server: Postgresql) -> None:
    """Requests get 503 until it is back; then all that was answered is there, and nothing else."""
    draw, tally = random.Random(3), Tally()

    def cut_the_power() -> None:
        database_server.kill()
        database_server.start()

    with platform(database_server.database()) as emulator:
        for _ in range(ROUNDS):
            play(emulator, draw, cut_the_power, tally)
    assert tally.put_off
    assert_nothing_is_lost(tally)
