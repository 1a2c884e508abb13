"""A part of a world, an organization, environment or host, becomes what it is in another world."""

from __future__ import annotations

from contextlib import suppress

from emulator.errors import Conflict, NotFound
from emulator.instances import explain
from emulator.memory import MemoryStore, hosts_in
from emulator.store import Record

Names = tuple[str, ...]


def put_back(store: MemoryStore, planted: MemoryStore, names: Names) -> None:
    """Put the part of these names (outermost first) as it is in `planted` in the place of what is in the store.

    The planted one is used up. NotFound when the part is in neither, or what is around it is not
    there; Conflict when a machine of it belongs to another host by now.
    """
    with store.unit() as unit:
        old, new = _found(store, names), _found(planted, names)
        if old is None and new is None:
            _find(store, names)
        for host in hosts_in(new) if new else ():
            holder = unit.holder(host.instance.uuid or "") if host.instance else None
            if holder is not None and holder.path[: len(names)] != names:
                raise Conflict(explain.held_elsewhere(str(host.instance and host.instance.uuid), holder.path))
        store.replace(names, old, new)


def _found(store: MemoryStore, names: Names) -> Record | None:
    with suppress(NotFound):
        return _find(store, names)
    return None


def _find(store: MemoryStore, names: Names) -> Record:
    return (store.organization, store.environment, store.host)[len(names) - 1](*names)
