"""What a large platform needs, worked out from the slopes of benchmarks.capacity; nothing is measured here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, log10
from typing import Any

from emulator.records import History

HOUR, MIB, GIB = 3600, 2**20, 2**30


@dataclass(frozen=True, slots=True)
class Target:
    """So many hosts, and requests a second, one in `one_action_in` of them an action.

    Servers have so many cores, and are busy for that part of the time.
    """

    hosts: int = 100_000_000
    requests: int = 100_000
    one_action_in: int = 10
    cores: int = 32
    busy: float = 0.5


@dataclass(frozen=True, slots=True)
class Needs:
    """CPU microseconds a request of that mix, and cores, servers, bytes and hours for all of them."""

    emulator: float
    database: float
    emulator_cores: float
    database_cores: float
    load_cores: float
    emulator_servers: int
    database_servers: int
    hosts_a_server: float
    commits_a_server: float
    log_mib: float
    bytes_a_host: float
    tables_gib: float
    history_kib: float
    planting_hours: float


def needs(found: Mapping[str, Any], target: Target) -> Needs:
    """The needs of the target, by the costs at the largest size measured, grown as they have grown up to there."""
    largest = found["sizes"][-1]
    emulator, database = (_mixed(found, target, of) for of in ("emulator", "database"))
    emulator_cores, database_cores = (target.requests * cost / 1e6 for cost in (emulator, database))
    servers = ceil(database_cores / (target.cores * target.busy))
    actions = target.requests / target.one_action_in
    size = sum(largest["bytes"].values()) / largest["hosts"]
    return Needs(
        emulator=emulator,
        database=database,
        emulator_cores=emulator_cores,
        database_cores=database_cores,
        load_cores=target.requests * found["load"]["cost"] / 1e6,
        emulator_servers=ceil(emulator_cores / (target.cores * target.busy)),
        database_servers=servers,
        hosts_a_server=target.hosts / servers,
        commits_a_server=actions / servers,
        log_mib=actions * largest["action"]["log"] / MIB,
        bytes_a_host=size,
        tables_gib=target.hosts * size / GIB,
        history_kib=History.LIMIT * largest["action"]["history"] / 1024,
        planting_hours=target.hosts / (largest["hosts"] / largest["planting"]) / HOUR,
    )


def growth(found: Mapping[str, Any], kind: str, of: str) -> float:
    """How many times as much a request costs on ten times as many hosts; never less than 1."""
    small, large = found["sizes"][0], found["sizes"][-1]
    tenfolds = log10(large["hosts"] / small["hosts"])
    return float(max(1.0, (large[kind][of] / small[kind][of]) ** (1 / tenfolds)))


def _mixed(found: Mapping[str, Any], target: Target, of: str) -> float:
    largest = found["sizes"][-1]
    tenfolds = log10(target.hosts / largest["hosts"])
    read, action = (largest[kind][of] * growth(found, kind, of) ** tenfolds for kind in ("read", "action"))
    return float((read * (target.one_action_in - 1) + action) / target.one_action_in)
