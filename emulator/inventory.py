"""The inventory around the instances: organizations, their environments and hosts.

Contract: inventory.openapi.yaml. What is done with each is in emulator.kinds; here is where each is kept, what is
remembered of it, and what is special about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator import instances
from emulator.auth import authorize
from emulator.call import Call, UseCase
from emulator.errors import Forbidden
from emulator.instances import audit
from emulator.kinds import Kind
from emulator.paging import page
from emulator.records import Environment, Host, Organization
from emulator.store import Unit

DOCUMENT = Path(__file__).with_name("inventory.openapi.yaml")


def list_organizations(call: Call, unit: Unit) -> dict[str, Any]:
    """Those of the user; the others are left out, and not counted."""
    seen = [one for name, one in unit.organizations().items() if call.principal.may_see(name)]
    return page(call.query, seen, len(seen), ORGANIZATIONS.show)


def create_organization(call: Call, unit: Unit) -> dict[str, Any]:
    """A new one; Forbidden for a user of certain organizations."""
    if call.principal.organizations is not None:
        raise Forbidden(
            f"user {call.principal.username!r} belongs to certain organizations only, and cannot make another"
        )
    return ORGANIZATIONS.create(call, unit)


def list_hosts(call: Call, unit: Unit) -> dict[str, Any]:
    """All of the environment, or a page of them, in the states of now."""
    instances.settle_due(call.world, unit, call.now)
    return HOSTS.list_all(call, unit)


def read_host(call: Call, unit: Unit) -> dict[str, Any]:
    """One host. A look at it is a look at its instance: clients wait here for READY."""
    if unit.host(*call.names).instance is not None:
        instances.look(call, unit)
    return HOSTS.read(call, unit)


def update_host(call: Call, unit: Unit) -> dict[str, Any]:
    """Change a host. Its instance stays as it is."""
    instances.settle_due(call.world, unit, call.now)
    return HOSTS.update(call, unit)


def host_state(host: Host) -> str:
    """The state of a host whose instance is settled up to now (inventory.openapi.yaml: schemas/Host)."""
    instance = host.instance
    if instance is None:
        return "DEFINED"
    if instance.failed:
        return "ERROR"
    return "READY" if instance.settled else "PROVISIONING"


def _place_of_host(host: Host) -> Mapping[str, Any]:
    organization, environment, _ = host.path
    return {"organization": organization, "environment": environment, "state": host_state(host)}


ORGANIZATIONS: Kind[Organization] = Kind(
    word="organization",
    defaults={"description": "", "groups": [], "settings": [], "access": None},
    siblings=lambda unit, _: unit.organizations(),
    find=lambda unit, names: unit.organization(*names),
    new=lambda _, __, name: Organization(name),
    keep=lambda unit, one: unit.add_organization(one),
    drop=lambda unit, one: unit.remove_organization(one.name),
    hosts=lambda one: (host for environment in one.environments.values() for host in environment.hosts.values()),
    place=lambda one: {"environments": [*one.environments]},
    guard=lambda call, _, name: authorize(call.principal, name),
)

ENVIRONMENTS: Kind[Environment] = Kind(
    word="environment",
    defaults={"description": "", "settings": []},
    siblings=lambda unit, parent: unit.organization(*parent).environments,
    find=lambda unit, names: unit.environment(*names),
    new=lambda unit, parent, name: Environment(unit.organization(*parent), name),
    keep=lambda _, one: one.organization.environments.__setitem__(one.name, one),
    drop=lambda _, one: one.organization.environments.__delitem__(one.name),
    hosts=lambda one: one.hosts.values(),
    place=lambda one: {"organization": one.organization.name, "hosts": [*one.hosts]},
)

HOSTS: Kind[Host] = Kind(
    word="host",
    defaults={"description": "", "platform": None, "distribution": None, "applications": [], "settings": []},
    siblings=lambda unit, parent: unit.environment(*parent).hosts,
    find=lambda unit, names: unit.host(*names),
    new=lambda unit, parent, name: Host(unit.environment(*parent), name),
    keep=lambda _, one: one.environment.hosts.__setitem__(one.name, one),
    drop=lambda _, one: one.environment.hosts.__delitem__(one.name),
    hosts=lambda one: (one,),
    place=_place_of_host,
    note=audit,
)

USE_CASES: Mapping[str, UseCase] = {
    "listOrganizations": list_organizations,
    "createOrganization": create_organization,
    "getOrganization": ORGANIZATIONS.read,
    "updateOrganization": ORGANIZATIONS.update,
    "deleteOrganization": ORGANIZATIONS.delete,
    "listEnvironments": ENVIRONMENTS.list_all,
    "createEnvironment": ENVIRONMENTS.create,
    "getEnvironment": ENVIRONMENTS.read,
    "updateEnvironment": ENVIRONMENTS.update,
    "deleteEnvironment": ENVIRONMENTS.delete,
    "listHosts": list_hosts,
    "createHost": HOSTS.create,
    "getHost": read_host,
    "updateHost": update_host,
    "deleteHost": HOSTS.delete,
}
"""What an operation of inventory.openapi.yaml does; those of changes and audit are in emulator.history."""
