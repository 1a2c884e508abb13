"""Fleets: made-up platforms of any size. The same random seed gives the same fleet, on every machine.

Faker makes a bounded list of words, once; names are composed of words and numbers. The rows are those of a seed file:
the command `fleet` writes them as text, `serve --fleet` plants them, and both come to the same platform.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faker import Faker

from contract import YamlSource
from emulator.draws import draw_fraction, draw_index
from emulator.faker_provider import DISTRIBUTIONS, ENVIRONMENTS, PLATFORMS, ROLES, HypervisorProvider
from emulator.seeds import plant
from emulator.world import World

HOSTS_IN_ENVIRONMENT = 200
ENVIRONMENTS_IN_ORGANIZATION = 5
HOSTS_ON_HYPERVISOR = 40
MOST_HYPERVISORS = 2000
WORDS = 400

STATES = (("RUNNING", 0.72), ("STOPPED", 0.86), ("PAUSED", 0.90))
"""States with the draw below which they are taken, in turn; above all of them a host has no instance."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a fleet, drawn from Faker."""

    words: tuple[str, ...]
    families: tuple[str, ...]

    @classmethod
    def draw(cls, random_seed: int) -> Vocabulary:
        """The words that this seed gives."""
        fake = Faker("en_US")
        fake.add_provider(HypervisorProvider)
        fake.seed_instance(random_seed)
        words = dict.fromkeys(fake.word() for _ in range(WORDS))
        families = dict.fromkeys(fake.organization_name() for _ in range(WORDS))
        return cls(tuple(words), tuple(families))


def plant_fleet(world: World, hosts: int, random_seed: int) -> None:
    """Put a fleet of so many hosts into the world's store."""
    fleet = _Fleet(hosts, random_seed)
    value = {"hypervisors": fleet.hypervisors(), "organizations": fleet.organizations()}
    plant(world, [YamlSource(Path("--fleet"), "", value)], world.clock.now())


def fleet_seed(hosts: int, random_seed: int) -> Iterator[str]:
    """A fleet as the text of a seed file, piece by piece."""
    fleet = _Fleet(hosts, random_seed)
    yield f"# {hosts} hosts, made up with the random seed {random_seed}\nhypervisors:\n"
    for row in fleet.hypervisors():
        yield f"- {_flow(row)}\n"
    yield "organizations:\n"
    for organization in fleet.organizations():
        yield f"- name: {_flow(organization['name'])}\n  environments:\n"
        for environment in organization["environments"]:
            yield f"  - name: {_flow(environment['name'])}\n    hosts:\n"
            yield "".join(f"    - {_flow(host)}\n" for host in environment["hosts"])


def _flow(value: Any) -> str:
    """A value in one line; JSON is YAML."""
    return json.dumps(value)


@dataclass(frozen=True, slots=True)
class _Fleet:
    """The rows of a fleet, made as they are asked for."""

    hosts: int
    random_seed: int

    def hypervisors(self) -> list[Row]:
        count = min(-(-self.hosts // HOSTS_ON_HYPERVISOR), MOST_HYPERVISORS)
        return [{"name": f"hyp{number}.example.net"} for number in range(1, count + 1)]

    def organizations(self) -> Iterator[Row]:
        vocabulary = Vocabulary.draw(self.random_seed)
        size = HOSTS_IN_ENVIRONMENT * ENVIRONMENTS_IN_ORGANIZATION
        for number, first in enumerate(range(0, self.hosts, size)):
            family = vocabulary.families[number % len(vocabulary.families)]
            turn = number // len(vocabulary.families)
            name = f"{family} {turn + 1}" if turn else family
            last = min(first + size, self.hosts)
            yield {"name": name, "environments": self._environments(vocabulary, first, last)}

    def _environments(self, vocabulary: Vocabulary, first: int, last: int) -> Iterator[Row]:
        for number, start in enumerate(range(first, last, HOSTS_IN_ENVIRONMENT)):
            end = min(start + HOSTS_IN_ENVIRONMENT, last)
            hosts = (self._host(vocabulary, ordinal) for ordinal in range(start, end))
            yield {"name": ENVIRONMENTS[number], "hosts": hosts}

    def _host(self, vocabulary: Vocabulary, ordinal: int) -> Row:
        seed = self.random_seed
        role = ROLES[draw_index(len(ROLES), seed, "fleet", ordinal, "role")]
        word = vocabulary.words[draw_index(len(vocabulary.words), seed, "fleet", ordinal, "word")]
        row: Row = {
            "name": f"{role}-{word}-{ordinal + 1}",
            "platform": PLATFORMS[draw_index(len(PLATFORMS), seed, "fleet", ordinal, "platform")],
            "distribution": DISTRIBUTIONS[draw_index(len(DISTRIBUTIONS), seed, "fleet", ordinal, "distribution")],
        }
        draw = draw_fraction(seed, "fleet", ordinal, "state")
        state = next((name for name, bound in STATES if draw < bound), None)
        if state is not None:
            row["instance"] = {"state": state}
        return row
