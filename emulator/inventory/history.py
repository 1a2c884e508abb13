"""What was done to a host: its changes and its audit, as clients ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator import instances
from emulator.call import Call, UseCase
from emulator.clock import iso
from emulator.errors import Malformed
from emulator.inventory.paging import page
from emulator.records import AuditEntry, Change
from emulator.store import Unit

FLAGS = {"true": True, "false": False}


def list_changes(call: Call, unit: Unit) -> dict[str, Any]:
    """The changes, oldest first. A look at them is a look at the instance: clients wait here for its actions."""
    host = unit.host(*call.names)
    is_all = _show_processed(call.query)
    if host.instance is not None:
        instances.look(call, unit)
    changes = unit.changes(host, only=None if is_all else instances.PENDING)
    return page(call.query, changes, show_change)


def delete_changes(call: Call, unit: Unit) -> None:
    """Let go of the changes; what is on its way goes on, and numbers go on."""
    unit.clear_changes(unit.host(*call.names))


def get_audit(call: Call, unit: Unit) -> dict[str, Any]:
    """Who did what, oldest first."""
    return page(call.query, unit.audit(unit.host(*call.names)), show_audit)


def show_change(change: Change) -> dict[str, Any]:
    """The representation of a change, as in inventory.openapi.yaml: schemas/Change."""
    task = change.task
    return {
        "orderNum": change.order,
        "key": f"{change.key}-{change.order}",  # clients find a change again by its key
        "description": change.description,
        "tasks": [{"orderNum": 1, "description": task.description, "status": task.status, "error": task.error}],
    }


def show_audit(entry: AuditEntry) -> dict[str, Any]:
    """The representation of an entry of the audit, as in inventory.openapi.yaml: schemas/AuditEntry."""
    return {
        "timestamp": iso(entry.at),
        "message": entry.message,
        "username": entry.username,
        "userFullName": entry.full_name,
    }


def _show_processed(query: Mapping[str, str]) -> bool:
    text = query.get("show_processed", "true")
    try:
        return FLAGS[text.lower()]
    except KeyError:
        raise Malformed(f"show_processed is {text[:40]!r}; expected True or False") from None


USE_CASES: Mapping[str, UseCase] = {
    "listChanges": list_changes,
    "deleteChanges": delete_changes,
    "getAudit": get_audit,
}
"""What an operation on the history of a host does."""
