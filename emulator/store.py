"""Where a world keeps what it knows. The door is `Store`; behind it is memory, or a SQL database.

All access happens inside a unit of work: `store.run(work)` calls `work(unit)`. Two units on one store end as if one
had come after the other, which is what makes racing triggers linearizable. Only what is reached through the unit is
there: the dictionaries in the records are the memory store's own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Protocol, TypeVar

from emulator.errors import NotFound
from emulator.records import AuditEntry, Change, Environment, Host, Instance, Organization

Thing = TypeVar("Thing")
Thing_co = TypeVar("Thing_co", covariant=True)
Record = Organization | Environment | Host


def no_organization(name: str) -> NotFound:
    """What to raise when there is no such organization."""
    return NotFound(f"there is no organization {name!r}; GET /organizations lists them")


def no_environment(organization: str, name: str) -> NotFound:
    """What to raise when an organization has no such environment."""
    return NotFound(f"organization {organization!r} has no environment {name!r}")


def no_host(organization: str, environment: str, name: str) -> NotFound:
    """What to raise when an environment has no such host."""
    return NotFound(f"environment {environment!r} of organization {organization!r} has no host {name!r}")


class Listing(Protocol[Thing_co]):
    """What can be shown page by page."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def part(self, offset: int, most: int) -> Iterator[Thing_co]:
        """At most so many, from that one on."""


class Shelf(Mapping[str, Thing], Listing[Thing]):
    """The children of one parent by name, in the order in which they were made."""

    def part(self, offset: int, most: int) -> Iterator[Thing]:
        """See Listing."""
        return islice(self.values(), offset, offset + most)


class Rows(Listing[Thing]):
    """What is at hand, as a listing."""

    def __init__(self, things: Sequence[Thing]) -> None:
        self._things = things

    def __len__(self) -> int:
        return len(self._things)

    def part(self, offset: int, most: int) -> Iterator[Thing]:
        """See Listing."""
        return iter(self._things[offset : offset + most])


class Unit(Protocol):
    """A unit of work. Records found in it may be changed until it is left; NotFound names what is missing."""

    def organizations(self) -> Shelf[Organization]:
        """All organizations."""

    def environments(self, organization: Organization) -> Shelf[Environment]:
        """All environments of an organization."""

    def hosts(self, environment: Environment) -> Shelf[Host]:
        """All hosts of an environment."""

    def organization(self, name: str) -> Organization:
        """One organization."""

    def environment(self, organization: str, name: str) -> Environment:
        """One environment."""

    def host(self, organization: str, environment: str, name: str) -> Host:
        """One host."""

    def add(self, record: Record) -> None:
        """Keep a new record, under its name in its parent."""

    def rename(self, record: Record, name: str) -> None:
        """Give a record another name; it keeps its place."""

    def remove(self, record: Record) -> None:
        """Let go of a record with all that is in it."""

    def occupied(self, record: Record) -> Listing[Host]:
        """The hosts with an instance that are in a record, or are it."""

    def changes(self, host: Host, *, only: str | None = None) -> Listing[Change]:
        """The changes of a host, oldest first; `only` those whose task has this status."""

    def clear_changes(self, host: Host) -> None:
        """Let go of the changes of a host; numbers go on."""

    def audit(self, host: Host) -> Listing[AuditEntry]:
        """Who did what to a host, oldest first."""

    def holder(self, uuid: str) -> Host | None:
        """The host whose instance has this `libvirt.uuid`."""

    def hold(self, host: Host) -> None:
        """Remember the machine of this host's instance, if it has an identity."""

    def release(self, host: Host) -> None:
        """The machine of this host's instance is no longer held by it."""

    def stray(self, uuid: str) -> Instance | None:
        """The machine with this identity that lives on without a host, as after `_forget`."""

    def strays(self) -> Iterator[Instance]:
        """All machines that live on without a host, in the order in which they were left."""

    def set_adrift(self, machine: Instance) -> None:
        """Remember a machine that no host holds."""

    def take_in(self, uuid: str) -> None:
        """A stray machine has found a host, or is gone."""

    def schedule(self, host: Host, instance: Instance) -> None:
        """Put a pending instance into the index of what is due."""

    def due(self, now: float) -> Iterator[tuple[Host, Instance]]:
        """Take what is due by `now` (seconds since the epoch) out of the index, earliest first."""

    def next_due(self, now: float) -> float | None:
        """When the next pending action is due, of those that are due after `now`; None when there is none."""


class Store(Protocol):
    """A keeper of units of work."""

    def unit(self) -> AbstractContextManager[Unit]:
        """One unit of work; what was done in it is kept when it is left without an error."""

    def run(self, work: Callable[[Unit], Thing], *, writes: bool = True) -> Thing:
        """What `work` answers; when this returns, what it did is kept. It may be called more than once.

        `writes` False: it is expected to change nothing, and may be slower if it does.
        """
