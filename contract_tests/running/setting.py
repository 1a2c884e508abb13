"""What a run is told: the contract, the server, how much to do, how long to wait, where the report goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contract import Contract
from contract_tests.moving.waiter import Timeouts
from contract_tests.running.bench import Options
from contract_tests.running.target import Target


@dataclass(frozen=True, slots=True)
class Setting:
    """All of it, checked. The report is written into `folder`; `goes_on`: with the run there that broke off.

    `certification`: what the vendor says of the server, when the run is for a certificate.
    """

    contract: Contract
    target: Target
    options: Options
    timeouts: Timeouts
    folder: Path
    goes_on: bool = False
    certification: Mapping[str, str] | None = None
