"""The command line as a user starts it: processes of their own, stopped by signal, never left behind."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.emulator.conftest import ROOT
from tests.patience import PATIENCE

PROGRAM = [sys.executable, "-m", "emulator"]


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of these tests, without settings for the emulator but those given."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HYPERVISOR_EMULATOR")}
    return own | dict(given or {})


def run(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=ROOT,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Process:
    """A running `serve`. `url` is that of its first line."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self.popen = popen
        assert popen.stdout is not None
        first = popen.stdout.readline()
        if not first.startswith("Ready. "):
            popen.kill()
            raise AssertionError(f"no ready line but {first!r}: {popen.communicate()[1]}")
        self.url = first.split()[1]
        self.port = urlsplit(self.url).port or 0

    def hint(self) -> list[str]:
        """The words of its second line, as a shell would read them."""
        assert self.popen.stdout is not None
        return shlex.split(self.popen.stdout.readline())

    def ask(self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None) -> Any:
        """Send a request; answers its status and what was in it, as JSON when there was something."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            content = response.read()
            return response.status, json.loads(content) if content else None
        finally:
            connection.close()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal; answers the exit code and what was written on the two streams and not yet read."""
        self.popen.send_signal(number)
        out = self.popen.stdout.read() if self.popen.stdout else ""
        err = self.popen.stderr.read() if self.popen.stderr else ""
        return self.popen.wait(PATIENCE), out, err


@contextmanager
def serving(
    *arguments: str, env: Mapping[str, str] | None = None, before: Sequence[str] = (), stderr: int = subprocess.PIPE
) -> Iterator[Process]:
    """Run `serve` on a free port until the block ends; `before` stands before the command."""
    command = [*before, *PROGRAM, "serve", "--port", "0", *arguments]
    popen = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
    try:
        yield Process(popen)
    finally:
        if popen.poll() is None:
            popen.kill()
        popen.communicate(timeout=PATIENCE)
