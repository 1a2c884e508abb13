"""Statements that run with each request: SQLAlchemy writes their text, once for each dialect; the driver runs them.

Most of the time in which SQLAlchemy runs a small statement goes into what is the same each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, methodcaller
from typing import Any, TypeVar

from sqlalchemy import ClauseElement, Connection, Dialect
from sqlalchemy.exc import DBAPIError

Thing = TypeVar("Thing")
Values = Mapping[str, Any]

_first: Callable[[Any], Any] = methodcaller("fetchone")
_rowcount: Callable[[Any], int] = attrgetter("rowcount")


@dataclass(frozen=True, slots=True)
class _Form:
    """The text for one driver. `names` in the order of its question marks; None where it takes values by name."""

    text: str
    names: tuple[str, ...] | None

    def values(self, values: Values) -> Any:
        return values if self.names is None else [values[name] for name in self.names]


class Prepared:
    """A statement with values and columns that a driver takes and gives as they are: numbers, texts, NULL.

    Rows are tuples, in the order of the columns. What goes wrong is the DBAPIError that SQLAlchemy would have raised.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def row(self, connection: Connection, values: Values | None = None) -> Any:
        """The first row, or None."""
        form = self._form(connection.dialect)
        return _run(connection, form.text, lambda cursor: _first(cursor.execute(form.text, form.values(values or {}))))

    def count(self, connection: Connection, values: Values | None = None) -> int:
        """Run it; how many rows it has written."""
        form = self._form(connection.dialect)
        return _run(
            connection, form.text, lambda cursor: _rowcount(cursor.execute(form.text, form.values(values or {})))
        )

    def many(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Run it once with each of these values."""
        if len(rows) == 1:  # psycopg would send it as a pipeline, which takes longer
            self.count(connection, rows[0])
            return
        form = self._form(connection.dialect)
        _run(connection, form.text, lambda cursor: cursor.executemany(form.text, [form.values(row) for row in rows]))

    def _form(self, dialect: Dialect) -> _Form:
        form = self._forms.get(dialect.name)
        if form is None:
            compiled: Any = self._statement.compile(dialect=dialect)
            names = tuple(compiled.positiontup or ()) if dialect.positional else None
            form = self._forms[dialect.name] = _Form(str(compiled), names)
        return form


def _run(connection: Connection, text: str, use: Callable[[Any], Thing]) -> Thing:
    """What a cursor of the driver gives."""
    pooled = connection.connection
    cursor = pooled.cursor()
    try:
        return use(cursor)
    except connection.dialect.dbapi.Error as error:  # type: ignore[union-attr] # an engine has loaded its driver
        raise _told(connection, text, error, cursor) from error


def _told(connection: Connection, text: str, error: Exception, cursor: Any) -> BaseException:
    """The error as SQLAlchemy tells it; a connection that is broken is not used again."""
    dialect: Any = connection.dialect
    is_broken = dialect.is_disconnect(error, connection.connection.driver_connection, cursor)
    if is_broken:
        connection.invalidate(error)
    return DBAPIError.instance(
        text, None, error, dialect.dbapi.Error, connection_invalidated=is_broken, dialect=dialect
    )
