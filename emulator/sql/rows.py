"""Records as rows, and back."""

from __future__ import annotations

from math import inf, isinf
from typing import Any

import orjson

from emulator.records import (
    Change,
    Console,
    Details,
    Environment,
    History,
    Host,
    Hypervisor,
    Instance,
    Organization,
    Pending,
    Task,
)

OPEN = "PENDING"
"""The status of a task that goes on."""


def searchable(uuid: str) -> str:
    """An identity as a column holds it: any text can be one, and PostgreSQL has no text with a zero byte in it."""
    return uuid.replace("%", "%25").replace("\0", "%00")


def pack_details(details: Details | None) -> str | None:
    """The text of what differs from the defaults."""
    return orjson.dumps(details).decode() if details else None


def unpack_details(text: str | None) -> Details | None:
    """See pack_details."""
    found: Details | None = orjson.loads(text) if text else None
    return found


def pack_instance(instance: Instance) -> str:
    """An instance as JSON text."""
    pending, console = instance.pending, instance.console
    return orjson.dumps(
        {
            "state": instance.state,
            "since": instance.since,
            "cause": instance.cause,
            "hypervisor": (instance.hypervisor.name, instance.hypervisor.uuid),
            "keys": instance.keys,
            "values": instance.values,
            "pending": pending and _pack_pending(pending),
            "agentAt": instance.agent_at,
            "locked": instance.locked,
            "settled": instance.settled,
            "failed": instance.failed,
            "actions": instance.actions,
            "boots": instance.boots,
            "hostname": instance.hostname,
            "console": console and (console.token, console.port),
            "unseen": instance.unseen,
        }
    ).decode()


def unpack_instance(text: str) -> Instance:
    """See pack_instance."""
    row = orjson.loads(text)
    pending, console = row["pending"], row["console"]
    return Instance(
        state=row["state"],
        since=row["since"],
        cause=row["cause"],
        hypervisor=Hypervisor(*row["hypervisor"]),
        keys=tuple(row["keys"]),
        values=tuple(row["values"]),
        pending=_unpack_pending(pending) if pending else None,
        agent_at=row["agentAt"],
        locked=row["locked"],
        settled=row["settled"],
        failed=row["failed"],
        actions=row["actions"],
        boots=row["boots"],
        hostname=row["hostname"],
        console=Console(*console) if console else None,
        unseen=row.get("unseen"),
    )


def _pack_pending(pending: Pending) -> dict[str, Any]:
    return {
        "trigger": pending.trigger,
        "source": pending.source,
        "target": pending.target,
        "due": _finite(pending.due),
        "polls": pending.polls,
        "boots": pending.boots,
        "change": pending.change.order if pending.change else None,
        "failure": pending.failure,
        "silent": pending.silent,
    }


def _unpack_pending(row: dict[str, Any]) -> Pending:
    order = row["change"]
    return Pending(
        trigger=row["trigger"],
        source=row["source"],
        target=row["target"],
        due=inf if row["due"] is None else row["due"],
        polls=row["polls"],
        boots=row["boots"],
        change=None if order is None else Change(order, "", "", Task("", OPEN)),
        failure=row.get("failure", ""),
        silent=row.get("silent", False),
    )


def _finite(due: float) -> float | None:
    return None if isinf(due) else due


def group_columns(group: Organization | Environment) -> dict[str, Any]:
    """What a row of `organization` or `environment` holds beside its keys."""
    return {"name": group.name, "version": group.version, "details": pack_details(group.details)}


HOST_COLUMNS = (
    *("name", "version", "details", "machines", "next_order", "next_entry"),
    *("due", "instance"),
)
"""The names of the columns that host_columns fills."""


def host_columns(host: Host) -> dict[str, Any]:
    """What a row of `host` holds beside its keys and its revision."""
    instance, history = host.instance, host.history
    pending = instance.pending if instance else None
    return {
        "name": host.name,
        "version": host.version,
        "details": pack_details(host.details),
        "machines": host.machines,
        "next_order": history.next_order if history else 1,
        "next_entry": history.next_entry if history else 1,
        "due": _finite(pending.due) if pending else None,
        "instance": pack_instance(instance) if instance else None,
    }


def stray_columns(machine: Instance) -> dict[str, Any]:
    """A row of `stray`."""
    return {"uuid": searchable(machine.uuid or ""), "machine": pack_instance(machine)}


def holder_columns(organization: int, key: int, uuid: str) -> dict[str, Any]:
    """A row of `holder`."""
    return {"uuid": searchable(uuid), "organization_id": organization, "host_id": key}


def change_columns(organization: int, key: int, change: Change) -> dict[str, Any]:
    """A row of `change`."""
    task = change.task
    return {
        "organization_id": organization,
        "host_id": key,
        "number": change.order,
        "key": change.key,
        "description": change.description,
        "task": task.description,
        "status": task.status,
        "error": task.error,
    }


def audit_columns(organization: int, key: int, history: History) -> list[dict[str, Any]]:
    """The rows of `audit` for the entries of a history, which are its newest."""
    first = history.next_entry - len(history.audit)
    return [
        {
            "organization_id": organization,
            "host_id": key,
            "number": number,
            "at": entry.at,
            "message": entry.message,
            "username": entry.username,
            "full_name": entry.full_name,
        }
        for number, entry in enumerate(history.audit, first)
    ]
