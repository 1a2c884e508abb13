"""Real servers for tests: applications in a thread, and the emulator as users start it, a process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulator.serving.server import Server, listen, url_of
from tests.patience import PATIENCE
from tests.suite.judging import ROOT


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """A WSGI application, served in a thread until the block ends; its URL."""
    listener = listen("127.0.0.1", 0)
    server = Server(application, listener)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield url_of("127.0.0.1", listener)
    finally:
        server.stop()
        thread.join(timeout=PATIENCE)
        assert not thread.is_alive()


@contextmanager
def emulator(*options: str) -> Iterator[str]:
    """`python -m emulator serve` with these options on a free port, until the block ends; its URL."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--ready-file", str(ready)]
        process = subprocess.Popen(
            [*command, "--log-format", "none", *options],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield _url(process, ready)
        finally:
            process.terminate()
            _, complaints = process.communicate(timeout=PATIENCE)
        assert not complaints, complaints


def _url(process: subprocess.Popen[str], ready: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while not ready.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "the emulator did not get ready"
        time.sleep(0.02)
    return str(json.loads(ready.read_text())["url"])
