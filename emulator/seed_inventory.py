"""Organizations, environments and hosts as the rows of seeds tell of them, put into a store.

What several seeds tell of one organization or environment is merged; a host is told of once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from emulator.inventory import ENVIRONMENTS, HOSTS, ORGANIZATIONS
from emulator.records import Details, Environment, Host, Organization
from emulator.seed_instances import InstanceMaker, Misfit, Row
from emulator.store import Unit

Names = tuple[str, ...]
Finder = Callable[[Names], str | None]


class Planter:
    """Puts rows into a store; Misfit says what a row has wrong.

    `find` answers where an organization, environment or host (its names, outermost first) was told of first.
    """

    def __init__(self, unit: Unit, maker: InstanceMaker, find: Finder) -> None:
        self._unit = unit
        self._maker = maker
        self._find = find
        self._shared: dict[bytes, Details] = {}

    def organizations(self, row: Row) -> None:
        """The organizations of a seed, with all that is in them."""
        _each(row, "organizations", self._organization)

    def _organization(self, row: Row) -> None:
        kept = self._unit.organizations().get(row["name"])
        organization = kept or Organization(row["name"])
        organization.details = self._merged((organization.name,), organization.details, row, ORGANIZATIONS.defaults)
        if kept is None:
            self._unit.add_organization(organization)
        _each(row, "environments", lambda child: self._environment(organization, child))

    def _environment(self, organization: Organization, row: Row) -> None:
        environment = organization.environments.get(row["name"]) or Environment(organization, row["name"])
        names = (organization.name, environment.name)
        environment.details = self._merged(names, environment.details, row, ENVIRONMENTS.defaults)
        organization.environments[environment.name] = environment
        _each(row, "hosts", lambda child: self._host(environment, child))

    def _host(self, environment: Environment, row: Row) -> None:
        host = Host(environment, row["name"], details=self._details(row, HOSTS.defaults))
        if host.name in environment.hosts:
            raise Misfit(f"host {'/'.join(host.path)!r} is there already{self._first(host.path)}; keep one", "name")
        environment.hosts[host.name] = host
        if "instance" in row:
            try:
                self._maker.equip(host, row["instance"])
            except Misfit as misfit:
                raise misfit.below("instance") from None

    def _merged(self, names: Names, present: Details | None, row: Row, defaults: Mapping[str, Any]) -> Details | None:
        """What is known together with what this row adds; Misfit where they differ."""
        added = self._details(row, defaults)
        if not present or not added:
            return present or added
        for member, value in added.items():
            if present.get(member, value) != value:
                message = f"{'/'.join(names)!r} has another {member} already{self._first(names)}"
                raise Misfit(f"{message}; say it once, or alike", member)
        return {**present, **added}

    def _details(self, row: Row, defaults: Mapping[str, Any]) -> Details | None:
        """What differs from the defaults; equal ones are one object, since there may be a million.

        Misfit for what could not be shown, such as numbers of more than 64 bits, or too deep a nesting.
        """
        details = {member: row[member] for member in row if member in defaults and row[member] != defaults[member]}
        if not details:
            return None
        try:
            key = orjson.dumps({"items": [details]})
        except orjson.JSONEncodeError as error:
            raise Misfit(f"it cannot be shown as JSON: {error}; expected JSON, no deeper than 200 levels") from None
        return self._shared.setdefault(key, details)

    def _first(self, names: Names) -> str:
        found = self._find(names)
        return f" ({found})" if found else ""


def _each(parent: Row, member: str, plant: Callable[[Row], None]) -> None:
    """Plant the rows of a list; what does not fit is told from the parent's point of view."""
    for number, row in enumerate(parent.get(member, ())):
        try:
            plant(row)
        except Misfit as misfit:
            raise misfit.below(member, number) from None
