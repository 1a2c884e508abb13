"""The clock has a table of its own: it is read with each request, and the list of hypervisors may be megabytes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_course"
down_revision = "0001_by_organization"
branch_labels = None
depends_on = None

COLUMNS = ("rate", "anchor", "reference")


def upgrade() -> None:
    """Go there."""
    op.create_table(
        "course",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=False) for name in COLUMNS),
        sa.PrimaryKeyConstraint("id"),
    )
    platform = sa.table("platform", sa.column("id"), *(sa.column(f"clock_{name}") for name in COLUMNS))
    course = sa.table("course", sa.column("id"), *(sa.column(name) for name in COLUMNS))
    op.execute(course.insert().from_select(["id", *COLUMNS], sa.select(platform)))
    for name in COLUMNS:
        op.drop_column("platform", f"clock_{name}")
