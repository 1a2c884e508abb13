"""A Faker provider for made-up platforms: organizations, environments, hosts, hypervisors and properties.

For people who write tests: `fake.add_provider(HypervisorProvider)`. Faker is slow (some 0.1 ms a name), so fleets
draw a bounded list of words from it and compose their names of those (emulator.fleet).
"""

from __future__ import annotations

from typing import Any

from faker.providers import BaseProvider

ENVIRONMENTS = ("Production", "Staging", "Test", "Development", "Integration", "Training", "Disaster Recovery")
ROLES = ("web", "app", "db", "cache", "queue", "mail", "proxy", "build", "backup", "monitor", "auth", "files")
PLATFORMS = ("Libvirt", "VMware", "Physical")
DISTRIBUTIONS = ("debian-12", "ubuntu-24.04", "centos-9", "rocky-9", "opensuse-15")


class HypervisorProvider(BaseProvider):
    """Names and properties as one meets them on such platforms. Seed the Faker, and they repeat."""

    def organization_name(self) -> str:
        """A tenant, such as `Miller Logistics`."""
        return f"{self.generator.last_name()} {self.generator.word().title()}"

    def environment_name(self) -> str:
        """A group of hosts, such as `Production`."""
        return self._one_of(ENVIRONMENTS)

    def host_name(self) -> str:
        """A host, such as `db-harbor-07`."""
        return f"{self._one_of(ROLES)}-{self.generator.word()}-{self.random_int(1, 99):02d}"

    def hypervisor_name(self) -> str:
        """A hypervisor, such as `hyp12.miller.example`."""
        return f"hyp{self.random_int(1, 99)}.{self.generator.word()}.example"

    def instance_properties(self) -> list[dict[str, str]]:
        """The properties of a provisioned machine, as a list of key and value."""
        host_uuid = self.hexify("^" * 32, upper=True)
        mac = ":".join(self.hexify("^^", upper=True) for _ in range(3))
        return [
            {"key": "amqp.user_queue", "value": f"host.{host_uuid}"},
            {"key": "libvirt.uuid", "value": str(self.generator.uuid4())},
            {"key": "mac", "value": f"00:50:56:{mac}"},
            {"key": "libvirt.hostUuid", "value": host_uuid},
            {"key": "ip.eth0", "value": str(self.generator.ipv4_private())},
        ]

    def _one_of(self, choices: tuple[Any, ...]) -> str:
        return str(choices[self.random_int(0, len(choices) - 1)])
