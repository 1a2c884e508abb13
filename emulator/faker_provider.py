"""A Faker provider for made-up platforms: organizations, environments, hosts, hypervisors and properties.

For people who write tests, `fake.add_provider(HypervisorProvider)`; for us, the words of emulator.seeding.fleet.
The words are its own and are chosen by the generator's `random` alone, so that the same random seed gives the same
platform whatever the version of Faker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from faker.providers import BaseProvider

from emulator.records import Hypervisor
from emulator.simulated import MAC_PREFIX

Row = dict[str, Any]
Choice = TypeVar("Choice")

FAMILIES: Sequence[str] = (
    "Alder", "Amber", "Anvil", "Aspen", "Badger", "Basalt", "Beacon", "Birch", "Bramble", "Brook", "Cedar",
    "Cobalt", "Comet", "Copper", "Coral", "Crane", "Dapple", "Delta", "Ember", "Falcon", "Fennel", "Fjord", "Flint",
    "Garnet", "Ginger", "Glacier", "Granite", "Harbor", "Hazel", "Heron", "Indigo", "Ivory", "Juniper", "Kestrel",
    "Lantern", "Larch", "Linden", "Lotus", "Magpie", "Maple", "Marble", "Meadow", "Nettle", "Nimbus", "Oak",
    "Ocean", "Olive", "Onyx", "Orchid", "Osprey", "Pebble", "Pepper", "Pine", "Plover", "Poplar", "Quartz", "Raven",
    "Saffron", "Sequoia", "Sparrow", "Thistle", "Tundra", "Willow", "Zephyr"
)  # fmt: skip
TRADES: Sequence[str] = (
    "Bank", "Foods", "Freight", "Games", "Health", "Insurance", "Labs", "Media", "Retail", "Travel"
)  # fmt: skip
ENVIRONMENTS: Sequence[str] = ("production", "staging", "test", "development", "integration", "training")
SITES: Sequence[str] = ("north", "south", "east", "west", "central", "coast", "valley", "island")
ROLES: Mapping[str, Sequence[str]] = {
    "web": ("nginx",),
    "app": ("tomcat",),
    "db": ("postgresql",),
    "cache": ("redis",),
    "queue": ("rabbitmq",),
    "mail": ("postfix", "dovecot"),
    "proxy": ("haproxy",),
    "build": ("jenkins", "git"),
    "backup": ("bacula",),
    "monitor": ("prometheus",),
    "files": ("samba",),
    "dns": ("bind",),
}
"""What a host is for, and the applications that this takes."""

DISTRIBUTIONS: Sequence[str] = ("debian-12", "ubuntu-24.04", "rocky-9", "opensuse-15.6")
STATES: Sequence[str | None] = ("RUNNING",) * 15 + ("STOPPED",) * 3 + ("PAUSED", None)
"""What the machines of a platform are in, as one meets them; None for a host without an instance."""


class HypervisorProvider(BaseProvider):
    """Names, and rows of seed files, as one meets them on such platforms. Seed the Faker, and they repeat."""

    def organization_name(self) -> str:
        """A tenant, such as `Heron Freight`."""
        return f"{self._one_of(FAMILIES)} {self._one_of(TRADES)}"

    def environment_name(self) -> str:
        """A group of hosts, such as `staging`."""
        return self._one_of(ENVIRONMENTS)

    def host_name(self) -> str:
        """A host, such as `db-17`."""
        return f"{self._one_of(list(ROLES))}-{self._number(99)}"

    def hypervisor_name(self) -> str:
        """A hypervisor, such as `hyp12.north.example.net`."""
        return f"hyp{self._number(99)}.{self._one_of(SITES)}.example.net"

    def instance_properties(self, hypervisor_uuid: str | None = None) -> list[dict[str, str]]:
        """The properties of a provisioned machine, as a list of key and value; the hypervisor's uuid is 32 digits."""
        carrier = Hypervisor("", hypervisor_uuid or self._hexadecimal(32))
        digits = self._hexadecimal(6)
        address = ".".join(str(self._number(254)) for _ in range(3))
        return [
            {"key": "amqp.user_queue", "value": carrier.user_queue},
            {"key": "libvirt.uuid", "value": str(self.generator.uuid4())},
            {"key": "mac", "value": f"{MAC_PREFIX}:{digits[:2]}:{digits[2:4]}:{digits[4:]}"},
            {"key": "libvirt.hostUuid", "value": carrier.uuid},
            {"key": "ip.eth0", "value": f"10.{address}"},
        ]

    def seed_hypervisor(self) -> Row:
        """A row of `hypervisors` in a seed."""
        return {"name": self.hypervisor_name(), "uuid": self._hexadecimal(32)}

    def seed_host(self, name: str | None = None) -> Row:
        """A row of `hosts` in a seed; most have a running machine."""
        name = name or self.host_name()
        row: Row = {"name": name, "distribution": self._one_of(DISTRIBUTIONS)}
        if applications := ROLES.get(name.partition("-")[0]):
            row["applications"] = list(applications)
        if state := self._one_of(STATES):
            row["instance"] = {"state": state, "properties": self.instance_properties()}
        return row

    def seed_environment(self, hosts: int = 3, name: str | None = None) -> Row:
        """A row of `environments` in a seed, with so many hosts."""
        roles = list(ROLES)
        names = [f"{self._one_of(roles)}-{number}" for number in range(1, hosts + 1)]
        return {"name": name or self.environment_name(), "hosts": [self.seed_host(name) for name in names]}

    def seed_organization(self, environments: int = 2, hosts: int = 3) -> Row:
        """A row of `organizations` in a seed, with so many environments (six at most) of so many hosts each."""
        names = ENVIRONMENTS[:environments]
        return {
            "name": self.organization_name(),
            "environments": [self.seed_environment(hosts, name) for name in names],
        }

    def _one_of(self, choices: Sequence[Choice]) -> Choice:
        chosen: Choice = self.generator.random.choice(choices)
        return chosen

    def _number(self, most: int) -> int:
        return int(self.generator.random.randrange(most)) + 1

    def _hexadecimal(self, digits: int) -> str:
        return f"{self.generator.random.getrandbits(4 * digits):0{digits}X}"
