"""Servers that are each wrong in one way, with the requirements that must go red for each of them."""

from tests.faulty_servers import (
    access,
    answering,
    asking,
    declining,
    exactness,
    guarding,
    interrupting,
    keeping,
    lasting,
    leading,
    lenient,
    locking,
    misled,
    naming,
    neighbours,
    phrasing,
    racing,
    refusing,
    remembering,
    robust,
    showing,
    speaking,
    taking,
    wandering,
)
from tests.faulty_servers.faults import FAULTS, Fault

MODULES = (
    leading,
    wandering,
    interrupting,
    refusing,
    locking,
    remembering,
    answering,
    speaking,
    asking,
    misled,
    taking,
    lenient,
    declining,
    keeping,
    lasting,
    neighbours,
    showing,
    exactness,
    naming,
    access,
    phrasing,
    guarding,
    robust,
    racing,
)
"""The modules with faults; each registers its own when it is imported."""

__all__ = ["FAULTS", "MODULES", "Fault"]
