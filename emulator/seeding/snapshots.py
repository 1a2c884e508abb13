"""All that a world is, as rows of the seed format: what it was can be planted again, and goes on as it would have.

Times are told from the time of the clock on: how long ago, or how long until. What differs from what a seed gives
anyway is left out, so that what is written is what there is to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isinf
from typing import Any

import yaml

from emulator.auth import User
from emulator.clock import exact
from emulator.instances import settle, settle_due
from emulator.records import Environment, History, Host, Hypervisor, Instance, Organization, Pending
from emulator.seeding.machines import CAUSE, has_settled
from emulator.store import Unit
from emulator.world import World

try:
    from yaml import CSafeDumper as _BaseDumper
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeDumper as _BaseDumper  # type: ignore[assignment]

Row = dict[str, Any]

WIDTH = 2**31 - 1
"""No line is broken."""


class _Dumper(_BaseDumper):
    """Writes everything where it stands: what is one object in memory is not one thing to the reader."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class has it so
        return True


def snapshot(world: World) -> Row:
    """All that the world is now, down to its clock: rows of a seed (fixtures/seed.schema.json)."""

    def work(unit: Unit) -> Row:
        now = world.clock.now_in(unit)
        settle_due(world, unit, now)
        return _Taker(world, unit, now).world()

    return world.store.run(work, writes=False)


def as_yaml(rows: Row) -> str:
    """The rows as YAML, a line for each thing; the same rows are the same text."""
    return yaml.dump(rows, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=WIDTH)


class _Taker:
    """Takes the rows of a world inside a unit of work, at a time in seconds since the epoch."""

    def __init__(self, world: World, unit: Unit, now: float) -> None:
        self._world = world
        self._unit = unit
        self._now = now

    def world(self) -> Row:
        world = self._world
        organizations = [self._organization(one) for one in self._unit.organizations().values()]
        strays = [self._instance(machine) for machine in self._unit.strays()]
        return {
            "clock": {"now": exact(self._now), "rate": world.clock.rate},
            "timing": _plain(world.timing.told),
            "randomSeed": world.random_seed,
            "hypervisors": [self._hypervisor(one) for one in world.hypervisors],
            "users": [_user(user) for user in world.authenticator.users],
            "organizations": organizations,
            **_if(strays=strays),
        }

    def _hypervisor(self, hypervisor: Hypervisor) -> Row:
        row: Row = {"name": hypervisor.name, "uuid": hypervisor.uuid}
        until = self._world.outages.get(hypervisor.name)
        if until is None:
            return row
        return row | ({"out": True} if isinf(until) else {"backIn": until - self._now})

    def _organization(self, organization: Organization) -> Row:
        environments = [self._environment(one) for one in self._unit.environments(organization).values()]
        return {**_group(organization), **_if(environments=environments)}

    def _environment(self, environment: Environment) -> Row:
        hosts = [self._host(one) for one in self._unit.hosts(environment).values()]
        return {**_group(environment), **_if(hosts=hosts)}

    def _host(self, host: Host) -> Row:
        row = {**_group(host), **_if(machines=host.machines)}
        if host.instance is not None:
            settle(self._world, host, host.instance, self._now)
            row["instance"] = self._instance(host.instance)
        return row | dict(self._history(host))

    def _history(self, host: Host) -> Iterator[tuple[str, Row]]:
        history = host.history or History()
        following, entries = history.next_order, history.next_entry
        if following > 1:
            changes = self._unit.changes(host)
            yield "changes", {"next": following, "kept": [_change(one) for one in changes.part(0, len(changes))]}
        if entries > 1:
            audit = self._unit.audit(host)
            yield "audit", {"next": entries, "kept": [_entry(one) for one in audit.part(0, len(audit))]}

    def _instance(self, instance: Instance) -> Row:
        pending, console = instance.pending, instance.console
        return {
            "state": instance.state,
            "since": self._now - instance.since,
            **_if(unseen=instance.unseen),
            **_if(cause=instance.cause if instance.cause != CAUSE else None),
            **self._agent(instance),
            **_if(locked=instance.locked, hostname=instance.hostname),
            "hypervisor": instance.hypervisor.name,
            **({"settled": instance.settled} if self._is_odd(instance) else {}),
            **_if(failed=instance.failed, actions=instance.actions, boots=instance.boots),
            **_if(vnc=console and {"token": console.token, "port": console.port}),
            **_if(pending=pending and self._pending(pending)),
            "properties": [
                {"key": key, "value": value} for key, value in zip(instance.keys, instance.values, strict=True)
            ],
        }

    def _agent(self, instance: Instance) -> Row:
        if instance.agent_at is None:
            return {"agent": "Down"}
        return {"agentIn": instance.agent_at - self._now} if instance.agent_at > self._now else {}

    def _is_odd(self, instance: Instance) -> bool:
        return instance.settled is not has_settled(self._world, instance.state, instance.pending)

    def _pending(self, pending: Pending) -> Row:
        left = {"polls": pending.polls} if isinf(pending.due) else {"in": pending.due - self._now}
        boots = pending.boots is not self._world.boots(pending.source, pending.target)
        return {
            "trigger": pending.trigger,
            "from": pending.source,
            "to": pending.target,
            **left,
            **({"boots": pending.boots} if boots else {}),
            **_if(silent=pending.silent, failure=pending.failure),
        }


def _group(record: Organization | Environment | Host) -> Row:
    version = {"version": record.version} if record.version > 1 else {}
    return {"name": record.name, **version, **(record.details or {})}


def _change(change: Any) -> Row:
    task = change.task
    row = {"key": change.key, "description": change.description, "task": task.description, "status": task.status}
    return row | _if(error=task.error)


def _entry(entry: Any) -> Row:
    return {
        "at": exact(entry.at),
        "message": entry.message,
        "username": entry.username,
        "fullName": entry.full_name,
    }


def _user(user: User) -> Row:
    principal = user.principal
    return {
        "username": principal.username,
        **_if(password=user.password),
        **({"fullName": principal.full_name} if principal.full_name != principal.username else {}),
        **({} if principal.organizations is None else {"organizations": sorted(principal.organizations)}),
        **_if(appKeys=list(user.app_keys)),
    }


def _plain(told: str | Mapping[str, Mapping[str, Any]]) -> Any:
    return told if isinstance(told, str) else {trigger: dict(row) for trigger, row in told.items()}


def _if(**members: Any) -> Row:
    """Those of the members that say something."""
    return {name: value for name, value in members.items() if value}
