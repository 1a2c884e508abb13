"""What a host and a request cost, as slopes: on each store, and in PostgreSQL's own processes at several sizes."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from benchmarks.contestants import ROOT, SQLITE, Ask, Contestant, emulator
from benchmarks.measuring import ALL_CPUS, Running, cpu_seconds, running
from tests.postgresql import Postgresql, postgresql

SIZES = (10_000, 100_000, 1_000_000)
PARTITIONS = 16
PATHS = 2000
"""Instances that are asked in turn: so many that no two requests meet at one of them."""

ROUNDS, USERS, WORKERS = 3, 8, (1, 2)
KINDS: Mapping[str, tuple[str, str]] = {"read": ("GET", ""), "action": ("PUT", "/_reboot")}

_TABLES = ("organization", "environment", "host", "holder", "change", "audit")
_INSTANCES = """SELECT o.name, e.name, h.name FROM host h
    JOIN environment e ON e.organization_id = h.organization_id AND e.id = h.environment_id
    JOIN organization o ON o.id = h.organization_id
    WHERE h.instance LIKE '%"state":"RUNNING"%' ORDER BY hashint8(h.id) LIMIT """

Cost = dict[str, float]
Row = dict[str, Any]


def capacity(seconds: float) -> Row:
    """All slopes; each load is so many seconds long, and the median of some rounds counts."""
    with postgresql() as server:
        sizes = [_size(server, hosts, seconds) for hosts in SIZES]
        partitioned = _size(server, SIZES[1], seconds, PARTITIONS)
        names = sizes[0].pop("names")
        for one in (*sizes, partitioned):
            one.pop("names", None)
        return {
            "cpus": os.cpu_count(),
            "seconds": seconds,
            "stores": {
                "memory": _alone((), names, seconds),
                "SQLite": _alone(("--store", SQLITE), names, seconds),
            },
            "sizes": sizes,
            "partitioned": partitioned,
            "workers": [_workers(server, count, names, seconds) for count in WORKERS],
            "load": _load(names, seconds),
        }


def _size(server: Postgresql, hosts: int, seconds: float, partitions: int = 0) -> Row:
    """A platform of so many hosts in PostgreSQL: how it was planted, what it takes, and what requests cost."""
    address = server.database()
    began = time.monotonic()
    with running(_contestant("--store", f"{address}?partitions={partitions}", hosts=hosts)) as one:
        found: Row = {"hosts": hosts, "partitions": partitions, "planting": time.monotonic() - began}
        with psycopg.connect(address, autocommit=True) as database:
            found["bytes"] = {table: _bytes(database, table) for table in _TABLES}
            found["instances"] = _one(database, "SELECT count(*) FROM holder")
            found["names"] = database.execute(f"{_INSTANCES} {PATHS}".encode()).fetchall()
            database.execute("VACUUM ANALYZE")  # as it would be by itself, some time later
            found["read"] = _cost(one, "read", found["names"], seconds, server)
            before = _written(database)
            found["action"] = _cost(one, "action", found["names"], seconds, server)
            count = found["action"].pop("count")
            found["read"].pop("count")
            history, log = (after - then for after, then in zip(_written(database), before, strict=True))
            found["action"] |= {"history": history / count, "log": log / count}
    print(f"capacity: { ({name: value for name, value in found.items() if name != 'names'}) }", flush=True)
    return found


def _alone(options: Sequence[str], names: Sequence[Sequence[str]], seconds: float) -> Row:
    """What requests cost where no other process keeps the platform."""
    with running(_contestant(*options, hosts=SIZES[0])) as one:
        return {kind: _cost(one, kind, names, seconds)["emulator"] for kind in KINDS}


def _workers(server: Postgresql, count: int, names: Sequence[Sequence[str]], seconds: float) -> Row:
    """What so many processes answer over one PostgreSQL, which is on the same CPUs, as is the load."""
    contestant = _contestant("--workers", str(count), "--store", server.database(), hosts=SIZES[0])
    with running(contestant, cpus=ALL_CPUS) as one:
        return {"workers": count} | {kind: _cost(one, kind, names, seconds, server) for kind in KINDS}


def _cost(
    one: Running, kind: str, names: Sequence[Sequence[str]], seconds: float, server: Postgresql | None = None
) -> Cost:
    """CPU microseconds a request, of the emulator and of the database; requests a second; how many there were."""
    method, tail = KINDS[kind]
    asks = [Ask(method, f"{_path(each)}{tail}") for each in names]
    one.load(seconds / 4, asks)
    rounds: list[Cost] = []
    for _ in range(ROUNDS):
        before = cpu_seconds(server.pid) if server else 0.0
        count, used = one.load(seconds, asks)
        beside = cpu_seconds(server.pid) - before if server else 0.0
        cost = {"emulator": used / count * 1e6, "database": beside / count * 1e6, "rate": count / seconds}
        rounds.append(cost | {"count": count})
    medians = {name: statistics.median(cost[name] for cost in rounds) for name in ("emulator", "database", "rate")}
    return medians | {"count": sum(cost["count"] for cost in rounds)}


def _load(names: Sequence[Sequence[str]], seconds: float) -> Row:
    """What it costs to ask and to judge: CPU microseconds an answer of `contract-tests load`, with Locust."""
    with running(_contestant(hosts=SIZES[0])) as one, tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "contract_tests", "load", f"http://127.0.0.1:{one.port}"]
        hosts = [word for each in names[:USERS] for word in ("--host", "/".join(each))]
        options = ["--users", str(USERS), "--duration", str(round(max(seconds * 5, 10))), "--report-dir", folder]
        before = os.times()
        subprocess.run([*command, *hosts, *options], cwd=ROOT, check=True, capture_output=True)
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        shown = json.loads((Path(folder) / "load.json").read_text())
    return {"cost": used / sum(each["count"] for each in shown["requests"]) * 1e6, "users": USERS}


def _contestant(*options: str, hosts: int) -> Contestant:
    return Contestant("emulator", emulator(*options, "--fleet", str(hosts)))


def _path(names: Sequence[str]) -> str:
    organization, environment, host = (quote(name, safe="") for name in names)
    return f"/organizations/{organization}/environments/{environment}/hosts/{host}/instance"


def _one(database: psycopg.Connection[Any], query: str, *parameters: str) -> int:
    row = database.execute(query.encode(), parameters or None).fetchone()
    return int(row[0]) if row else 0


def _bytes(database: psycopg.Connection[Any], table: str) -> int:
    """Of a table with its indexes and all its partitions."""
    sizes = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname ~ %s"
    return _one(database, sizes, rf"^{table}(_\d+)?$")


def _written(database: psycopg.Connection[Any]) -> tuple[int, int]:
    """Bytes of all histories, and bytes that the log of the database has ever taken."""
    log = _one(database, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
    return _bytes(database, "change") + _bytes(database, "audit"), log
