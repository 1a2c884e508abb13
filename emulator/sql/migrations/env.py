"""What Alembic runs: the migrations, on the connection of the emulator that starts."""

from __future__ import annotations

from alembic import context

from emulator.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
