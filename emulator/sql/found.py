"""The records that a unit of work has found, each with the row that it stands in: from rows to records, once each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from emulator.records import Change, Environment, History, Host, Organization
from emulator.sql import tables
from emulator.sql.rows import HOST_COLUMNS, group_columns, host_columns, unpack_details, unpack_instance
from emulator.store import Record


@dataclass(slots=True)
class Kept:
    """A record with its row: the key, what stands there, the number that an update is guarded by.

    The history of a host holds only what is new; `open_change` is the change that its action will end.
    """

    record: Record
    key: int
    was: dict[str, Any]
    guard: int
    open_change: Change | None = None

    def now(self) -> dict[str, Any]:
        """What should stand there."""
        return host_columns(self.record) if isinstance(self.record, Host) else group_columns(self.record)


class Found:
    """What was found so far. A row that is found again is the record that it was."""

    def __init__(self) -> None:
        self._kept: dict[int, Kept] = {}
        self._rows: dict[tuple[str, int], Any] = {}

    def __iter__(self) -> Iterator[Kept]:
        return iter(list(self._kept.values()))

    def clear(self) -> None:
        """Forget all of it."""
        self._kept.clear()
        self._rows.clear()

    def forget(self, record: Record) -> None:
        """A record that is no longer there."""
        del self._kept[id(record)]

    def key(self, record: Record) -> int:
        """The key of its row."""
        return self._kept[id(record)].key

    def address(self, record: Record) -> dict[str, int]:
        """Where its row is: in which organization, under which key."""
        match record:
            case Organization():
                organization = record
            case Environment():
                organization = record.organization
            case _:
                organization = record.environment.organization
        return {"of_organization": self.key(organization), "of_row": self.key(record)}

    def keep(self, table: Table, kept: Kept) -> None:
        """Remember a record with its row."""
        self._kept[id(kept.record)] = kept
        self._rows[table.name, kept.key] = kept.record

    def organization(self, row: Sequence[Any]) -> Organization:
        """The organization of a row: its columns in the order of the table."""
        key, name, version, details = row
        known: Organization | None = self._rows.get(("organization", key))
        if known is None:
            known = Organization(name, version, unpack_details(details))
            self.keep(tables.organization, Kept(known, key, _group(name, version, details), version))
        return known

    def environment(self, row: Sequence[Any], organization: Organization) -> Environment:
        """The environment of a row, as organization."""
        key, _, name, version, details = row
        known: Environment | None = self._rows.get(("environment", key))
        if known is None:
            known = Environment(organization, name, version, unpack_details(details))
            self.keep(tables.environment, Kept(known, key, _group(name, version, details), version))
        return known

    def host_with_all(self, row: Sequence[Any]) -> Host:
        """The host of a row of queries.WITH_ALL, in its environment and organization."""
        own, of_environment, of_organization = row[:12], row[12:15], row[15:]
        organization_id, environment_id = own[1:3]
        organization = self.organization((organization_id, *of_organization))
        return self.host(own, self.environment((environment_id, organization_id, *of_environment), organization))

    def host(self, row: Sequence[Any], environment: Environment) -> Host:
        """The host of a row, as organization."""
        key, _, _, name, version, details, machines, next_order, next_entry, revision, due, text = row
        known: Host | None = self._rows.get(("host", key))
        if known is None:
            instance = unpack_instance(text) if text else None
            history = History(next_order=next_order, next_entry=next_entry)
            known = Host(environment, name, version, unpack_details(details), instance, machines, history)
            was = (name, version, details, machines, next_order, next_entry, due, text)
            kept = Kept(known, key, dict(zip(HOST_COLUMNS, was, strict=True)), revision)
            kept.open_change = instance.pending.change if instance and instance.pending else None
            self.keep(tables.host, kept)
        return known


def _group(name: str, version: int, details: str | None) -> dict[str, Any]:
    return {"name": name, "version": version, "details": details}
