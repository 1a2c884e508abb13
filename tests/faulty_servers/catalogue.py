"""Servers that are each wrong in one way, with the requirements that must go red for each of them."""

from tests.faulty_servers import answering, leading, refusing, showing
from tests.faulty_servers.faults import FAULTS, Fault

MODULES = (leading, refusing, answering, showing)
"""The modules with faults; each registers its own when it is imported."""

__all__ = ["FAULTS", "MODULES", "Fault"]
