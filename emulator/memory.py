"""The memory store: plain dictionaries under one lock, and a heap of what is due.

One lock for a whole world is no bottleneck: a unit takes microseconds, and Python runs one thread at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import count
from types import TracebackType
from typing import Self

from emulator.errors import NotFound
from emulator.records import Environment, Host, Instance, Organization, Pending

_Entry = tuple[float, int, Host, Instance, Pending]


class MemoryStore:
    """A store that ends with the process. It is its own, only, unit of work."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._organizations: dict[str, Organization] = {}
        self._holders: dict[str, Host] = {}
        self._strays: dict[str, Instance] = {}
        self._index: list[_Entry] = []
        self._sweep_at = 1024
        self._ordinals = count()

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

    def organizations(self) -> Mapping[str, Organization]:
        """See Unit."""
        return self._organizations

    def organization(self, name: str) -> Organization:
        """See Unit."""
        try:
            return self._organizations[name]
        except KeyError:
            raise NotFound(f"there is no organization {name!r}; GET /organizations lists them") from None

    def environment(self, organization: str, name: str) -> Environment:
        """See Unit."""
        try:
            return self.organization(organization).environments[name]
        except KeyError:
            raise NotFound(f"organization {organization!r} has no environment {name!r}") from None

    def host(self, organization: str, environment: str, name: str) -> Host:
        """See Unit."""
        try:
            return self._organizations[organization].environments[environment].hosts[name]
        except KeyError:
            self.environment(organization, environment)
            raise NotFound(
                f"environment {environment!r} of organization {organization!r} has no host {name!r}"
            ) from None

    def add_organization(self, organization: Organization) -> None:
        """See Unit."""
        self._organizations[organization.name] = organization

    def remove_organization(self, name: str) -> None:
        """See Unit."""
        del self._organizations[name]

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
        heappush(self._index, (pending.due, next(self._ordinals), host, instance, pending))
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


def _is_current(entry: _Entry) -> bool:
    return entry[3].pending is entry[4]
