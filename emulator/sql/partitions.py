"""PostgreSQL: the tables of what is in organizations, partitioned by organization.

Every key and every foreign key of theirs begins with the organization; else they are the tables of any other database.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    Constraint,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from emulator.errors import StartError
from emulator.sql import tables

BY = "organization_id"
PARTITIONED = (tables.environment, tables.host, tables.change, tables.audit)

_COUNT = text("SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass('host')")
_ANY_ROW = text("SELECT EXISTS (SELECT FROM platform)")


def partition(connection: Connection, wanted: int) -> None:
    """Make the tables anew with so many partitions each, in a database that is still empty.

    StartError where a platform is there with another number of partitions; the same number is left as it is.
    """
    there: int = connection.execute(_COUNT).scalar_one()
    if there == wanted:
        return
    if there or connection.execute(_ANY_ROW).scalar_one():
        raise StartError(
            f"--store ...partitions={wanted}: the platform in this database has {there or 'no'} partitions; "
            "leave that out to go on with it, or give an empty database"
        )
    whole = MetaData()
    tables.organization.to_metadata(whole)
    anew = [_by_organization(table, whole) for table in PARTITIONED]
    tables.metadata.drop_all(connection, PARTITIONED)
    for table in anew:
        table.create(connection)
        for number in range(wanted):
            connection.exec_driver_sql(
                f"CREATE TABLE {table.name}_{number} PARTITION OF {table.name} "
                f"FOR VALUES WITH (MODULUS {wanted}, REMAINDER {number})"
            )


def _by_organization(table: Table, into: MetaData) -> Table:
    """The same table, with the organization in front of each of its keys."""
    columns = [
        Column(column.name, column.type, nullable=column.nullable, autoincrement=column.autoincrement)
        for column in table.columns
    ]
    keys = [_key(constraint) for constraint in table.constraints]
    indexes = [Index(one.name, *one.columns.keys(), **one.dialect_kwargs) for one in table.indexes]
    return Table(table.name, into, *columns, *keys, *indexes, postgresql_partition_by=f"HASH ({BY})")


def _key(constraint: Constraint) -> Constraint:
    match constraint:
        case ForeignKeyConstraint():
            above, names, there = constraint.referred_table, constraint.column_keys, ["id"]
            if above in PARTITIONED:
                names, there = [BY, *names], [BY, *there]
            return ForeignKeyConstraint(names, [f"{above.name}.{name}" for name in there], ondelete=constraint.ondelete)
        case UniqueConstraint():
            return UniqueConstraint(*_with_organization(constraint))
        case PrimaryKeyConstraint():
            return PrimaryKeyConstraint(*_with_organization(constraint))
    raise TypeError(constraint)


def _with_organization(constraint: PrimaryKeyConstraint | UniqueConstraint) -> list[str]:
    names = constraint.columns.keys()
    return names if BY in names else [BY, *names]
