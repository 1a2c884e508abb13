"""What a world begins from: seeds, and what a seed that is a snapshot says beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from emulator.auth import User
from emulator.clock import Clock, parse_clock, parse_exact
from emulator.errors import StartError
from emulator.seeding.seeds import FileSeed, Seed, users_of
from emulator.timing import Timing, UnknownTrigger, timing_of
from emulator.trouble import QUIET, Plan


@dataclass(frozen=True, slots=True)
class Origin:
    """What a world begins from, and begins from again when it is reset.

    `clock` is as `--clock` has it; `start` is the time at which it begins (seconds since the epoch), None for now.
    `users` None: whoever the seeds name.
    """

    seeds: tuple[Seed, ...]
    timing: Timing
    clock: str
    random_seed: int
    users: tuple[User, ...] | None
    fleet: int = 0
    start: float | None = None
    trouble: Plan = QUIET

    def make_clock(self) -> Clock:
        """The clock of a new world. StartError when it cannot run so."""
        try:
            return parse_clock(self.clock, self.start)
        except ValueError as error:
            raise StartError(f"--clock: {error}") from None

    def beginning(self, clock: Clock) -> float:
        """The time at which all begins, in seconds since the epoch; `clock` is that of the world."""
        return clock.now() if self.start is None else self.start

    def told(self, triggers: tuple[str, ...]) -> Origin:
        """The same with what the seeds say beside what is there: time, timing, random seed and users.

        `triggers` are those of the contract. The error of a seed that says what cannot be, or what another says, too.
        """
        said: dict[str, Any] = _clock(self.seeds) | _timing(self.seeds, triggers)
        for _, value in _said(self.seeds, "randomSeed"):
            said["random_seed"] = value
        if self.users is None:
            said["users"] = tuple(users_of(self.seeds))
        return replace(self, **said)

    def read_again(self) -> Origin:
        """The same with its seed files as they are now. ContractError when one of them is no seed any more."""
        return replace(self, seeds=tuple(_read_again(seed) for seed in self.seeds))


def _read_again(seed: Seed) -> Seed:
    return seed.read_again() if isinstance(seed, FileSeed) else seed


def _clock(seeds: Iterable[Seed]) -> dict[str, Any]:
    for seed, row in _said(seeds, "clock"):
        try:
            start = parse_exact(row["now"])
        except ValueError:
            message = f"it is {row['now']!r}; expected a time such as 2026-01-31T12:00:00Z"
            raise seed.error(("clock", "now"), message) from None
        return {"start": start, "clock": "frozen" if row["rate"] == 0 else f"x{row['rate']}"}
    return {}


def _timing(seeds: Iterable[Seed], triggers: tuple[str, ...]) -> dict[str, Any]:
    for seed, told in _said(seeds, "timing"):
        try:
            return {"timing": timing_of(told, triggers)}
        except UnknownTrigger as unknown:
            raise seed.error(("timing", unknown.trigger), str(unknown)) from None
    return {}


def _said(seeds: Iterable[Seed], member: str) -> list[tuple[Seed, Any]]:
    """The one seed that says it, and what it says; the error of a second one."""
    found = [(seed, seed.value[member]) for seed in seeds if member in seed.value]
    if len(found) > 1:
        raise found[1][0].error((member,), "another seed says it already; keep one")
    return found
