"""Starts a contestant on one CPU, loads it from another, and reads from the kernel what its processes have used."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks.contestants import ROOT, Ask, Contestant
from tests.postgresql import Postgresql

SERVER_CPU, LOAD_CPU, ALL_CPUS = "0", "1", "0,1"
CONNECTIONS = 8
PATIENCE = 180.0
TICKS = os.sysconf("SC_CLK_TCK")


class Broken(Exception):
    """A contestant that does not start, or does not answer as it should."""


class Running:
    """A contestant that serves."""

    def __init__(self, contestant: Contestant, port: int, process: subprocess.Popen[bytes]) -> None:
        self.contestant = contestant
        self.port = port
        self.process = process

    def cpu_seconds(self) -> float:
        """What all its processes have used, those that have ended included."""
        return cpu_seconds(self.process.pid)

    def memory(self) -> int:
        """Bytes that all its processes hold."""
        page = os.sysconf("SC_PAGE_SIZE")
        return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in _tree(self.process.pid)) * page

    def ask(self, ask: Ask) -> int:
        """The status of one answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(ask.method, ask.path, ask.body or None, dict(ask.headers))
            return connection.getresponse().status
        finally:
            connection.close()

    def load(self, seconds: float, asks: Sequence[Ask] = ()) -> tuple[int, float]:
        """Requests that were answered in so many seconds, and the CPU seconds for them.

        So many connections send `asks` in turn, or what the contestant is asked.
        """
        before = self.cpu_seconds()
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(_script(asks or [self.contestant.ask]))
            script.flush()
            command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", script.name]
            shown = subprocess.run(
                ["taskset", "-c", LOAD_CPU, *command, f"http://127.0.0.1:{self.port}"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        used = self.cpu_seconds() - before
        count = re.search(r"(\d+) requests in", shown)
        if not count or "Non-2xx" in shown or not int(count[1]):
            raise Broken(f"{self.contestant.name}: not all answers are good:\n{shown}")
        return int(count[1]), used


@contextmanager
def running(contestant: Contestant, database: Postgresql | None = None, cpus: str = SERVER_CPU) -> Iterator[Running]:
    """The contestant, from its first good answer until the block ends."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        contestant.prepare(Path(folder))
        port = _free_port()
        values = {"port": port, "folder": folder, "postgresql": database.database() if database else ""}
        command = [word.format(**values) for word in contestant.command]
        process = subprocess.Popen(
            ["taskset", "-c", cpus, *command],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        stack.callback(_end, process)
        server = Running(contestant, port, process)
        until = time.monotonic() + PATIENCE
        while not _answers(server):
            if process.poll() is not None or time.monotonic() > until:
                raise Broken(f"{contestant.name} does not serve: {' '.join(command)}")
            time.sleep(0.002)
        if contestant.before is not None:
            server.ask(contestant.before)
        yield server


def start_seconds(contestant: Contestant) -> float:
    """Seconds from the start of the process to its first good answer."""
    began = time.perf_counter()
    with running(contestant):
        return time.perf_counter() - began


def missing() -> list[str]:
    """The programs that a measurement needs and that are not here."""
    return [name for name in ("wrk", "taskset") if shutil.which(name) is None]


def _answers(server: Running) -> bool:
    ask = server.contestant.ask if server.contestant.before is None else Ask("GET", "/")
    try:
        return server.ask(ask) < 400
    except (OSError, HTTPException):
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    for pid in reversed(_tree(process.pid)):
        subprocess.run(["kill", "-TERM", str(pid)], check=False, capture_output=True)
    process.wait(PATIENCE)


def cpu_seconds(pid: int) -> float:
    """What a process and all that it has started have used, those that have ended included."""
    return sum(_cpu_seconds(one) for one in _tree(pid))


def _script(asks: Sequence[Ask]) -> str:
    """For wrk: send these in turn."""
    rows = []
    for ask in asks:
        headers = ", ".join(f'["{name}"] = "{value}"' for name, value in ask.headers.items())
        rows.append(f'add(wrk.format("{ask.method}", "{ask.path}", {{{headers}}}, "{ask.body}"))\n')
    return _SCRIPT.replace("ROWS", "".join(rows))


_SCRIPT = """
local requests, turn = {}, 0
local function add(request) requests[#requests + 1] = request end
function init(arguments)
ROWS
end
function request()
turn = turn % #requests + 1
return requests[turn]
end
"""


def _tree(pid: int) -> list[int]:
    """A process and all that it has started, the oldest first."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in _tree(int(child)))]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[place]) for place in (11, 12, 13, 14)) / TICKS


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
