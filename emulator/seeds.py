"""Seeds: YAML files that say what is there when a world begins. The schema is fixtures/seed.schema.json.

The schema says shapes; which states and triggers there are is said by the contract that the world serves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from contract import Lifecycle, YamlSource, load_yaml
from emulator import simulated
from emulator.auth import Principal, User
from emulator.inventory import ENVIRONMENTS, HOSTS, ORGANIZATIONS
from emulator.records import Console, Details, Environment, Host, Hypervisor, Instance, Organization, Pending
from emulator.store import Unit
from emulator.world import World

Row = Mapping[str, Any]
Place = tuple[str | int, ...]


def fixtures() -> Path:
    """The folder of the built-in seeds: beside this package in a wheel, at the root of a checkout."""
    beside = Path(__file__).with_name("fixtures")
    return beside if beside.is_dir() else Path(__file__).parents[1] / "fixtures"


def builtin_seed(path: Path) -> Path | None:
    """The built-in seed that a bare name means, such as `every-state`; None when there is none, or such a file is."""
    builtin = fixtures() / f"{path.name}.yaml"
    return builtin if len(path.parts) == 1 and not path.exists() and builtin.exists() else None


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((fixtures() / "seed.schema.json").read_bytes())
    return schema


def load_seed(path: Path) -> YamlSource:
    """A seed file that fits the schema. ContractError names file, line, place and problem."""
    return load_yaml(path, _schema())


def plant(world: World, seeds: Iterable[YamlSource], now: float) -> list[User]:
    """Put all that the seeds say into the world's store, and answer the users that they name.

    An organization or environment that several seeds name is one; a host that two of them name is an error.
    ContractError also for a state, trigger, hypervisor or way that does not exist. `now`: seconds since the epoch.
    """
    seeds = list(seeds)
    hypervisors = {machine.name: machine for seed in seeds for machine in _hypervisors(world, seed)}
    world.hypervisors = tuple(hypervisors.values()) or world.hypervisors
    with world.store.unit() as unit:
        for seed in seeds:
            _Planter(world, unit, seed, now).plant()
    return [user for seed in seeds for user in _users(seed)]


def _hypervisors(world: World, seed: YamlSource) -> Iterator[Hypervisor]:
    for row in seed.value.get("hypervisors", ()):
        drawn = simulated.make_hypervisor(world.random_seed, row["name"])
        yield Hypervisor(row["name"], row.get("uuid", drawn.uuid))


def _users(seed: YamlSource) -> Iterator[User]:
    names = set()
    for number, row in enumerate(seed.value.get("users", ())):
        if row["username"] in names:
            raise seed.error(("users", number, "username"), f"{row['username']!r} stands twice; names must be unique")
        names.add(row["username"])
        belongs = frozenset(row["organizations"]) if "organizations" in row else None
        principal = Principal(row["username"], row.get("fullName", row["username"]), belongs)
        yield User(principal, row.get("password"), tuple(row.get("appKeys", ())))


@dataclass(slots=True)
class _Planter:
    """Puts one seed into a store."""

    world: World
    unit: Unit
    seed: YamlSource
    now: float
    shared: dict[str, Details] = field(default_factory=dict)

    def plant(self) -> None:
        for number, row in enumerate(self.seed.value.get("organizations", ())):
            self._organization(row, ("organizations", number))

    def _organization(self, row: Row, place: Place) -> None:
        organization = self.unit.organizations().get(row["name"])
        if organization is None:
            organization = Organization(row["name"], details=_details(row, ORGANIZATIONS.defaults, self.shared))
            self.unit.add_organization(organization)
        for number, child in enumerate(row.get("environments", ())):
            self._environment(organization, child, (*place, "environments", number))

    def _environment(self, organization: Organization, row: Row, place: Place) -> None:
        environment = organization.environments.get(row["name"])
        if environment is None:
            details = _details(row, ENVIRONMENTS.defaults, self.shared)
            environment = Environment(organization, row["name"], details=details)
            organization.environments[environment.name] = environment
        for number, child in enumerate(row.get("hosts", ())):
            self._host(environment, child, (*place, "hosts", number))

    def _host(self, environment: Environment, row: Row, place: Place) -> None:
        host = Host(environment, row["name"], details=_details(row, HOSTS.defaults, self.shared))
        if host.name in environment.hosts:
            message = f"host {'/'.join(host.path)!r} is there already; it stands twice here, or another seed has it"
            raise self.seed.error((*place, "name"), message)
        environment.hosts[host.name] = host
        if "instance" in row:
            instance = self._instance(host, row["instance"], (*place, "instance"))
            host.instance = instance
            self.unit.hold(host)
            self.unit.schedule(host, instance)

    def _instance(self, host: Host, row: Row, place: Place) -> Instance:
        lifecycle = self.world.machine.lifecycle
        state = lifecycle.states.get(row["state"])
        if state is None or state.kind == "absent":
            known = ", ".join(name for name, other in lifecycle.states.items() if other.kind != "absent")
            message = f"an instance cannot be {row['state']!r}; expected one of {known}, or no instance at all"
            raise self.seed.error((*place, "state"), message)
        since = self.now - row.get("since", 0.0)
        instance = Instance(state.name, since, "seed", self._hypervisor(host, row, place))
        instance.settled = state.kind == "stable"
        instance.agent_at = since if row.get("agent", "Up") == "Up" else None
        instance.locked = row.get("locked", False)
        instance.hostname = row.get("hostname")
        if "vnc" in row:
            instance.console = Console(row["vnc"]["token"], row["vnc"]["port"])
        self._properties(host, instance, row, place)
        self._pending(lifecycle, instance, row, place)
        return instance

    def _hypervisor(self, host: Host, row: Row, place: Place) -> Hypervisor:
        world = self.world
        if "hypervisor" not in row:
            return simulated.place(world.hypervisors, world.random_seed, world.name, host)
        for hypervisor in world.hypervisors:
            if hypervisor.name == row["hypervisor"]:
                return hypervisor
        known = ", ".join(other.name for other in world.hypervisors)
        raise self.seed.error((*place, "hypervisor"), f"there is no {row['hypervisor']!r}; expected one of {known}")

    def _properties(self, host: Host, instance: Instance, row: Row, place: Place) -> None:
        world = self.world
        if "properties" in row:
            items = [(item["key"], item["value"]) for item in row["properties"]]
            if len(dict(items)) != len(items):
                raise self.seed.error((*place, "properties"), "a key stands twice; keys must be unique")
            instance.set_properties(items)
            if instance.uuid and (holder := self.unit.holder(instance.uuid)):
                message = f"libvirt.uuid {instance.uuid} is the machine of {'/'.join(holder.path)!r} already"
                raise self.seed.error((*place, "properties"), message)
            return
        host.machines = 1
        drawn = simulated.identity(world.random_seed, world.name, host, 1, instance.hypervisor)
        instance.set_properties(drawn)
        if instance.settled:
            instance.boots = 1
            instance.add_property("ip.eth0", simulated.address(world.random_seed, world.name, host, instance))
            instance.hostname = instance.hostname or simulated.hostname(host.name)

    def _pending(self, lifecycle: Lifecycle, instance: Instance, row: Row, place: Place) -> None:
        is_transient = lifecycle.states[instance.state].kind == "transient"
        if "pending" not in row:
            if is_transient:
                message = f"{instance.state} needs pending: the trigger that is on its way, from where, and in how long"
                raise self.seed.error((*place, "state"), message)
            return
        action = row["pending"]
        edge = lifecycle.edge(action["from"], action["trigger"])
        if edge is None or edge.via != instance.state:
            message = f"the contract has no way by {action['trigger']!r} from {action['from']!r} over {instance.state}"
            raise self.seed.error((*place, "pending"), message)
        target = action.get("to", edge.to[0])
        if target not in edge.to:
            message = f"{edge.trigger} does not lead to {target!r}; expected one of {', '.join(edge.to)}"
            raise self.seed.error((*place, "pending", "to"), message)
        instance.settled = edge.state != lifecycle.absent
        instance.pending = Pending(
            edge.trigger,
            edge.state,
            target,
            due=self.now + action["in"],
            boots=self.world.boots(edge.state, target),
        )


def _details(row: Row, defaults: Mapping[str, Any], shared: dict[str, Details]) -> Details | None:
    """What differs from the defaults of the inventory; equal details are one object, which memory thanks us for."""
    details = {member: row[member] for member, default in defaults.items() if row.get(member, default) != default}
    return shared.setdefault(repr(details), details) if details else None
