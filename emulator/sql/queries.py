"""The statements of the SQL store, built once; those that run with each request are prepared.

Whatever is about one organization names it by its key, so that a partitioned database looks at one partition.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam, delete, func, insert, select, update

from emulator.records import Environment, Host, Organization
from emulator.sql import tables
from emulator.sql.prepared import Prepared

ORGANIZATIONS, ENVIRONMENTS, HOSTS = select(tables.organization), select(tables.environment), select(tables.host)
WITH_ALL = (
    select(
        tables.host,
        *(
            column.label(f"environment_{column.name}")
            for column in tables.environment.c
            if column.name not in ("id", "organization_id")
        ),
        *(column.label(f"organization_{column.name}") for column in tables.organization.c if column.name != "id"),
    )
    .join(
        tables.environment,
        and_(
            tables.host.c.organization_id == tables.environment.c.organization_id,
            tables.host.c.environment_id == tables.environment.c.id,
        ),
    )
    .join(tables.organization, tables.environment.c.organization_id == tables.organization.c.id)
    .where(tables.host.c.organization_id == bindparam("of_organization"))
)
"""The hosts of an organization, each with the columns of its own, of its environment and of the organization."""

_BY_NAMES = WITH_ALL.where(
    tables.organization.c.name == bindparam("organization"),
    tables.environment.c.name == bindparam("environment"),
    tables.host.c.name == bindparam("host"),
)
BY_NAMES, BY_NAMES_LOCKED = Prepared(_BY_NAMES), Prepared(_BY_NAMES.with_for_update(of=tables.host))
BY_KEY = Prepared(WITH_ALL.where(tables.host.c.id == bindparam("of_row")))
KEY_OF_ORGANIZATION = Prepared(
    select(tables.organization.c.id).where(tables.organization.c.name == bindparam("organization"))
)
HOLDER = Prepared(
    select(tables.holder.c.organization_id, tables.holder.c.host_id).where(tables.holder.c.uuid == bindparam("uuid"))
)
HOLD = Prepared(insert(tables.holder))
RELEASE = Prepared(
    delete(tables.holder).where(
        tables.holder.c.uuid == bindparam("of_uuid"), tables.holder.c.host_id == bindparam("of_row")
    )
)


def of_host(table: Table) -> ColumnElement[bool]:
    """The rows of a history that are of one host."""
    return and_(table.c.organization_id == bindparam("of_organization"), table.c.host_id == bindparam("of_row"))


NEXT_DUE = select(func.min(tables.host.c.due)).where(tables.host.c.due > bindparam("now"))


def _conditional_update(table: Table, guard: str) -> Prepared:
    """An update of a whole row, which holds only where the guard has not moved since it was read."""
    fixed = {"id", "organization_id", "environment_id"}
    values: Any = {column.name: bindparam(f"new_{column.name}") for column in table.c if column.name not in fixed}
    organization = table.c.id if table is tables.organization else table.c.organization_id
    is_there = (
        organization == bindparam("of_organization"),
        table.c.id == bindparam("of_row"),
        table.c[guard] == bindparam("guard"),
    )
    return Prepared(update(table).where(*is_there).values(values))


UPDATES = {
    Organization: _conditional_update(tables.organization, "version"),
    Environment: _conditional_update(tables.environment, "version"),
    Host: _conditional_update(tables.host, "revision"),
}
INSERTS = {table: insert(table) for table in (tables.organization, tables.environment, tables.host, tables.stray)}
APPEND = {table: Prepared(insert(table)) for table in (tables.change, tables.audit)}
CLOSE_CHANGE = Prepared(
    update(tables.change)
    .where(of_host(tables.change), tables.change.c.number == bindparam("of_number"))
    .values(status=bindparam("outcome"), error=bindparam("reason"))
)
