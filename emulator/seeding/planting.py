"""Organizations, environments and hosts as the rows of seeds tell of them, put into a store.

What several seeds tell of one organization or environment is merged; a host is told of once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from emulator.clock import parse_exact
from emulator.inventory import ENVIRONMENTS, HOSTS, ORGANIZATIONS
from emulator.records import AuditEntry, Change, Details, Environment, History, Host, Organization, Task
from emulator.seeding.machines import InstanceMaker, Misfit, Row
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
        """The organizations of a seed, with all that is in them, and the machines that are in none."""
        _each(row, "organizations", self._organization)
        _each(row, "strays", self._maker.set_adrift)

    def _organization(self, row: Row) -> None:
        kept = self._unit.organizations().get(row["name"])
        organization = kept or Organization(row["name"])
        organization.details = self._merged((organization.name,), organization.details, row, ORGANIZATIONS.defaults)
        organization.version = max(organization.version, row.get("version", 1))
        if kept is None:
            self._unit.add(organization)
        _each(row, "environments", lambda child: self._environment(organization, child))

    def _environment(self, organization: Organization, row: Row) -> None:
        environment = organization.environments.get(row["name"]) or Environment(organization, row["name"])
        names = (organization.name, environment.name)
        environment.details = self._merged(names, environment.details, row, ENVIRONMENTS.defaults)
        environment.version = max(environment.version, row.get("version", 1))
        organization.environments[environment.name] = environment
        _each(row, "hosts", lambda child: self._host(environment, child))

    def _host(self, environment: Environment, row: Row) -> None:
        host = Host(environment, row["name"], row.get("version", 1), self._details(row, HOSTS.defaults))
        host.machines, host.history = row.get("machines", 0), _history(row)
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


def _history(row: Row) -> History | None:
    """What was done to a host, None when the row does not say."""
    if "changes" not in row and "audit" not in row:
        return None
    history = History()
    if "changes" in row:
        history.next_order = _following(row, "changes")
        first = history.next_order - len(row["changes"]["kept"])
        history.changes = [
            Change(number, one["key"], one["description"], Task(one["task"], one["status"], one.get("error", "")))
            for number, one in enumerate(row["changes"]["kept"], first)
        ]
    if "audit" in row:
        history.next_entry = _following(row, "audit")
        history.audit = [_entry(number, one) for number, one in enumerate(row["audit"]["kept"])]
    return history


def _following(row: Row, member: str) -> int:
    """The number of what comes next in a history."""
    following: int = row[member]["next"]
    if len(row[member]["kept"]) >= following:
        raise Misfit(f"it is {following}, and so many entries are there already; expected a larger one", member, "next")
    return following


def _entry(number: int, row: Row) -> AuditEntry:
    try:
        return AuditEntry(parse_exact(row["at"]), row["message"], row["username"], row["fullName"])
    except ValueError:
        message = f"it is {row['at']!r}; expected a time such as 2026-01-31T12:00:00Z"
        raise Misfit(message, "audit", "kept", number, "at") from None


def _each(parent: Row, member: str, plant: Callable[[Row], None]) -> None:
    """Plant the rows of a list; what does not fit is told from the parent's point of view."""
    for number, row in enumerate(parent.get(member, ())):
        try:
            plant(row)
        except Misfit as misfit:
            raise misfit.below(member, number) from None
