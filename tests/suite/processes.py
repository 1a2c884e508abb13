"""Real processes for tests: the emulator as users start it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.suite.judging import ROOT


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
            _, complaints = process.communicate(timeout=10)
        assert not complaints, complaints


def _url(process: subprocess.Popen[str], ready: Path) -> str:
    deadline = time.monotonic() + 20
    while not ready.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "the emulator did not get ready"
        time.sleep(0.02)
    return str(json.loads(ready.read_text())["url"])
