"""Seeds: YAML files that say what is there when a world begins. The schema is fixtures/seed.schema.json.

The schema says shapes; which states and triggers there are is said by the contract that the world serves.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from math import inf
from pathlib import Path
from typing import Any, Protocol

from contract import YamlSource, parse_yaml, read_yaml
from emulator import simulated, timing
from emulator.auth import Principal, User
from emulator.records import Hypervisor
from emulator.resources import fixtures
from emulator.seeding.machines import InstanceMaker, Misfit, Place, Row
from emulator.seeding.planting import Names, Planter
from emulator.world import World

LEVELS = ("organizations", "environments", "hosts")

MANY = 100_000
"""So many new objects are worth a garbage collection of their own."""


class Seed(Protocol):
    """What a world begins with. `value` has the shape of the schema, where any list may be an iterable."""

    @property
    def value(self) -> Row:
        """Its rows."""

    def error(self, place: Place, message: str) -> Exception:
        """An error to raise for what stands at `place`."""

    def find(self, names: Names) -> str | None:
        """Where it tells of an organization, environment or host (its names, outermost first), if it does."""


class FileSeed:
    """A seed file that fits the schema, and has no name twice in one list."""

    def __init__(self, source: YamlSource, file: Path | None = None) -> None:
        self._source = source
        self._file = file
        self.value: Row = source.value

    def error(self, place: Place, message: str) -> Exception:
        """A ContractError with file, line, place and message."""
        return self._source.error(place, message)

    def find(self, names: Names) -> str | None:
        """See Seed: FILE:LINE."""
        place: Place = ()
        row = self.value
        for level, name in zip(LEVELS, names, strict=False):
            rows = row.get(level, ())
            number = next((number for number, child in enumerate(rows) if child["name"] == name), None)
            if number is None:
                return None
            place, row = (*place, level, number), rows[number]
        return f"{self._source.path}:{self._source.line(place)}"

    def read_again(self) -> FileSeed:
        """The seed as its file is now; the same when it has none. ContractError when the file is no seed any more."""
        return load_seed(self._file) if self._file else self


def builtin_seeds() -> list[str]:
    """The names of the built-in seeds."""
    return sorted(path.stem for path in fixtures().glob("*.yaml"))


def builtin_seed(path: Path) -> Path | None:
    """The built-in seed that a bare name means, such as `every-state`; None when there is none, or such a file is."""
    builtin = fixtures() / f"{path.name}.yaml"
    return builtin if len(path.parts) == 1 and not path.exists() and builtin.exists() else None


@cache
def seed_schema() -> dict[str, Any]:
    """The schema of a seed: fixtures/seed.schema.json."""
    schema: dict[str, Any] = json.loads((fixtures() / "seed.schema.json").read_bytes())
    return schema


def load_seed(path: Path) -> FileSeed:
    """Read a seed file. ContractError names file, line, place and problem."""
    with _collecting_later():
        return FileSeed(_checked(read_yaml(path)), path)


def parse_seed(text: str, name: str) -> FileSeed:
    """The seed that a YAML text is; `name` stands for the file in what ContractError says."""
    with _collecting_later():
        return FileSeed(_checked(YamlSource(Path(name), text, parse_yaml(text, Path(name)))))


def _checked(source: YamlSource) -> YamlSource:
    source.check(seed_schema())
    if isinstance(source.value.get("timing"), dict):
        source.check(timing.SCHEMA, source.value["timing"], ("timing",))
    for place, first in _twins(source.value):
        line = source.line((*place[:-2], first))
        raise source.error(place, f"it stands twice, first in line {line}; each {place[-1]} stands once in a list")
    return source


def _twins(seed: Row) -> Iterator[tuple[Place, int]]:
    """The places of what stands twice in one list, each with the position where it stood before."""
    yield from _twins_in(seed, "name", "hypervisors")
    yield from _twins_in(seed, "username", "users")
    yield from _twins_in(seed, "name", "organizations")
    for a, organization in enumerate(seed.get("organizations", ())):
        yield from _twins_in(organization, "name", "organizations", a, "environments")
        for b, environment in enumerate(organization.get("environments", ())):
            yield from _twins_in(environment, "name", "organizations", a, "environments", b, "hosts")
            for c, host in enumerate(environment.get("hosts", ())):
                if "properties" in host.get("instance", ()):
                    place = ("organizations", a, "environments", b, "hosts", c, "instance", "properties")
                    yield from _twins_in(host["instance"], "key", *place)


def _twins_in(parent: Row, member: str, *place: str | int) -> Iterator[tuple[Place, int]]:
    """`place` is that of the list; its last step is the list's name in the parent."""
    values = [row[member] for row in parent.get(str(place[-1]), ())]
    if len(set(values)) == len(values):
        return
    first: dict[str, int] = {}
    for number, value in enumerate(values):
        if first.setdefault(value, number) != number:
            yield (*place, number, member), first[value]


def plant(world: World, seeds: Iterable[Seed], now: float) -> None:
    """Put all that the seeds tell into the world's store, which is in memory.

    An organization or environment of which several seeds tell is one; a host is in one seed. What does not fit the
    contract or another seed is the error of its seed, for a file a ContractError. `now`: seconds since the epoch.
    """
    seeds = list(seeds)
    world.hypervisors = hypervisors_of(world, seeds)
    with _collecting_later(), world.store.unit() as unit:
        planter = Planter(unit, InstanceMaker(world, unit, now), lambda names: _find(seeds, names))
        for seed in seeds:
            try:
                planter.organizations(seed.value)
            except Misfit as misfit:
                raise seed.error(misfit.place, str(misfit)) from None


def _find(seeds: list[Seed], names: Names) -> str | None:
    return next((found for seed in seeds if (found := seed.find(names))), None)


def begin_outages(world: World, seeds: Iterable[Seed], now: float) -> None:
    """Put the hypervisors out of reach of which the seeds say so, before anything is planted on them."""
    for _, row in outages_of(seeds):
        world.outages[row["name"]] = now + row["backIn"] if "backIn" in row else inf


def outages_of(seeds: Iterable[Seed]) -> Iterator[tuple[Seed, Row]]:
    """The hypervisors that are out of reach, each with the seed that says so."""
    for seed in seeds:
        yield from ((seed, row) for row in seed.value.get("hypervisors", ()) if row.get("out") or "backIn" in row)


def users_of(seeds: Iterable[Seed]) -> list[User]:
    """The users that the seeds name. The error of a seed where two of them name one."""
    return list(_users(seeds))


def _users(seeds: Iterable[Seed]) -> Iterator[User]:
    names: set[str] = set()
    keys: set[str] = set()
    for seed in seeds:
        for number, row in enumerate(seed.value.get("users", ())):
            own = row.get("appKeys", ())
            if row["username"] in names:
                message = f"another seed has a user {row['username']!r}; keep one"
                raise seed.error(("users", number, "username"), message)
            if not keys.isdisjoint(own):
                raise seed.error(("users", number, "appKeys"), "another user has such a key; a key is of one user")
            names.add(row["username"])
            keys.update(own)
            belongs = frozenset(row["organizations"]) if "organizations" in row else None
            principal = Principal(row["username"], row.get("fullName", row["username"]), belongs)
            yield User(principal, row.get("password"), tuple(own))


def hypervisors_of(world: World, seeds: Iterable[Seed]) -> tuple[Hypervisor, ...]:
    """Those that were named so far, in this world and in the seeds; the world's defaults when none was."""
    present = tuple(world.hypervisors)
    is_default = present == tuple(simulated.default_hypervisors(world.random_seed))
    named = {} if is_default else {one.name: one for one in present}
    for seed in seeds:
        for number, row in enumerate(seed.value.get("hypervisors", ())):
            drawn = simulated.make_hypervisor(world.random_seed, row["name"])
            hypervisor = Hypervisor(row["name"], row.get("uuid", drawn.uuid))
            if named.setdefault(hypervisor.name, hypervisor) != hypervisor:
                message = f"another seed gives {row['name']!r} another uuid; say it once, or alike"
                raise seed.error(("hypervisors", number), message)
    return tuple(named.values()) or present


@contextmanager
def _collecting_later() -> Iterator[None]:
    """No garbage collection while many things are made that are to stay: each would look at all of them."""
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()
            if gc.get_count()[0] > MANY:
                gc.collect()  # here, and not in the first request
