"""The inventory around the instances: organizations, their environments and hosts, and the history of a host.

Contract: inventory.openapi.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emulator.call import UseCase
from emulator.inventory import history, use_cases
from emulator.inventory.use_cases import ENVIRONMENTS, HOSTS, ORGANIZATIONS, host_state

__all__ = ["DOCUMENT", "ENVIRONMENTS", "HOSTS", "ORGANIZATIONS", "USE_CASES", "host_state"]

DOCUMENT = Path(__file__).with_name("inventory.openapi.yaml")

USE_CASES: Mapping[str, UseCase] = {**use_cases.USE_CASES, **history.USE_CASES}
"""What an operation of inventory.openapi.yaml does."""
