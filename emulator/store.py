"""Where a world keeps what it knows. The door is `Store`; behind it is memory (a SQL store fits the same door).

All access happens inside a unit of work, `with store.unit() as unit:`. A unit is exclusive: two units on one
store end as if one had come after the other, which is what makes racing triggers linearizable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Protocol, Self

from emulator.records import Environment, Host, Instance, Organization


class Unit(Protocol):
    """A unit of work. Records found in it may be changed until it is left; NotFound names what is missing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def organizations(self) -> Mapping[str, Organization]:
        """All organizations by name, in the order in which they were made."""

    def organization(self, name: str) -> Organization:
        """One organization."""

    def environment(self, organization: str, name: str) -> Environment:
        """One environment."""

    def host(self, organization: str, environment: str, name: str) -> Host:
        """One host."""

    def add_organization(self, organization: Organization) -> None:
        """Keep a new organization; under a new name, after it was removed under the old one."""

    def remove_organization(self, name: str) -> None:
        """Let go of an organization with all that is in it."""

    def holder(self, uuid: str) -> Host | None:
        """The host whose instance has this `libvirt.uuid`."""

    def hold(self, host: Host) -> None:
        """Remember the machine of this host's instance, if it has an identity."""

    def release(self, host: Host) -> None:
        """The machine of this host's instance is no longer held by it."""

    def stray(self, uuid: str) -> Instance | None:
        """The machine with this identity that lives on without a host, as after `_forget`."""

    def set_adrift(self, machine: Instance) -> None:
        """Remember a machine that no host holds."""

    def take_in(self, uuid: str) -> None:
        """A stray machine has found a host, or is gone."""

    def schedule(self, host: Host, instance: Instance) -> None:
        """Put a pending instance into the index of what is due."""

    def due(self, now: float) -> Iterator[tuple[Host, Instance]]:
        """Take what is due by `now` (seconds since the epoch) out of the index, earliest first."""


class Store(Protocol):
    """A keeper of units of work."""

    def unit(self) -> Unit:
        """An exclusive unit of work, to be entered with `with`."""
