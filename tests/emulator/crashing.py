"""Rounds of load in which something is killed: every answer is then compared with what is stored.

None lost: each action that was accepted is in the changes of its host. None invented: each change was asked for, by a
request that was accepted or whose answer was lost. And one order explains what all clients saw, the end included.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from contract import load_contract
from contract_tests.judging.linearizability import Call, Search, Verdict
from tests.emulator.conftest import ROOT
from tests.patience import PATIENCE

CONTRACT = load_contract()
AT_ONCE = replace(CONTRACT.lifecycle, edges=tuple(replace(edge, via=None) for edge in CONTRACT.lifecycle.edges))
"""The lifecycle with nothing on its way: every action takes effect at once."""

OPERATIONS = {
    one.trigger: one
    for one in CONTRACT.operations.values()
    if one.trigger in ("start", "pause", "resume", "shutdown", "off", "reboot") and one.alias_of is None
}
HOSTS = ("one", "two", "three", "four")
PLACE = "/organizations/Crash/environments/Test/hosts"
SEED = "organizations: [{{name: Crash, environments: [{{name: Test, hosts: [{hosts}]}}]}}]\n".format(
    hosts=", ".join(f"{{name: {name}, instance: {{state: RUNNING}}}}" for name in HOSTS)
)
CLIENTS, WORKERS = 6, 3


@dataclass
class Told:
    """What one client was told of one host: a call, and the operation that it meant."""

    host: str
    operation: str
    call: Call


@dataclass
class Tally:
    """What came of some rounds."""

    rounds: int = 0
    accepted: int = 0
    lost: int = 0
    put_off: int = 0
    wrong: list[str] = field(default_factory=list)


class Platform:
    """An emulator with some workers, as a process, and what kills a part of it."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.port = int(url.rpartition(":")[2])

    def ask(self, method: str, path: str) -> tuple[int | None, Any]:
        """The status of the answer and its content; None when no answer came, 0 when nothing could be sent."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.connect()
        except OSError:
            return 0, None
        try:
            connection.request(method, path)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException):
            return None, None
        finally:
            connection.close()
        return response.status, json.loads(content) if content else None

    def surely(self, method: str, path: str) -> Any:
        """What is answered, once it is answered well."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            status, content = self.ask(method, path)
            if status is not None and 200 <= status < 300:
                return content
        raise AssertionError(f"{method} {path} is not answered any more")

    def kill_a_worker(self, draw: random.Random) -> None:
        """Kill one of its workers, as they are now."""
        pid = self.process.pid
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if workers:
            with suppress(ProcessLookupError):
                os.kill(int(draw.choice(workers)), signal.SIGKILL)


@contextmanager
def platform(store: str) -> Iterator[Platform]:
    """An emulator with workers over this store, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        seed, ready = Path(folder) / "seed.yaml", Path(folder) / "ready.json"
        seed.write_text(SEED)
        command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--ready-file", str(ready)]
        options = ["--store", store, "--workers", str(WORKERS), "--seed", str(seed), "--log-format", "none"]
        process = subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + PATIENCE
            while not ready.exists():
                assert process.poll() is None, "the emulator has not started"
                assert time.monotonic() < until, "the emulator is not ready"
                time.sleep(0.01)
            yield Platform(process, json.loads(ready.read_text())["url"])
        finally:
            process.terminate()
            process.wait(PATIENCE)


def play(emulator: Platform, draw: random.Random, kill: Callable[[], None], tally: Tally) -> None:
    """One round: load, a kill at a drawn moment, a little more load, and the comparison."""
    before = {host: _state(emulator, host) for host in HOSTS}
    for host in HOSTS:
        emulator.surely("DELETE", f"{PLACE}/{host}/changes")
    told: list[Told] = []
    ends = threading.Event()
    clients = [
        threading.Thread(target=_work, args=(emulator, random.Random(draw.random()), ends, told))
        for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    try:
        ends.wait(draw.uniform(0.02, 0.2))
        kill()
        ends.wait(draw.uniform(0.02, 0.2))
    finally:
        ends.set()
        for client in clients:
            client.join()
    tally.rounds += 1
    tally.accepted += sum(one.call.is_accepted for one in told)
    tally.lost += sum(one.call.is_lost for one in told)
    tally.put_off += sum(one.call.status == 503 for one in told)
    for host in HOSTS:
        mine = [one for one in told if one.host == host]
        tally.wrong.extend(
            f"round {tally.rounds}, host {host}: {what}" for what in _judge(emulator, host, before[host], mine)
        )


def _work(emulator: Platform, draw: random.Random, ends: threading.Event, told: list[Told]) -> None:
    while not ends.is_set():
        host = draw.choice(HOSTS)
        trigger = draw.choice([*OPERATIONS, None])
        path = f"{PLACE}/{host}/instance"
        start = time.monotonic()
        if trigger is None:
            status, content = emulator.ask("GET", path)
            operation, seen = "getInstance", content["state"] if status == 200 else None
        else:
            operation, seen = OPERATIONS[trigger].id, None
            status, _ = emulator.ask("PUT", f"{path}/{OPERATIONS[trigger].path.rpartition('/')[2]}")
        if status != 0:
            told.append(Told(host, operation, Call(start, time.monotonic(), trigger, status, seen)))


def _state(emulator: Platform, host: str) -> str:
    return str(emulator.surely("GET", f"{PLACE}/{host}/instance")["state"])


def _judge(emulator: Platform, host: str, before: str, told: list[Told]) -> Iterator[str]:
    """What does not agree between what clients were told of a host and what is stored of it."""
    start = time.monotonic()
    after = _state(emulator, host)
    calls = [*(one.call for one in told), Call(start, time.monotonic(), None, 200, after, rests=True)]
    if Search(AT_ONCE, calls, lagging=False).explain(before).verdict is Verdict.NOT_EXPLAINED:
        yield f"no order explains what clients saw between {before} and {after}"
    changes = emulator.surely("GET", f"{PLACE}/{host}/changes")["items"]
    stored = Counter(change["key"].rpartition("-")[0] for change in changes)
    accepted = Counter(one.operation for one in told if one.call.is_accepted)
    perhaps = Counter(one.operation for one in told if one.call.is_lost)
    if missing := accepted - stored:
        yield f"accepted, and not stored: {dict(missing)}"
    if invented := stored - accepted - perhaps:
        yield f"stored, and never asked for: {dict(invented)}"
    numbers = [change["orderNum"] for change in changes]
    if numbers != sorted(set(numbers)):
        yield f"numbers of changes come twice or out of order: {numbers}"
    if open_ := [change["key"] for change in changes if change["tasks"][0]["status"] != "OK"]:
        yield f"half done: {open_}"
