"""What the command tells the processes of Locust, and what they tell it: both through the environment and a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract import Contract, load_contract
from contract_tests.running.target import Credentials, Level, Target, parse_host

PLAN, RESULT = "CONTRACT_LOAD_PLAN", "load.json"
"""The variable that holds the plan, and the file in the report's folder that holds what came of it."""

_SECRETS = ("user", "password", "app_key")


@dataclass(frozen=True, slots=True)
class Plan:
    """Which server is loaded, how far its users may go, and where the result goes."""

    target: Target
    contract: Contract
    folder: Path
    settle: float

    def environment(self, contract: Path | None) -> dict[str, str]:
        """The variables for Locust. The secrets have their own, as everywhere; they are not in the plan."""
        plan = {
            "url": self.target.url,
            "hosts": [str(host) for host in self.target.hosts],
            "level": self.target.level.name,
            "without": sorted(self.target.without),
            "contract": str(contract.resolve()) if contract else None,
            "folder": str(self.folder.resolve()),
            "settle": self.settle,
        }
        own = self.target.credentials
        secrets = {name: getattr(own, name) for name in _SECRETS}
        variables = {f"CONTRACT_{name.upper()}": value for name, value in secrets.items() if value is not None}
        return {**os.environ, **variables, PLAN: json.dumps(plan)}


def planned() -> Plan:
    """The plan of this process of Locust."""
    row: Mapping[str, Any] = json.loads(os.environ[PLAN])
    contract = load_contract(Path(row["contract"]) if row["contract"] else None)
    target = Target(
        url=row["url"],
        hosts=tuple(parse_host(text, contract) for text in row["hosts"]),
        credentials=Credentials(**{name: os.environ.get(f"CONTRACT_{name.upper()}") for name in _SECRETS}),
        level=Level[row["level"]],
        without=frozenset(row["without"]),
    )
    return Plan(target, contract, Path(row["folder"]), row["settle"])


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of a load. `rows` are those of load.json: requests, with percentiles, and broken rules."""

    seconds: float
    requests: Sequence[Mapping[str, Any]]
    broken: Sequence[Mapping[str, Any]]
    failures: Sequence[Mapping[str, Any]]


def figures(folder: Path) -> Figures:
    """What the processes of Locust have written. FileNotFoundError when they did not come to their end."""
    return Figures(**json.loads((folder / RESULT).read_text()))
