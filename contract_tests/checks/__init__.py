"""The checks, a module for each kind, with what only they need."""
