"""What SQLite and PostgreSQL do in their own ways: connections, transactions, and what their errors mean."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, Table, bindparam, create_engine, event, make_url, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InterfaceError,
    InternalError,
    NoSuchModuleError,
    OperationalError,
    TimeoutError,  # noqa: A004 - of the pool
)

from emulator.errors import InDoubt, StartError, Unavailable
from emulator.sql import tables
from emulator.sql.prepared import Prepared

CONNECTIONS = 8
"""Kept open: as many as the server has threads; more are opened for a while where they are needed."""

CACHE = 65_536
"""KiB of a database of SQLite that a connection may hold: indexes of a large platform are written at random places."""

PATIENCE = 5
"""Seconds to wait for a lock, or for a connection."""

DOUBT = 3.0
"""Seconds to find out whether a commit took place whose answer was lost."""

ALONE = 0x68797065
"""The number of the lock of PostgreSQL that those take who want to be alone."""


PARTITIONS = "partitions"
"""The word of a URL that says how many partitions each large table of a new database shall have."""

MOST_PARTITIONS = 1024

MARK = "emulator.mark"

_MARK = insert(tables.mark).values(slot=bindparam("of_slot"), token=bindparam("new_token"))
_SET_MARK = Prepared(_MARK.on_conflict_do_update(index_elements=["slot"], set_={"token": _MARK.excluded.token}))
_FIND_MARK = _MARK.on_conflict_do_update(index_elements=["slot"], set_={"slot": _MARK.excluded.slot}).returning(
    tables.mark.c.token
)
"""Waits for whoever is writing that row, since it would write it, too."""

_BEGIN, _BEGIN_WRITING = Prepared(text("BEGIN")), Prepared(text("BEGIN IMMEDIATE"))


class Dialect(Protocol):
    """How one kind of database is used. `gathers`: writes that wait together are one transaction.

    `partitions`: how many each large table shall have in a new database; 0 means that it is in one piece.
    """

    engine: Engine
    gathers: bool
    partitions: int

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that writes nothing."""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is committed at the end, for good; InDoubt when nobody can say whether it was."""

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A transaction beside which no other of this kind runs."""

    def mark(self, connection: Connection) -> None:
        """Make this transaction one that can be found again, should the answer to its commit be lost."""

    def insert(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write many rows of one shape, as fast as this database can."""

    def is_passing(self, error: DBAPIError, /) -> bool:
        """Whether the same work may succeed at once, since nothing was done: a deadlock, a connection that was cut."""


class Sqlite:
    """A file of SQLite. What was committed is on the disk: write-ahead log, synchronous=FULL."""

    gathers = True
    partitions = 0

    def __init__(self, url: URL) -> None:
        arguments = {} if "timeout" in url.query else {"timeout": PATIENCE}
        self.engine = create_engine(url, pool_size=CONNECTIONS, pool_timeout=PATIENCE, connect_args=arguments)
        event.listen(self.engine, "connect", self._prepare)

    @staticmethod
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions begin and end where they are told to, below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"cache_size={-CACHE}"):
            connection.execute(f"PRAGMA {pragma}")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See Dialect."""
        with self.engine.connect() as connection:
            _BEGIN.count(connection)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """See Dialect."""
        with self.engine.connect() as connection:
            connection.begin()
            _BEGIN_WRITING.count(connection)
            yield connection
            connection.commit()

    alone = writing

    def mark(self, connection: Connection) -> None:
        """See Dialect: a commit in this process is answered."""

    def insert(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """See Dialect."""
        connection.execute(table.insert(), rows)

    def is_passing(self, _: DBAPIError) -> bool:
        """See Dialect: where one writes at a time, nothing is."""
        return False


class Postgresql:
    """A database of PostgreSQL, which may restart, or go away, at any time."""

    gathers = False

    def __init__(self, url: URL) -> None:
        arguments = {} if "connect_timeout" in url.query else {"connect_timeout": PATIENCE}
        self._slots = threading.local()
        self.partitions = _partitions(url)
        url = url.difference_update_query([PARTITIONS])
        self.engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=CONNECTIONS,
            pool_timeout=PATIENCE,
            connect_args=arguments,
        )
        self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See Dialect. Each statement sees what is there then, in a transaction or not: none is begun."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """See Dialect."""
        with self.engine.connect() as connection:
            connection.begin()
            connection.info.pop(MARK, None)
            yield connection
            token = connection.info.get(MARK)
            try:
                connection.commit()
            except DBAPIError as error:
                if token is None or not self._was_committed(token, error):
                    raise

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """See Dialect."""
        with self.writing() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ALONE})")
            yield connection

    def mark(self, connection: Connection) -> None:
        """See Dialect: the last transaction of each thread has a token in the row of that thread.

        The number of a transaction would not do: after a crash PostgreSQL may give it to another one.
        """
        connection.info[MARK] = token = uuid4().hex
        _SET_MARK.count(connection, {"of_slot": self._slot(), "new_token": token})

    def insert(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """See Dialect: COPY takes a fifth of the time of INSERT."""
        names = list(rows[0])
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])

    def is_passing(self, error: DBAPIError) -> bool:
        """See Dialect."""
        return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in ("40001", "40P01")

    def _slot(self) -> str:
        if not hasattr(self._slots, "name"):
            self._slots.name = uuid4().hex
        name: str = self._slots.name
        return name

    def _was_committed(self, token: str, lost: DBAPIError) -> bool:
        """What became of a transaction whose commit was not answered. Where it is still on its way, this waits."""
        until = time.monotonic() + DOUBT
        while time.monotonic() < until:
            try:
                with self.engine.connect() as connection:
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{DOUBT}s'")
                    found = connection.execute(_FIND_MARK, {"of_slot": self._slot(), "new_token": ""}).scalar()
                    connection.commit()
                    return bool(found == token)
            except DBAPIError:
                time.sleep(0.05)  # it comes back, or it does not
        raise InDoubt("the database has not said whether it has committed, and is gone") from lost


def _partitions(url: URL) -> int:
    wanted = url.query.get(PARTITIONS, "0")
    if isinstance(wanted, str) and wanted.isascii() and wanted.isdigit() and int(wanted) <= MOST_PARTITIONS:
        return int(wanted)
    raise StartError(f"--store ...?{PARTITIONS}={wanted}: expected a number up to {MOST_PARTITIONS}")


def explained(error: Exception) -> Exception:
    """What to tell a client of an error: that the database cannot now, or the error, where it is one of ours."""
    if isinstance(error, TimeoutError):
        return Unavailable(f"all connections to the database have been in use for {PATIENCE} s; come again")
    kinds = (OperationalError, InterfaceError, InternalError)
    if isinstance(error, kinds) or type(error) is DatabaseError:
        return Unavailable(f"the database cannot serve this now ({_reason(error)}); come again")
    return error


def _reason(error: DBAPIError) -> str:
    """The first line of what the driver says."""
    return str(error.orig).strip().partition("\n")[0].removesuffix(".")


KINDS: Mapping[str, Callable[[URL], Dialect]] = {"sqlite": Sqlite, "postgresql": Postgresql}


def dialect_of(address: str) -> Dialect:
    """The database that `--store` names. StartError when it names none, or when its driver is missing."""
    try:
        url = make_url(address)
        kind = KINDS[url.drivername]
    except (ArgumentError, KeyError):
        raise StartError(f"--store {address.partition('@')[2] or address}: expected {EXPECTED}") from None
    if kind is Sqlite and url.database in (None, "", ":memory:"):
        raise StartError(f"--store {address}: a file is missing; expected {EXPECTED}")
    try:
        return kind(url)
    except (ImportError, NoSuchModuleError):
        raise StartError(
            "--store postgresql: the driver is missing; pip install 'hypervisor-emulator[postgresql]'"
        ) from None


EXPECTED = "memory, sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
