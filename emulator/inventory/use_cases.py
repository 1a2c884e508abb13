"""Organizations, their environments and hosts: where each is kept, what is remembered of it, and what is special.

What is done with each of them is in emulator.inventory.kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator import instances
from emulator.auth import authorize
from emulator.call import Call, UseCase
from emulator.errors import Forbidden
from emulator.instances import audit
from emulator.inventory.kinds import Kind
from emulator.records import Environment, Host, Organization
from emulator.store import Rows, Unit


def list_organizations(call: Call, unit: Unit) -> dict[str, Any]:
    """Those of the user; the others are left out, and not counted."""
    every = unit.organizations()
    if call.principal.organizations is None:
        return ORGANIZATIONS.page(call, unit, every)
    return ORGANIZATIONS.page(call, unit, Rows([every[name] for name in every if call.principal.may_see(name)]))


def create_organization(call: Call, unit: Unit) -> dict[str, Any]:
    """A new one; Forbidden for a user of certain organizations."""
    if call.principal.organizations is not None:
        raise Forbidden(
            f"user {call.principal.username!r} belongs to certain organizations only, and cannot make another"
        )
    return ORGANIZATIONS.create(call, unit)


def read_host(call: Call, unit: Unit) -> dict[str, Any]:
    """One host. A look at it is a look at its instance: clients wait here for READY."""
    if unit.host(*call.names).instance is not None:
        instances.look(call, unit)
    return HOSTS.read(call, unit)


def host_state(host: Host) -> str:
    """The state of a host whose instance is settled up to now (inventory.openapi.yaml: schemas/Host)."""
    instance = host.instance
    if instance is None:
        return "DEFINED"
    if instance.failed:
        return "ERROR"
    return "READY" if instance.settled else "PROVISIONING"


def _place_of_host(call: Call, unit: Unit, host: Host) -> Mapping[str, Any]:
    organization, environment, _ = host.path
    if host.instance is not None:
        instances.settle(call.world, host, host.instance, call.now)
    return {"organization": organization, "environment": environment, "state": host_state(host)}


ORGANIZATIONS: Kind[Organization] = Kind(
    word="organization",
    defaults={"description": "", "groups": [], "settings": [], "access": None},
    siblings=lambda unit, _: unit.organizations(),
    find=lambda unit, names: unit.organization(*names),
    new=lambda _, __, name: Organization(name),
    place=lambda _, unit, one: {"environments": [*unit.environments(one)]},
    guard=lambda call, _, name: authorize(call.principal, name),
)

ENVIRONMENTS: Kind[Environment] = Kind(
    word="environment",
    defaults={"description": "", "settings": []},
    siblings=lambda unit, parent: unit.environments(unit.organization(*parent)),
    find=lambda unit, names: unit.environment(*names),
    new=lambda unit, parent, name: Environment(unit.organization(*parent), name),
    place=lambda _, unit, one: {"organization": one.organization.name, "hosts": [*unit.hosts(one)]},
)

HOSTS: Kind[Host] = Kind(
    word="host",
    defaults={"description": "", "platform": None, "distribution": None, "applications": [], "settings": []},
    siblings=lambda unit, parent: unit.hosts(unit.environment(*parent)),
    find=lambda unit, names: unit.host(*names),
    new=lambda unit, parent, name: Host(unit.environment(*parent), name),
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
    "listHosts": HOSTS.list_all,
    "createHost": HOSTS.create,
    "getHost": read_host,
    "updateHost": HOSTS.update,
    "deleteHost": HOSTS.delete,
}
"""What an operation on one of them does."""
