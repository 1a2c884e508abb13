"""Opens the database of a platform: brings its tables up to date, and fills it where it is empty.

Emulators that start together take turns; the first one plants, the others find what it has planted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Table, func, insert, select

from contract import Lifecycle
from emulator.clock import Course
from emulator.errors import StartError, Unavailable
from emulator.records import Host, Hypervisor
from emulator.sql import tables
from emulator.sql.dialects import Dialect, dialect_of
from emulator.sql.partitions import partition
from emulator.sql.rows import (
    audit_columns,
    change_columns,
    group_columns,
    holder_columns,
    host_columns,
    stray_columns,
)
from emulator.sql.store import SqlStore
from emulator.store import Unit

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a platform begins with, and in what all its emulators must agree.

    `portions` makes what is there at a time (seconds since the epoch), as units of stores in memory: organizations
    with all that is in them, and strays; so many at once as memory can hold.
    """

    random_seed: int
    hypervisors: Sequence[Hypervisor]
    lifecycle: Lifecycle
    portions: Callable[[float], Iterable[Unit]]


class Database:
    """A platform in a database. `course` is how the clock of a new one runs. StartError when it cannot be had."""

    def __init__(self, address: str, plan: Plan, course: Course) -> None:
        self._plan = plan
        self.store = SqlStore(dialect_of(address))
        with ExitStack() as stack:
            stack.callback(self.store.close)
            self.hypervisors = self._begun(course)
            stack.pop_all()  # it is refused no more

    def replant(self, course: Course) -> None:
        """Let go of all that is there and begin anew, in one step."""

        def begin(connection: Connection) -> None:
            for table in reversed(tables.metadata.sorted_tables):
                connection.execute(table.delete())
            _plant(connection, self.store.dialect, self._plan, course)

        self.store.alone(begin)

    def _begun(self, course: Course) -> Sequence[Hypervisor]:
        try:
            return self.store.alone(lambda connection: self._begin(connection, course))
        except Unavailable as error:
            raise StartError(f"--store {self.store.address}: {error.messages[0].partition('; ')[0]}") from None
        except CommandError as error:
            reason = f"another version of the emulator has made it ({error})"
            raise StartError(f"--store {self.store.address}: {reason}") from None

    def _begin(self, connection: Connection, course: Course) -> Sequence[Hypervisor]:
        _migrate(connection)
        if wanted := self.store.dialect.partitions:
            partition(connection, wanted)
        row = connection.execute(select(tables.platform)).first()
        if row is None:
            _plant(connection, self.store.dialect, self._plan, course)
            return self._plan.hypervisors
        _check(row, self._plan)
        return [Hypervisor(*pair) for pair in orjson.loads(row.hypervisors)]


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _check(row: Any, plan: Plan) -> None:
    if row.random_seed != plan.random_seed:
        raise StartError(
            f"--random-seed {plan.random_seed}: the platform in this database was begun with {row.random_seed}; "
            "give that, or another database"
        )
    missing = set(orjson.loads(row.lifecycle)) - {*_names(plan.lifecycle)}
    if missing:
        raise StartError(
            f"--contract: the lifecycle of the platform in this database has {', '.join(sorted(missing))}, too; "
            "give the contract that it was begun with, or another database"
        )


def _names(lifecycle: Lifecycle) -> Iterator[str]:
    yield from lifecycle.states
    yield from lifecycle.triggers


def _plant(connection: Connection, dialect: Dialect, plan: Plan, course: Course) -> None:
    row = {
        "id": 1,
        "random_seed": plan.random_seed,
        "hypervisors": orjson.dumps([(one.name, one.uuid) for one in plan.hypervisors]).decode(),
        "lifecycle": orjson.dumps(sorted({*_names(plan.lifecycle)})).decode(),
    }
    connection.execute(insert(tables.platform), row)
    connection.execute(
        insert(tables.course), {"id": 1, "rate": course.rate, "anchor": course.anchor, "reference": course.reference}
    )
    filler = _Filler(connection, dialect)
    for portion in plan.portions(course.anchor):
        filler.fill(portion)
    filler.close()


class _Filler:
    """Writes records of the memory store as rows, many at a time."""

    MANY = 5000

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        self._rows: Mapping[Table, list[Row]] = {
            table: [] for table in tables.metadata.sorted_tables if table not in (tables.platform, tables.course)
        }
        self._keys = dict.fromkeys((tables.organization, tables.environment, tables.host), 0)

    def fill(self, portion: Unit) -> None:
        """Write organizations with all that is in them, and strays."""
        self._rows[tables.stray].extend(stray_columns(machine) for machine in portion.strays())
        for organization in portion.organizations().values():
            above = self._add(tables.organization, group_columns(organization))
            for environment in organization.environments.values():
                key = self._add(tables.environment, group_columns(environment) | {"organization_id": above})
                for host in environment.hosts.values():
                    self._add_host(host, above, key)
                if len(self._rows[tables.host]) >= self.MANY:
                    self._write()
        self._write()

    def close(self) -> None:
        """Let the database go on numbering where this has ended."""
        if self._connection.dialect.name == "postgresql":
            for table, last in self._keys.items():
                if last:
                    sequence = func.pg_get_serial_sequence(table.name, "id")
                    self._connection.execute(select(func.setval(sequence, last)))

    def _add_host(self, host: Host, organization: int, environment: int) -> None:
        above = {"organization_id": organization, "environment_id": environment}
        key = self._add(tables.host, host_columns(host) | above | {"revision": 0})
        if host.instance and host.instance.uuid:
            self._rows[tables.holder].append(holder_columns(organization, key, host.instance.uuid))
        if history := host.history:
            self._rows[tables.change].extend(change_columns(organization, key, one) for one in history.changes)
            self._rows[tables.audit].extend(audit_columns(organization, key, history))

    def _add(self, table: Table, row: Row) -> int:
        self._keys[table] += 1
        self._rows[table].append(row | {"id": self._keys[table]})
        return self._keys[table]

    def _write(self) -> None:
        for table, rows in self._rows.items():
            if rows:
                self._dialect.insert(self._connection, table, rows)
                rows.clear()
