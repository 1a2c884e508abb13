"""How long a test waits for what must come."""

PATIENCE = 600.0
"""Seconds. No test that passes comes near it, on however slow and busy a machine: only what hangs meets it."""
