"""A unit of work on a database: what was found is compared with its row at the end, and what differs is written.

A host is written by one conditional update: it holds only where the row is still the one that was read. Where it is
not, somebody else was faster; the unit is undone and the store runs its work again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, select

from emulator.clock import Course
from emulator.records import AuditEntry, Change, Environment, History, Host, Instance, Organization, Task
from emulator.sql import queries, tables
from emulator.sql.found import Found, Kept
from emulator.sql.organizations import Organizations
from emulator.sql.rows import (
    OPEN,
    audit_columns,
    change_columns,
    holder_columns,
    searchable,
    stray_columns,
    unpack_instance,
)
from emulator.sql.shelf import ShelfOfRows
from emulator.store import Listing, Record, Rows, Shelf, no_environment, no_host, no_organization

TRIM = 100
"""Each so many entries of a history, those past its limit are deleted."""


class Overtaken(Exception):
    """Somebody else has changed what this unit has read: its work must be done again."""


class NeedsWriting(Exception):
    """A unit that was to read only has something to write."""


class SqlUnit:
    """A unit of work on a connection in a transaction; see emulator.store.Unit.

    It serves several pieces of work, one after the other, that are committed together (leave).
    `keys` are the keys of organizations that the process knows. `locking`: a host that is found stays as it is until
    the end, so that nobody can overtake the unit again.
    `writable` False: NeedsWriting is raised where something would be written.
    """

    def __init__(
        self, connection: Connection, keys: Organizations, *, writable: bool = True, locking: bool = False
    ) -> None:
        self.connection = connection
        self._keys = keys
        self.course: Course | None = None
        self.has_written = False
        self._writable = writable
        self._by_names = queries.BY_NAMES_LOCKED if locking else queries.BY_NAMES
        self._found = Found()
        self._by_path: dict[tuple[str, str, str], Host] = {}
        self._strays: dict[str, Instance | None] = {}
        self._history_rows: dict[Table, list[dict[str, Any]]] = {tables.change: [], tables.audit: []}
        self._is_behind = self._has_new_names = False

    # ---- what is there

    def organizations(self) -> Shelf[Organization]:
        """See Unit."""
        return ShelfOfRows(self.connection, queries.ORGANIZATIONS, self._found.organization)

    def environments(self, organization: Organization) -> Shelf[Environment]:
        """See Unit."""
        rows = queries.ENVIRONMENTS.where(tables.environment.c.organization_id == self._found.key(organization))
        return ShelfOfRows(self.connection, rows, lambda row: self._found.environment(row, organization))

    def hosts(self, environment: Environment) -> Shelf[Host]:
        """See Unit."""
        of_organization = tables.host.c.organization_id == self._found.key(environment.organization)
        rows = queries.HOSTS.where(of_organization, tables.host.c.environment_id == self._found.key(environment))
        return ShelfOfRows(self.connection, rows, lambda row: self._found.host(row, environment))

    def organization(self, name: str) -> Organization:
        """See Unit."""
        found = self.organizations().get(name)
        if found is None:
            raise no_organization(name)
        return found

    def environment(self, organization: str, name: str) -> Environment:
        """See Unit."""
        found = self.environments(self.organization(organization)).get(name)
        if found is None:
            raise no_environment(organization, name)
        return found

    def host(self, organization: str, environment: str, name: str) -> Host:
        """See Unit."""
        path = (organization, environment, name)
        if known := self._by_path.get(path):
            return known
        row = None if "\0" in "".join(path) else self._row_of_host(*path)
        if row is None:
            self.environment(organization, environment)
            raise no_host(organization, environment, name)
        found = self._by_path[path] = self._found.host_with_all(row)
        return found

    def _row_of_host(self, organization: str, environment: str, host: str) -> Any:
        """The row of a host: where the organization is thought to be, then where it is; None when there is none."""
        names = {"organization": organization, "environment": environment, "host": host}
        guess = self._keys.guess(organization)
        row = None if guess is None else self._by_names.row(self.connection, names | {"of_organization": guess})
        if row is None and (key := self._keys.ask(self.connection, organization)) not in (None, guess):
            row = self._by_names.row(self.connection, names | {"of_organization": key})
        return row

    def occupied(self, record: Record) -> Listing[Host]:
        """See Unit."""
        self._catch_up()
        inside = {
            Organization: tables.host.c.organization_id,
            Environment: tables.host.c.environment_id,
            Host: tables.host.c.id,
        }
        rows = queries.WITH_ALL.where(
            inside[type(record)] == self._found.key(record), tables.host.c.instance.is_not(None)
        )
        return ShelfOfRows(self.connection, rows.params(self._found.address(record)), self._found.host_with_all)

    def changes(self, host: Host, *, only: str | None = None) -> Listing[Change]:
        """See Unit."""
        rows = self._newest(tables.change, host, host.chronicle().next_order)
        changes = [Change(row.number, row.key, row.description, Task(row.task, row.status, row.error)) for row in rows]
        return Rows([change for change in changes if only in (None, change.task.status)])

    def audit(self, host: Host) -> Listing[AuditEntry]:
        """See Unit."""
        rows = self._newest(tables.audit, host, host.chronicle().next_entry)
        return Rows([AuditEntry(row.at, row.message, row.username, row.full_name) for row in rows])

    def holder(self, uuid: str) -> Host | None:
        """See Unit."""
        held = queries.HOLDER.row(self.connection, {"uuid": searchable(uuid)}) if uuid else None
        if held is None:
            return None
        organization, key = held
        row = queries.BY_KEY.row(self.connection, {"of_organization": organization, "of_row": key})
        return None if row is None else self._found.host_with_all(row)

    def stray(self, uuid: str) -> Instance | None:
        """See Unit."""
        if not uuid or uuid in self._strays:
            return self._strays.get(uuid)
        text = self.connection.execute(
            select(tables.stray.c.machine).where(tables.stray.c.uuid == searchable(uuid))
        ).scalar()
        return None if text is None else unpack_instance(text)

    def strays(self) -> Iterator[Instance]:
        """See Unit."""
        self.flush()
        rows = self.connection.execute(select(tables.stray.c.machine).order_by(tables.stray.c.uuid))
        return (unpack_instance(row.machine) for row in rows)

    # ---- what is done

    def add(self, record: Record) -> None:
        """See Unit."""
        above: dict[str, int] = {}
        match record:
            case Organization():
                table = tables.organization
            case Environment():
                above, table = {"organization_id": self._found.key(record.organization)}, tables.environment
            case _:
                table = tables.host
                above = {
                    "organization_id": self._found.key(record.environment.organization),
                    "environment_id": self._found.key(record.environment),
                    "revision": 0,
                }
                record.chronicle()
        self._will_write()
        self._has_new_names = True
        kept = Kept(record, 0, {}, 0 if isinstance(record, Host) else record.version)
        kept.was = kept.now()
        result = self.connection.execute(queries.INSERTS[table], kept.was | above)
        kept.key = result.inserted_primary_key.id  # type: ignore[union-attr] # an insert of one row has one
        self._found.keep(table, kept)

    def rename(self, record: Record, name: str) -> None:
        """See Unit."""
        self._has_new_names = True
        record.name = name

    def remove(self, record: Record) -> None:
        """See Unit. Hosts that have got an instance in the meantime stand in the way, and the database says so."""
        self._will_write()
        self._catch_up()
        self._has_new_names = True
        key = self._found.key(record)
        of_organization = self._found.address(record)["of_organization"]
        hosts = delete(tables.host).where(
            tables.host.c.organization_id == of_organization, tables.host.c.instance.is_(None)
        )
        environments = delete(tables.environment).where(tables.environment.c.organization_id == of_organization)
        match record:
            case Organization():
                steps = [hosts, environments, delete(tables.organization).where(tables.organization.c.id == key)]
            case Environment():
                steps = [
                    hosts.where(tables.host.c.environment_id == key),
                    environments.where(tables.environment.c.id == key),
                ]
            case _:
                steps = [hosts.where(tables.host.c.id == key)]
        gone = [self.connection.execute(step).rowcount for step in steps]
        if gone[-1] != 1:
            raise Overtaken
        self._found.forget(record)

    def clear_changes(self, host: Host) -> None:
        """See Unit."""
        self._will_write()
        host.chronicle().changes.clear()
        self.connection.execute(delete(tables.change).where(queries.of_host(tables.change)), self._found.address(host))

    def hold(self, host: Host) -> None:
        """See Unit."""
        if host.instance and (uuid := host.instance.uuid):
            self._will_write()
            address = self._found.address(host)
            row = holder_columns(address["of_organization"], address["of_row"], uuid)
            queries.HOLD.count(self.connection, row)

    def release(self, host: Host) -> None:
        """See Unit."""
        if host.instance and (uuid := host.instance.uuid):
            self._will_write()
            queries.RELEASE.count(self.connection, {"of_uuid": searchable(uuid), "of_row": self._found.key(host)})

    def set_adrift(self, machine: Instance) -> None:
        """See Unit."""
        if uuid := machine.uuid:
            self._strays[uuid] = machine

    def take_in(self, uuid: str) -> None:
        """See Unit."""
        self._strays[uuid] = None

    def schedule(self, host: Host, instance: Instance) -> None:
        """See Unit: the column `due` is written with the rest of the row."""

    def due(self, now: float) -> Iterator[tuple[Host, Instance]]:  # noqa: ARG002 - it would be said to an index
        """See Unit: nothing waits in an index here, each instance settles when it is looked at."""
        return iter(())

    def next_due(self, now: float) -> float | None:
        """See Unit."""
        self._catch_up()
        due: float | None = self.connection.execute(queries.NEXT_DUE, {"now": now}).scalar()
        return due

    # ---- the end

    def leave(self) -> None:
        """One piece of work has ended, the next one sees what it did. Overtaken when another unit was faster."""
        self._is_behind = True
        if self._has_new_names:  # what a path leads to must be looked up again
            self.flush()
            self._found.clear()
            self._by_path.clear()
            self._has_new_names = False

    def flush(self) -> None:
        """Write what was changed. Overtaken when another unit was faster."""
        for kept in self._found:
            now = kept.now()
            if now != kept.was:
                self._will_write()
                self._update(kept, now)
        for uuid, machine in self._strays.items():
            self._will_write()
            self.connection.execute(delete(tables.stray).where(tables.stray.c.uuid == searchable(uuid)))
            if machine is not None:
                self.connection.execute(queries.INSERTS[tables.stray], stray_columns(machine))
        self._strays.clear()
        for table, rows in self._history_rows.items():
            if rows:
                queries.APPEND[table].many(self.connection, rows)
                rows.clear()
        self._is_behind = False

    def _catch_up(self) -> None:
        """Write what earlier pieces of work have changed, for a query that must find it."""
        if self._is_behind:
            self.flush()

    def _will_write(self) -> None:
        if not self._writable:
            raise NeedsWriting
        self.has_written = True

    def _update(self, kept: Kept, now: dict[str, Any]) -> None:
        guard = kept.guard
        kept.guard = guard + 1 if isinstance(kept.record, Host) else now["version"]
        new = {f"new_{name}": value for name, value in now.items()}
        bound = {**new, **self._found.address(kept.record), "guard": guard, "new_revision": kept.guard}
        if queries.UPDATES[type(kept.record)].count(self.connection, bound) != 1:
            raise Overtaken
        kept.was = now
        if isinstance(kept.record, Host):
            self._write_history(kept, kept.record)

    def _write_history(self, kept: Kept, host: Host) -> None:
        history, ended, address = host.chronicle(), kept.open_change, self._found.address(host)
        organization = address["of_organization"]
        if ended is not None and ended.task.status != OPEN:
            task = ended.task
            bound = {"of_number": ended.order, "outcome": task.status, "reason": task.error}
            queries.CLOSE_CHANGE.count(self.connection, address | bound)
        if history.changes:
            rows = [change_columns(organization, kept.key, change) for change in history.changes]
            self._append(tables.change, address, rows, history.next_order)
        if history.audit:
            rows = audit_columns(organization, kept.key, history)
            self._append(tables.audit, address, rows, history.next_entry)
        pending = host.instance.pending if host.instance else None
        kept.open_change = pending.change if pending else None
        history.changes.clear()
        history.audit.clear()

    def _append(self, table: Table, address: dict[str, int], rows: list[dict[str, Any]], following: int) -> None:
        self._history_rows[table] += rows
        if following % TRIM < len(rows):
            past = table.c.number < following - History.LIMIT
            self.connection.execute(delete(table).where(queries.of_host(table), past), address)

    def _newest(self, table: Table, host: Host, following: int) -> Iterable[Row[Any]]:
        """The rows of a history that count, oldest first, with those of this unit."""
        self.flush()
        rows = select(table).where(queries.of_host(table), table.c.number >= following - History.LIMIT)
        return self.connection.execute(rows.order_by(table.c.number), self._found.address(host))
