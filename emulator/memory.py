"""The memory store: plain dictionaries under one lock, and a heap of what is due.

One lock for a whole world is no bottleneck: a unit takes microseconds, and Python runs one thread at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from math import inf
from types import TracebackType
from typing import Any, Self, TypeVar

from emulator.records import AuditEntry, Change, Environment, History, Host, Instance, Organization, Pending
from emulator.store import Listing, Record, Rows, Shelf, Unit, no_environment, no_host, no_organization

Thing = TypeVar("Thing")
_Entry = tuple[float, int, Host, Instance, Pending]

_NONE = History()
"""The history of a host to which nothing was done."""


class _Kept(Shelf[Thing]):
    """A dictionary as a shelf."""

    def __init__(self, things: dict[str, Thing]) -> None:
        self._things = things

    def __getitem__(self, name: str) -> Thing:
        return self._things[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)


class MemoryStore:
    """A store that ends with the process. It is its own, only, unit of work."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._organizations: dict[str, Organization] = {}
        self._holders: dict[str, Host] = {}
        self._strays: dict[str, Instance] = {}
        self._index: list[_Entry] = []
        self._sweep_at = 1024
        self._ordinal = 0

    def __getstate__(self) -> dict[str, Any]:
        """All but the lock: each copy has its own."""
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.RLock())

    def unit(self) -> Self:
        """This store, to be entered with `with`."""
        return self

    def __enter__(self) -> Self:
        self._lock.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def run(self, work: Callable[[Unit], Thing], *, writes: bool = True) -> Thing:  # noqa: ARG002 - all alike in memory
        """See Store."""
        with self._lock:
            return work(self)

    def organizations(self) -> Shelf[Organization]:
        """See Unit."""
        return _Kept(self._organizations)

    def environments(self, organization: Organization) -> Shelf[Environment]:
        """See Unit."""
        return _Kept(organization.environments)

    def hosts(self, environment: Environment) -> Shelf[Host]:
        """See Unit."""
        return _Kept(environment.hosts)

    def organization(self, name: str) -> Organization:
        """See Unit."""
        try:
            return self._organizations[name]
        except KeyError:
            raise no_organization(name) from None

    def environment(self, organization: str, name: str) -> Environment:
        """See Unit."""
        try:
            return self.organization(organization).environments[name]
        except KeyError:
            raise no_environment(organization, name) from None

    def host(self, organization: str, environment: str, name: str) -> Host:
        """See Unit."""
        try:
            return self._organizations[organization].environments[environment].hosts[name]
        except KeyError:
            self.environment(organization, environment)
            raise no_host(organization, environment, name) from None

    def add(self, record: Record) -> None:
        """See Unit."""
        self._siblings(record)[record.name] = record

    def rename(self, record: Record, name: str) -> None:
        """See Unit."""
        siblings = self._siblings(record)
        renamed = [(name if one is record else key, one) for key, one in siblings.items()]
        siblings.clear()
        siblings.update(renamed)
        record.name = name

    def remove(self, record: Record) -> None:
        """See Unit."""
        del self._siblings(record)[record.name]

    def replace(self, names: tuple[str, ...], old: Record | None, new: Record | None) -> None:
        """Put a record of another store in the place of one of these names (outermost first), or take that away.

        What is on its way in the old one never comes to its end. NotFound when what is around it is not there.
        """
        match new:
            case Environment():
                new.organization = self.organization(names[0])
            case Host():
                new.environment = self.environment(*names[:2])
        for host in hosts_in(old) if old else ():
            self.release(host)
            if host.instance is not None:
                host.instance.pending = None
        if new is None:
            if old is not None:
                self.remove(old)
            return
        self._siblings(new)[new.name] = new
        for host in hosts_in(new):
            if host.instance is not None:
                self.hold(host)
                self.take_in(host.instance.uuid or "")
                self.schedule(host, host.instance)

    def occupied(self, record: Record) -> Listing[Host]:
        """See Unit."""
        return Rows([host for host in hosts_in(record) if host.instance is not None])

    def changes(self, host: Host, *, only: str | None = None) -> Listing[Change]:
        """See Unit."""
        changes = (host.history or _NONE).changes
        return Rows(changes if only is None else [change for change in changes if change.task.status == only])

    def clear_changes(self, host: Host) -> None:
        """See Unit."""
        if host.history is not None:
            host.history.changes.clear()

    def audit(self, host: Host) -> Listing[AuditEntry]:
        """See Unit."""
        return Rows((host.history or _NONE).audit)

    def holder(self, uuid: str) -> Host | None:
        """See Unit."""
        return self._holders.get(uuid)

    def hold(self, host: Host) -> None:
        """See Unit."""
        if host.instance and (uuid := host.instance.uuid):
            self._holders[uuid] = host

    def release(self, host: Host) -> None:
        """See Unit."""
        if host.instance and (uuid := host.instance.uuid) and self._holders.get(uuid) is host:
            del self._holders[uuid]

    def stray(self, uuid: str) -> Instance | None:
        """See Unit."""
        return self._strays.get(uuid)

    def strays(self) -> Iterator[Instance]:
        """See Unit."""
        return iter(self._strays.values())

    def set_adrift(self, machine: Instance) -> None:
        """See Unit."""
        if uuid := machine.uuid:
            self._strays[uuid] = machine

    def take_in(self, uuid: str) -> None:
        """See Unit."""
        self._strays.pop(uuid, None)

    def schedule(self, host: Host, instance: Instance) -> None:
        """See Unit. Entries of actions that were superseded are swept out when they could be the majority."""
        pending = instance.pending
        if pending is None:
            return
        self._ordinal += 1
        heappush(self._index, (pending.due, self._ordinal, host, instance, pending))
        if len(self._index) > self._sweep_at:
            self._index = [entry for entry in self._index if _is_current(entry)]
            heapify(self._index)
            self._sweep_at = max(1024, 2 * len(self._index))

    def due(self, now: float) -> Iterator[tuple[Host, Instance]]:
        """See Unit."""
        while self._index and self._index[0][0] <= now:
            entry = heappop(self._index)
            if _is_current(entry):
                yield entry[2], entry[3]

    def next_due(self, now: float) -> float | None:
        """See Unit."""
        while self._index and (self._index[0][0] <= now or not _is_current(self._index[0])):
            heappop(self._index)  # whoever looks at that instance settles it
        due = self._index[0][0] if self._index else inf
        return None if due == inf else due

    def _siblings(self, record: Record) -> dict[str, Any]:
        match record:
            case Organization():
                return self._organizations
            case Environment():
                return record.organization.environments
            case Host():
                return record.environment.hosts


def hosts_in(record: Record) -> Iterator[Host]:
    """The hosts that are in a record, or are it."""
    match record:
        case Organization():
            for environment in record.environments.values():
                yield from environment.hosts.values()
        case Environment():
            yield from record.hosts.values()
        case Host():
            yield record


def _is_current(entry: _Entry) -> bool:
    return entry[3].pending is entry[4]
