"""The SQL store: units of work as transactions, on SQLite or PostgreSQL.

SQLite: reads side by side; writes one after the other, those that wait together committed together (commits.py).
PostgreSQL: each unit a transaction of its own, run again when another was faster.
What the database cannot do now is Unavailable (503); what it may have done, and cannot say, is InDoubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from emulator.clock import Clock
from emulator.errors import Unavailable
from emulator.sql.clock import SharedClock
from emulator.sql.commits import Committer, Job
from emulator.sql.dialects import Dialect, explained
from emulator.sql.organizations import Organizations
from emulator.sql.unit import NeedsWriting, Overtaken, SqlUnit
from emulator.store import Unit

Thing = TypeVar("Thing")

ATTEMPTS = 100
"""How often work is run again because another unit was faster; each time one of the others has come through."""


class SqlStore:
    """A platform in a database; see emulator.store.Store."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._keys = Organizations()
        self._committer = Committer(self._commit) if dialect.gathers else None
        self.clock: Clock = SharedClock(self._look, self.alone)

    @property
    def address(self) -> str:
        """The address of the database, without its password."""
        url = self.dialect.engine.url
        return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """See Store."""
        with _told(), self.dialect.writing() as connection:
            unit = SqlUnit(connection, self._keys)
            yield unit
            unit.flush()
            self.dialect.mark(connection)

    def run(self, work: Callable[[Unit], Thing], *, writes: bool = True) -> Thing:
        """See Store. Unavailable when the database cannot, InDoubt when it cannot say whether it has."""
        job = Job(work)
        with _told():
            if writes or not self._read(job):
                if self._committer:
                    self._committer.run(job)
                else:
                    self._write(job)
            answer: Thing = job.result()
            return answer

    def alone(self, work: Callable[[Connection], Thing]) -> Thing:
        """What the work answers, in a transaction beside which no other of its kind runs."""
        with _told(), self.dialect.alone() as connection:
            answer = work(connection)
            self.dialect.mark(connection)
            return answer

    def let_go(self) -> None:
        """Forget all connections without closing them: after a fork they are those of the parent."""
        self.dialect.engine.dispose(close=False)

    def close(self) -> None:
        """Close all connections."""
        self.dialect.engine.dispose()

    def _look(self, work: Callable[[Connection], Thing]) -> Thing:
        with _told():
            return self._reading(work)

    def _reading(self, work: Callable[[Connection], Thing]) -> Thing:
        for _ in range(ATTEMPTS):
            try:
                with self.dialect.reading() as connection:
                    return work(connection)
            except DBAPIError as error:
                if not self.dialect.is_passing(error):
                    raise
        raise Unavailable("the connection to the database breaks again and again; come again")

    def _read(self, job: Job) -> bool:
        """Whether the job could be done without writing anything."""

        def attempt(connection: Connection) -> None:
            unit = SqlUnit(connection, self._keys, writable=False)
            job.attempt(unit)
            unit.flush()

        try:
            self._reading(attempt)
        except NeedsWriting:
            return False
        return True

    def _write(self, job: Job) -> None:
        for attempt in range(ATTEMPTS):
            try:
                self._commit([job], locking=attempt > 0)
            except (Overtaken, IntegrityError):  # another unit was faster: a new look says what there is now
                continue
            except DBAPIError as error:
                if not self.dialect.is_passing(error):
                    raise
            else:
                return
        raise Unavailable(f"other requests were faster {ATTEMPTS} times; come again")

    def _commit(self, jobs: Sequence[Job], *, locking: bool = False) -> None:
        with self.dialect.writing() as connection:
            unit = SqlUnit(connection, self._keys, locking=locking)
            for job in jobs:
                job.attempt(unit)
                unit.leave()
            unit.flush()
            if unit.has_written:
                self.dialect.mark(connection)


@contextmanager
def _told() -> Iterator[None]:
    """Say in words of the API what the database says in its own."""
    try:
        yield
    except SQLAlchemyError as error:
        raise explained(error) from error
