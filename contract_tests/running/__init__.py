"""A run from its setting to its verdict: target, plan, session, record, and what is done around it."""
