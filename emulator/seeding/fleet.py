"""Fleets: made-up platforms of any size. The same random seed gives the same fleet, on every machine.

Faker makes a bounded list of words, once; names are composed of words and numbers, and all else is drawn from keys.
The rows are those of a seed file: the command `fleet` writes them as text, `serve --fleet` plants them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from math import isqrt
from typing import Any

from faker import Faker

from emulator.draws import draw_bytes
from emulator.errors import StartError
from emulator.faker_provider import DISTRIBUTIONS, ENVIRONMENTS, ROLES, SITES, STATES, HypervisorProvider
from emulator.seeding.machines import Place, Row
from emulator.seeding.planting import Names
from emulator.seeding.seeds import plant
from emulator.world import World

WORDS = 600
"""So many names of organizations are asked of Faker; numbers do the rest."""

PART = 200
"""So many organizations, of some 400 hosts each, are planted at a time where a database takes them up."""

LARGEST_ENVIRONMENT = 168
HOSTS_ON_HYPERVISOR = 40
SILENT_AGENTS = 16
"""One running machine in so many has an agent that has not reported in."""

_ROLES = tuple(ROLES)


class Fleet:
    """A seed of so many hosts, whose rows are made as they are asked for: a million need no room.

    Environments grow with the fleet, up to some 170 hosts, and no two need be of one size.
    """

    def __init__(self, hosts: int, random_seed: int) -> None:
        self._hosts = hosts
        self._seed = random_seed
        carriers = -(-hosts // HOSTS_ON_HYPERVISOR)
        self._hypervisors = [f"hyp{n}.{SITES[n % len(SITES)]}.example.net" for n in range(1, carriers + 1)]

    @property
    def value(self) -> Row:
        """The rows, as a seed has them."""
        return {"hypervisors": [{"name": name} for name in self._hypervisors], "organizations": self._organizations()}

    def error(self, place: Place, message: str) -> Exception:
        """A StartError: what a fleet cannot do in this world."""
        return StartError(f"--fleet: {message} (in its {'.'.join(map(str, place))})")

    def find(self, names: Names) -> str | None:
        """None: a fleet is planted last, and nobody asks where it has what."""

    def _organizations(self) -> Iterator[dict[str, Any]]:
        names = _organization_names(self._seed)
        left, number = self._hosts, 0
        while left:
            turn, word = divmod(number, len(names))
            draws = draw_bytes(self._seed, "fleet", number)
            sizes = []
            for draw in draws[: 2 + draws[7] % (len(ENVIRONMENTS) - 1)]:
                sizes.append(min(left, self._size(draw)))
                left -= sizes[-1]
            environments = (
                {"name": name, "hosts": self._environment(number, name, size)}
                for name, size in zip(ENVIRONMENTS, sizes, strict=False)
                if size
            )
            yield {"name": f"{names[word]} {turn + 1}" if turn else names[word], "environments": environments}
            number += 1

    def _size(self, draw: int) -> int:
        """Of an environment: from a half to one and a half of what is usual in a fleet of this size."""
        usual = min(max(isqrt(self._hosts), 4), LARGEST_ENVIRONMENT * 2 // 3)
        return usual // 2 + usual * draw // 255

    def _environment(self, organization: int, environment: str, size: int) -> Iterator[dict[str, Any]]:
        numbers: Counter[str] = Counter()
        for ordinal in range(size):
            draws = draw_bytes(self._seed, "fleet", organization, environment, ordinal)
            role = _ROLES[draws[0] % len(_ROLES)]
            numbers[role] += 1
            row: dict[str, Any] = {
                "name": f"{role}-{numbers[role]}",
                "distribution": DISTRIBUTIONS[draws[1] % len(DISTRIBUTIONS)],
            }
            if state := STATES[draws[2] % len(STATES)]:
                carrier = int.from_bytes(draws[4:]) % len(self._hypervisors)
                row["instance"] = {"state": state, "hypervisor": self._hypervisors[carrier]}
                if draws[3] % SILENT_AGENTS == 0:
                    row["instance"]["agent"] = "Down"
            yield row


def _organization_names(random_seed: int) -> Sequence[str]:
    fake = Faker("en_US")
    fake.add_provider(HypervisorProvider)
    fake.seed_instance(random_seed)
    return list(dict.fromkeys(fake.organization_name() for _ in range(WORDS)))


class FleetPart(Fleet):
    """Some organizations of a fleet, for a world that has the hypervisors of all of it."""

    def __init__(self, organizations: Iterable[Row]) -> None:
        self._part = organizations

    @property
    def value(self) -> Row:
        """See Fleet."""
        return {"organizations": self._part}


def fleet_parts(hosts: int, random_seed: int) -> Iterator[FleetPart]:
    """A fleet in parts that a memory store can hold, to be planted one after the other."""
    organizations = iter(Fleet(hosts, random_seed).value["organizations"])
    for first in organizations:
        yield FleetPart(chain([first], islice(organizations, PART - 1)))


def plant_fleet(world: World, hosts: int, random_seed: int) -> None:
    """Put a fleet of so many hosts into the world's store. StartError when something of it is there already."""
    plant(world, [Fleet(hosts, random_seed)], world.clock.now())


def fleet_seed(hosts: int, random_seed: int) -> Iterator[str]:
    """A fleet as the text of a seed file, environment by environment."""
    fleet = Fleet(hosts, random_seed).value
    yield f"# {hosts} hosts, made up with the random seed {random_seed}.\nhypervisors:\n"
    yield "".join(f"- {json.dumps(row)}\n" for row in fleet["hypervisors"])
    yield "organizations:\n"
    for organization in fleet["organizations"]:
        yield f"- name: {json.dumps(organization['name'])}\n  environments:\n"
        for environment in organization["environments"]:
            hosts_ = "".join(f"    - {json.dumps(row)}\n" for row in environment["hosts"])  # JSON is YAML, too
            yield f"  - name: {json.dumps(environment['name'])}\n    hosts:\n{hosts_}"
