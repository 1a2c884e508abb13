"""What the emulator is told at start, in one frozen record. Only the command line reads flags and environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from emulator.auth import User
from emulator.journal import CAPACITY

MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one emulator; the names are those of `hypervisor-emulator serve`.

    `users` None: whoever the seeds name, and an open server when they name nobody. `log_format` None: no access log.
    """

    host: str = "127.0.0.1"
    port: int = 8795
    contract: Path | None = None
    seeds: tuple[Path, ...] = field(default=())
    fleet: int = 0
    random_seed: int = 0
    store: str = MEMORY
    timing: str = "instant"
    clock: str = "real"
    trouble: tuple[str, ...] = field(default=())
    users: tuple[User, ...] | None = None
    base_path: str = ""
    log_format: str | None = None
    journal_bytes: int = CAPACITY
    control: bool = True
    control_token: str | None = None
