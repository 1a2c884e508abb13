"""What stands behind the routes: the contract, the world made from settings and seeds, and who may ask."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import chain, count
from typing import TYPE_CHECKING

from contract import load_contract, load_document
from emulator import inventory
from emulator.auth import Authenticator
from emulator.clock import Clock, Course
from emulator.errors import Conflict, NotFound, StartError
from emulator.events import RESET, Events
from emulator.journal import Journal
from emulator.memory import MemoryStore
from emulator.seeding.origins import Origin
from emulator.seeding.partial_reset import put_back
from emulator.seeding.seeds import Seed, begin_outages, hypervisors_of, load_seed, outages_of, plant
from emulator.settings import MEMORY, Settings
from emulator.store import Unit
from emulator.timing import parse_timing
from emulator.trouble import Operations, Plan, Trouble, combine, load_plan
from emulator.world import DEFAULT, World, make_world

if TYPE_CHECKING:
    from emulator.sql.opening import Database


CONTROL = "/_emulator"
"""Where the control API is, for messages."""

PREFIX = "/w/"
"""What stands in a path before the name of a world."""

STATE = f"{CONTROL}/state"
"""Where the state of a world is read and replaced."""

MOST_STATE = 64 * 1024 * 1024
"""Bytes of a state that is sent."""

MOST = 10_000
"""So many worlds a process holds at most, the default one aside."""


class Worlds:
    """The contract, and the worlds of this process: the default one, and in memory as many others as are made.

    `on_leave` is called with each world that is dropped, or whose place another takes, such as at a reset.
    ContractError and StartError say what cannot be started, with file and line.
    """

    def __init__(self, settings: Settings) -> None:
        self.contract = load_contract(settings.contract)
        self._settings = settings
        self._origins: dict[str, Origin] = {}
        self._worlds: dict[str, World] = {}
        self._numbers = count(1)
        self._changing = threading.RLock()
        self.on_leave: Callable[[World], None] = lambda _: None
        self._origin = self.origin_of(settings)
        self.database = None if settings.store == MEMORY else self._open(settings.store)
        first = self._new(DEFAULT, self._origin) if self.database is None else self._in_database(self.database)
        self._keep(first, self._origin)

    def world(self, name: str = DEFAULT) -> World:
        """The world of that name as it is now. NotFound when there is none.

        A request asks once, and stays with its answer: a reset does not reach it.
        """
        try:
            return self._worlds[name]
        except KeyError:
            raise NotFound(
                f"there is no world {name!r}; POST {CONTROL}/worlds makes one, GET {CONTROL}/worlds lists them"
            ) from None

    def names(self) -> list[str]:
        """The names of all worlds, in the order in which they were made."""
        return list(self._worlds)

    def make(self, name: str | None = None, origin: Origin | None = None) -> World:
        """A new world, from the seeds of the default one unless told otherwise; a name is made up when none is given.

        Conflict when the name is taken, when there are too many, and over a database.
        """
        origin = origin or self._origin
        with self._changing:
            world = self._new(self._vacant(name), origin)
            self._keep(world, origin)
        return world

    def fork(self, source: str, name: str | None = None) -> World:
        """A new world that is, down to its clock, what another is now. Raises as `make` does, and NotFound."""
        with self._changing:
            origin = self._origins[self.world(source).name]
            world = copy_of(self.world(source), self._vacant(name))
            self._keep(world, origin)
        return world

    def put(self, world: World) -> World:
        """In the place of the world of that name: requests that began before go on in the old one."""
        with self._changing:
            former = self.world(world.name)
            world.journal = former.journal.successor()
            if former.events is not None and world.events is not None:
                with former.store.unit():
                    world.events = former.events.successor(world.clock.now())
            self._worlds[world.name] = world
        self.on_leave(former)
        return world

    def drop(self, name: str) -> None:
        """Let go of a world. NotFound when there is none; Conflict for the default one."""
        if name == DEFAULT:
            raise Conflict(f"the world {DEFAULT!r} stays as long as the emulator; POST {CONTROL}/reset starts it again")
        with self._changing:
            former = self.world(name)
            _dismiss(former)
            del self._worlds[name], self._origins[name]
        self.on_leave(former)

    def reset(self, name: str = DEFAULT) -> World:
        """Start a world again from its seeds, in one step: requests that began before go on in the old one.

        Files are not read again (see read_again): what has become of them does not matter. A database is emptied and
        filled in one transaction.
        """
        if self.database is None:
            return self.put(self._new(name, self._origins[self.world(name).name]))
        self.database.replant(self._course())
        return self.put(self._in_database(self.database))

    def read_again(self, name: str = DEFAULT) -> World:
        """Read the seed files of a world again, and start it from what they say now.

        Worlds that are made later begin as the default one. ContractError when a file is no seed any more, Conflict
        over a database.
        """
        self._refuse_database("seed files are read again", "begin a new database")
        with self._changing:
            origin = self.origin(name).read_again()
            world = self.put(self._new(name, origin))
            self._keep(world, origin)
            if name == DEFAULT:
                self._origin = origin
        return world

    def reset_part(self, name: str, names: tuple[str, ...]) -> World:
        """Make one organization, environment or host (its names, outermost first) what the seeds say of it.

        It is gone when they say nothing. In one step, and nothing else is touched. NotFound when it is nowhere;
        Conflict when another host holds its machine, and over a database.
        """
        with self._changing:
            world, planted = self.world(name), MemoryStore()
            if not isinstance(world.store, MemoryStore):
                raise _in_memory_only("a part is reset", "reset the whole")
            origin = self.origin(name).told(self.contract.lifecycle.triggers)
            self._plant(replace(world, store=planted), origin, world.clock.now())
            put_back(world.store, planted, names)
            if world.events is not None:
                with world.store.unit():
                    world.events.add(world.clock.now(), RESET, names)
        return world

    def restore(self, name: str, seed: Seed) -> World:
        """Put what a seed tells, such as a snapshot, in the place of all that a world is, in one step.

        What it does not say is as when the world began, and a reset leads there still; trouble stays as it is. The
        error of the seed where it does not fit; Conflict over a database.
        """
        self._refuse_database("a state is replaced", "begin a new database with --seed and this state as a file")
        world = self._new(name, replace(self.origin(name), seeds=(seed,), fleet=0))
        world.trouble = self.world(name).trouble
        return self.put(world)

    def origin(self, name: str = DEFAULT) -> Origin:
        """What that world began from."""
        return self._origins[self.world(name).name]

    def dismiss(self) -> None:
        """Let go of all that wait for something to happen: the emulator ends."""
        for world in list(self._worlds.values()):
            _dismiss(world)

    def close(self) -> None:
        """Let go of the database."""
        if self.database is not None:
            self.database.store.close()

    def let_go(self) -> None:
        """In a process that was forked: the connections to the database are those of the parent."""
        if self.database is not None:
            self.database.store.let_go()

    def origin_of(self, settings: Settings) -> Origin:
        """What a world of these settings begins from. Raises as the constructor does."""
        return Origin(
            seeds=tuple(load_seed(path) for path in settings.seeds),
            timing=parse_timing(settings.timing, self.contract.lifecycle.triggers),
            clock=settings.clock,
            random_seed=settings.random_seed,
            users=settings.users,
            fleet=settings.fleet,
            trouble=self._trouble_of(settings),
        )

    @cached_property
    def operations(self) -> Operations:
        """What trouble can be about: the operations of the contract, and of the inventory around it."""
        return {**load_document(inventory.DOCUMENT).operations, **self.contract.operations}

    def _trouble_of(self, settings: Settings) -> Plan:
        if settings.trouble and settings.store != MEMORY:
            raise StartError(
                "--trouble: a database is shared by processes that do not know of each other's trouble; "
                "leave out --store, or --trouble"
            )
        return combine(load_plan(text, self.operations) for text in settings.trouble)

    def _vacant(self, name: str | None) -> str:
        """A name for a new world."""
        self._refuse_database("a database is one world, and more are made", "start another emulator")
        if len(self._worlds) > MOST:
            raise Conflict(f"there are {MOST} worlds, the most there can be; DELETE {CONTROL}/worlds/NAME drops one")
        if name is None:
            return next(made for number in self._numbers if (made := f"w{number}") not in self._worlds)
        if name in self._worlds:
            raise Conflict(f"there is a world {name!r} already; drop it first, or choose another name")
        return name

    def _refuse_database(self, what: str, instead: str) -> None:
        if self.database is not None:
            raise _in_memory_only(what, instead)

    def _keep(self, world: World, origin: Origin) -> None:
        self._worlds[world.name] = world
        self._origins[world.name] = origin

    def _new(self, name: str, origin: Origin) -> World:
        origin = origin.told(self.contract.lifecycle.triggers)
        world = self._empty(name, origin)
        now = origin.beginning(world.clock)
        begin_outages(world, origin.seeds, now)
        self._plant(world, origin, now)
        return world

    def _plant(self, world: World, origin: Origin, now: float) -> None:
        plant(world, origin.seeds, now)
        if origin.fleet:
            from emulator.seeding.fleet import plant_fleet  # noqa: PLC0415 - it brings Faker, which a start without it spares

            plant_fleet(world, origin.fleet, origin.random_seed)

    def _open(self, address: str) -> Database:
        try:
            from emulator.sql.opening import Database, Plan  # noqa: PLC0415 - SQLAlchemy is an extra, and slow to import
        except ModuleNotFoundError as error:
            raise StartError(f"--store needs {error.name}: pip install 'hypervisor-emulator[sql]'") from None
        for seed, row in outages_of(self._origin.seeds):
            raise seed.error(
                ("hypervisors",), f"{row['name']!r} cannot be out of reach over a database; leave that out"
            )
        draft = self._empty(DEFAULT, self._told)
        draft.hypervisors = hypervisors_of(draft, self._origin.seeds)
        plan = Plan(
            random_seed=self._told.random_seed,
            hypervisors=self._with_fleet(draft).hypervisors,
            lifecycle=self.contract.lifecycle,
            portions=lambda now: self._portions(draft, now),
        )
        return Database(address, plan, self._course())

    def _in_database(self, database: Database) -> World:
        world = self._empty(DEFAULT, self._told, database.store.clock)
        world.store, world.hypervisors, world.events = database.store, database.hypervisors, None
        return world

    def _portions(self, draft: World, now: float) -> Iterator[Unit]:
        """What a database is filled with, so much at a time that memory holds it."""
        whole = self._with_fleet(draft)
        portions: Iterable[tuple[World, list[Seed]]] = ((whole, [part]) for part in self._fleet())
        first: tuple[World, list[Seed]] = (draft, [*self._origin.seeds])
        for world, seeds in chain([first], portions):
            portion = replace(world, store=MemoryStore())
            plant(portion, seeds, now)
            with portion.store.unit() as unit:
                yield unit

    def _fleet(self) -> Iterator[Seed]:
        if self._settings.fleet:
            from emulator.seeding.fleet import fleet_parts  # noqa: PLC0415 - see _in_memory

            yield from fleet_parts(self._settings.fleet, self._told.random_seed)

    def _with_fleet(self, draft: World) -> World:
        """The same, with the hypervisors of the fleet beside those of the seeds."""
        if not self._settings.fleet:
            return draft
        from emulator.seeding.fleet import Fleet  # noqa: PLC0415 - see _in_memory

        fleet = Fleet(self._settings.fleet, self._told.random_seed)
        return replace(draft, hypervisors=hypervisors_of(draft, [fleet]))

    def _empty(self, name: str, origin: Origin, clock: Clock | None = None) -> World:
        world = make_world(
            self.contract,
            timing=origin.timing,
            random_seed=origin.random_seed,
            clock=clock or origin.make_clock(),
        )
        world.name, world.authenticator = name, Authenticator(origin.users or ())
        world.trouble = Trouble(origin.trouble, origin.random_seed) if origin.trouble.rules else None
        world.journal = Journal(self._settings.journal_bytes)
        return world

    def _course(self) -> Course:
        """How the clock of a new platform in a database begins to run: by the wall clock, which all machines have."""
        origin = self._told
        clock = origin.make_clock()
        return Course(origin.beginning(clock), time.time(), clock.rate)

    @property
    def _told(self) -> Origin:
        """What the default world begins from, with what its seeds say beside what is there."""
        return self._origin.told(self.contract.lifecycle.triggers)


def copy_of(world: World, name: str | None = None) -> World:
    """The same world once more, in memory: what happens to one does not happen to the other. Its journal is empty."""
    with world.store.unit():
        # by way of its bytes, which is ten times as fast as a deep copy
        kept = pickle.dumps((world.store, world.hypervisors), pickle.HIGHEST_PROTOCOL)
        clock, outages = world.clock.copy(), dict(world.outages)
    store, hypervisors = pickle.loads(kept)  # noqa: S301 - our own bytes
    return replace(
        world,
        name=name or world.name,
        store=store,
        hypervisors=hypervisors,
        clock=clock,
        journal=Journal(world.journal.capacity),
        outages=outages,
        trouble=world.trouble and world.trouble.copy(),
        events=Events(),
    )


def _in_memory_only(what: str, instead: str) -> Conflict:
    """For what a database cannot do, since other processes may serve it, too."""
    return Conflict(f"{what} in memory only: serve with --store memory, or {instead}")


def _dismiss(world: World) -> None:
    world.journal.close()
    if world.events is not None:
        world.events.end()
