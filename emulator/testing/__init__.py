"""The emulator inside a test: one real server in this process, and a world of its own for each test.

pytest has it as the fixture `hypervisor` (emulator.pytest_plugin); everybody else writes
`with running() as hypervisor:`.
"""

from __future__ import annotations

from emulator.testing.clock import SteeredClock
from emulator.testing.hypervisor import Hypervisor
from emulator.testing.local import EmulatorBroke, LocalServer, running, serving
from emulator.testing.mistakes import UsageError

__all__ = ["EmulatorBroke", "Hypervisor", "LocalServer", "SteeredClock", "UsageError", "running", "serving"]
