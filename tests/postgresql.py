"""A PostgreSQL server for tests: a real one, of this machine's package, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path

from tests.patience import PATIENCE

MISSING = "PostgreSQL's server is missing (initdb, postgres): apt-get install postgresql"
FOLDERS = "/usr/lib/postgresql/*/bin"
ACCOUNT = "postgres"
"""PostgreSQL does not run as root: then it runs as the user that Debian's package makes."""


@cache
def program(name: str) -> str | None:
    """The path of one of PostgreSQL's programs, the newest; None when there is none."""
    found = sorted(Path("/").glob(f"{FOLDERS[1:]}/{name}"), key=lambda path: float(path.parts[-3]))
    return str(found[-1]) if found else shutil.which(name)


def is_installed() -> bool:
    """Whether a server can be started here."""
    return program("initdb") is not None


class Postgresql:
    """A server on a free port of 127.0.0.1, which can be stopped, killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._user = ACCOUNT if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        self._run("initdb", "--pgdata", str(self._data), "--username", ACCOUNT, "--auth", "trust", "--no-sync")
        self._databases = count(1)
        self._server: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def pid(self) -> int:
        """The process that has started all others of the server."""
        return self._running().pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        # a killed process loses nothing that it has written: only a power cut would need the disk to have it
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self._data), "fsync": "off"}
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        log = self._data.with_name("log")
        with log.open("ab") as output:
            self._server = subprocess.Popen(
                [str(program("postgres")), "-D", str(self._data), "-p", str(self.port), *settings],
                cwd="/",
                stdout=output,
                stderr=output,
                user=self._user,
            )
        until = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._server.poll() is None, f"PostgreSQL has not started: {log.read_text()[-1000:]}"
            assert time.monotonic() < until, f"PostgreSQL does not answer: {log.read_text()[-1000:]}"

    def kill(self) -> None:
        """Kill it with all that it has started, as a power cut would."""
        pid = self.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for process in (pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._running().wait(PATIENCE)
        until = time.monotonic() + PATIENCE
        while any(_lives(int(child)) for child in children):
            assert time.monotonic() < until, "PostgreSQL outlives a SIGKILL"
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop it, if it runs; it cuts off its clients."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(PATIENCE)

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"platform{next(self._databases)}"
        self._run("createdb", *self._address(), name)
        return f"postgresql://{ACCOUNT}@127.0.0.1:{self.port}/{name}"

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._server is not None
        return self._server

    def _address(self) -> list[str]:
        return ["--host", "127.0.0.1", "--port", str(self.port), "--username", ACCOUNT]

    def _answers(self) -> bool:
        command = [str(program("pg_isready")), *self._address(), "--quiet", "--timeout", "1"]
        return subprocess.run(command, check=False, cwd="/").returncode == 0

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(program(name)), *arguments]
        subprocess.run(command, check=True, cwd="/", user=self._user, stdout=subprocess.DEVNULL)


def _lives(process: int) -> bool:
    """Whether a process has not ended; one that nobody has asked after yet (Z) has."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def postgresql() -> Iterator[Postgresql]:
    """A server that runs until the block ends."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = Postgresql(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
