"""What stands behind the routes: the contract, the world made from settings and seeds, and who may ask."""

from __future__ import annotations

from contract import load_contract
from emulator.auth import Authenticator, User
from emulator.clock import parse_clock
from emulator.errors import StartError
from emulator.seeds import load_seed, plant
from emulator.settings import Settings
from emulator.timing import parse_timing
from emulator.world import World, make_world


class Worlds:
    """The contract, the default world (a process can hold many), and the users.

    ContractError and StartError say what cannot be started, with file and line.
    """

    def __init__(self, settings: Settings) -> None:
        self.contract = load_contract(settings.contract)
        self._settings = settings
        self._seeds = [load_seed(path) for path in settings.seeds]
        self._timing = parse_timing(settings.timing, self.contract.lifecycle.triggers)
        self._world, users = self._make()
        self.authenticator = Authenticator(users if settings.users is None else settings.users)

    def world(self) -> World:
        """The world of now. A request asks once, and stays with its answer: a reset does not reach it."""
        return self._world

    def reset(self) -> World:
        """Start again from the seeds, in one step: requests that began before go on in the old world.

        Files are not read again: what has become of them since the start does not matter.
        """
        self._world, _ = self._make()
        return self._world

    def _make(self) -> tuple[World, list[User]]:
        settings = self._settings
        try:
            clock = parse_clock(settings.clock)
        except ValueError as error:
            raise StartError(f"--clock: {error}") from None
        world = make_world(self.contract, timing=self._timing, random_seed=settings.random_seed, clock=clock)
        users = plant(world, self._seeds, world.clock.now())
        if settings.fleet:
            from emulator.fleet import plant_fleet  # noqa: PLC0415 - it brings Faker, which a start without it spares

            plant_fleet(world, settings.fleet, settings.random_seed)
        return world, users
