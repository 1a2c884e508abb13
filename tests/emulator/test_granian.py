"""granian in the place of waitress: what `serve` promises, in processes of its own. How it stops: test_server."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.emulator.conftest import DOCUMENTED
from tests.emulator.processes import Process, run, serving
from tests.emulator.relay import FOR_GOOD, relay
from tests.patience import PATIENCE
from tests.postgresql import Postgresql

GRANIAN = ("--server", "granian", "--log-format", "none")


def workers_of(process: Process) -> list[int]:
    """The processes that serve."""
    pid = process.popen.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_it_serves_what_waitress_serves(tmp_path: Path) -> None:
    """A free port, the ready file, an action, its effect, an error and the control API."""
    with serving(*GRANIAN, "--ready-file", str(tmp_path / "ready")) as process:
        ready = json.loads((tmp_path / "ready").read_text())
        assert (ready["url"], ready["pid"]) == (process.url, process.popen.pid)
        assert process.ask("PUT", f"{DOCUMENTED}/_pause")[0] == 202
        assert process.ask("GET", DOCUMENTED)[1]["state"] == "PAUSED"
        status, error = process.ask("PUT", f"{DOCUMENTED}/_pause")
        assert (status, list(error)) == (409, ["error"])
        assert process.ask("GET", "/_emulator/health")[0] == 200


def test_workers_share_a_store_and_are_replaced(tmp_path: Path) -> None:
    """Whichever of two processes answers knows all; one that is killed has a successor."""
    with serving(*GRANIAN, "--workers", "2", "--store", f"sqlite:///{tmp_path / 'platform.db'}") as process:
        assert process.ask("PUT", f"{DOCUMENTED}/_pause")[0] == 202
        assert {process.ask("GET", DOCUMENTED)[1]["state"] for _ in range(20)} == {"PAUSED"}
        before = workers_of(process)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        until = time.monotonic() + PATIENCE
        while len(set(workers_of(process)) - set(before)) != 1:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert process.stop()[0] == 0


def test_a_memory_that_is_lost_ends_it() -> None:
    """What only the one process knew would begin anew with another; so none takes its place."""
    with serving(*GRANIAN) as process:
        os.kill(workers_of(process)[0], signal.SIGKILL)
        assert process.popen.wait(PATIENCE) != 0


def test_nobody_outlives_a_parent_that_was_killed() -> None:
    """Its processes end soon after it, and the port is free."""
    with serving(*GRANIAN) as process:
        process.popen.kill()
        process.popen.wait(PATIENCE)
        until = time.monotonic() + PATIENCE
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", process.port)):
                    break
            assert time.monotonic() < until
            time.sleep(0.02)


def test_what_nobody_can_say_is_not_answered(database_server: Postgresql) -> None:
    """Where a commit may have taken place, and nobody can say so, the connection is closed without an answer."""
    with relay(database_server.port) as wire:
        store = database_server.database().replace(str(database_server.port), str(wire.port))
        with serving(*GRANIAN, "--store", store) as process:
            assert process.ask("GET", DOCUMENTED)[0] == 200
            wire.cut_at(FOR_GOOD)
            with pytest.raises((HTTPException, ConnectionError)):
                process.ask("PUT", f"{DOCUMENTED}/_pause")
            wire.restore()
            assert process.ask("GET", DOCUMENTED)[1]["state"] == "PAUSED"


def test_a_port_in_use_and_a_file_that_cannot_be_written_are_one_line(tmp_path: Path) -> None:
    """As with waitress: a line that names the option, and exit code 2."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ended = run("serve", *GRANIAN, "--port", str(other.getsockname()[1]))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "--port" in ended.stderr
    ended = run("serve", *GRANIAN, "--port", "0", "--ready-file", str(tmp_path / "missing" / "ready"))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "--ready-file" in ended.stderr


def test_without_granian_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The extra is named, and nothing is started."""
    from emulator.__main__ import main

    monkeypatch.setitem(sys.modules, "granian", None)
    assert main(["serve", *GRANIAN, "--port", "0"]) == 2
    assert "pip install 'hypervisor-emulator[granian]'" in capsys.readouterr().err
