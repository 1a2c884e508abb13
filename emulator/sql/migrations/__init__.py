"""Migrations of the tables, run by Alembic when an emulator starts."""
