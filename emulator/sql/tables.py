"""The tables. What SQL asks for has a column of its own; the rest of an instance is one JSON text (emulator.sql.rows).

Whatever is in an organization says in which one (`organization_id`): a large database is partitioned by it
(emulator.sql.partitions). A change here is a new migration in emulator/sql/migrations/versions.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

KEY = BigInteger().with_variant(Integer, "sqlite")  # only an INTEGER numbers itself there

platform = Table(
    "platform",
    metadata,
    Column("id", Integer, primary_key=True),  # there is one
    Column("random_seed", BigInteger, nullable=False),
    Column("hypervisors", Text, nullable=False),
    Column("lifecycle", Text, nullable=False),
)

course = Table(
    "course",
    metadata,
    Column("id", Integer, primary_key=True),  # there is one; not in `platform`, which may be megabytes long
    Column("rate", Double, nullable=False),
    Column("anchor", Double, nullable=False),
    Column("reference", Double, nullable=False),
)

organization = Table(
    "organization",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("version", BigInteger, nullable=False),
    Column("details", Text),
)

environment = Table(
    "environment",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=True),
    Column("organization_id", KEY, ForeignKey("organization.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("details", Text),
    UniqueConstraint("organization_id", "name"),
)

host = Table(
    "host",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=True),
    Column("organization_id", KEY, nullable=False),
    Column("environment_id", KEY, ForeignKey("environment.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("details", Text),
    Column("machines", BigInteger, nullable=False),
    Column("next_order", BigInteger, nullable=False),
    Column("next_entry", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("due", Double),
    Column("instance", Text),
    UniqueConstraint("environment_id", "name"),
    Index("host_due", "due", sqlite_where=text("due IS NOT NULL"), postgresql_where=text("due IS NOT NULL")),
)

change = Table(
    "change",
    metadata,
    Column("organization_id", KEY, nullable=False),
    Column("host_id", KEY, ForeignKey("host.id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("key", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("error", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("organization_id", KEY, nullable=False),
    Column("host_id", KEY, ForeignKey("host.id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("at", Double, nullable=False),
    Column("message", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("full_name", Text, nullable=False),
)

mark = Table(
    "mark",
    metadata,
    Column("slot", Text, primary_key=True),
    Column("token", Text, nullable=False),
)

holder = Table(  # which host's instance is the machine with this identity: one on the whole platform
    "holder",
    metadata,
    Column("uuid", Text, primary_key=True),
    Column("organization_id", KEY, nullable=False),
    Column("host_id", KEY, nullable=False),
    sqlite_with_rowid=False,
)

stray = Table(
    "stray",
    metadata,
    Column("uuid", Text, primary_key=True),
    Column("machine", Text, nullable=False),
)
