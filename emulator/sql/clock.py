"""The clock of a platform that several processes share: its row is read each time, so that all see it moved at once.

It follows the wall clocks of the machines, which must agree (NTP) as closely as the times of the platform shall.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection, bindparam, select, update

from emulator.clock import Clock, Course, Turn
from emulator.sql import tables
from emulator.sql.prepared import Prepared
from emulator.sql.unit import SqlUnit

Transaction = Callable[[Callable[[Connection], Course]], Course]
"""Runs a piece of work in a transaction that excludes all others, and answers what it answers."""

_COLUMNS = (tables.course.c.anchor, tables.course.c.reference, tables.course.c.rate)
_READ = Prepared(select(*_COLUMNS))
_WRITE = update(tables.course).values({column.name: bindparam(f"new_{column.name}") for column in _COLUMNS})


class SharedClock(Clock):
    """The clock in the row of a database; `read` and `write` run work there, the latter alone."""

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._reading = read
        self._writing = write
        self._known = Course(0.0, 0.0)

    def _tick(self) -> float:
        return time.time()

    def now_in(self, unit: object) -> float:
        """See Clock: in the transaction of the unit."""
        if not isinstance(unit, SqlUnit):
            return self.now()
        if unit.course is None:
            unit.course = self._known = _course(unit.connection)
        return unit.course.at(self._tick())

    def as_known(self) -> float:
        """See Clock: by what was read last."""
        return self._known.at(self._tick())

    def _read(self) -> Course:
        self._known = self._reading(_course)
        return self._known

    def _turn(self, turn: Turn) -> float:
        def turned(connection: Connection) -> Course:
            course = turn(_course(connection), self._tick())
            values = (course.anchor, course.reference, course.rate)
            connection.execute(
                _WRITE, {f"new_{column.name}": value for column, value in zip(_COLUMNS, values, strict=True)}
            )
            return course

        return self._writing(turned).at(self._tick())


def _course(connection: Connection) -> Course:
    anchor, reference, rate = _READ.row(connection)
    return Course(anchor, reference, rate)
