"""Rows of a query as a shelf of records, each fetched when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, func

from emulator.store import Shelf

Thing = TypeVar("Thing")


class ShelfOfRows(Shelf[Thing]):
    """The rows of a query that has the columns `id` and `name`, in the order of their making."""

    def __init__(self, connection: Connection, rows: Select[Any], record: Callable[[Row[Any]], Thing]) -> None:
        self._connection = connection
        self._rows = rows
        self._record = record
        self._columns = rows.selected_columns

    def __getitem__(self, name: str) -> Thing:
        there = self._rows.where(self._columns.name == name)
        row = (
            None if "\0" in name else self._connection.execute(there).first()
        )  # which PostgreSQL would not even compare
        if row is None:
            raise KeyError(name)
        return self._record(row)

    def __iter__(self) -> Iterator[str]:
        names = self._rows.with_only_columns(self._columns.name).order_by(self._columns.id)
        return iter(self._connection.scalars(names).all())

    def __len__(self) -> int:
        counted = self._rows.with_only_columns(func.count(), maintain_column_froms=True)
        return int(self._connection.execute(counted).scalar_one())

    def part(self, offset: int, most: int) -> Iterator[Thing]:
        """See Listing."""
        rows = self._rows.order_by(self._columns.id).offset(offset).limit(most)
        return map(self._record, self._connection.execute(rows).all())
