"""`serve` and `wait` as processes: what they print, write and obey."""

from __future__ import annotations

import json
import os
import select
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import pytest

from tests.emulator.conftest import DOCUMENTED, ROOT, VACANT
from tests.emulator.processes import PROGRAM, Process, environment, run, serving
from tests.patience import PATIENCE

SEEDS = str(ROOT / "fixtures" / "documentation-example.yaml")
USERS = str(ROOT / "fixtures" / "users.yaml")


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    """`serve` as it is started without options."""
    with serving() as served:
        yield served


def test_it_says_that_it_is_ready_and_what_to_try(process: Process) -> None:
    """It answers when it says so, and the curl to try shows an instance."""
    words = process.hint()
    assert words[:2] == ["Try:", "curl"]
    assert words[2].startswith(process.url)
    status, content = process.ask("GET", urlsplit(words[2]).path)
    assert (status, content["state"], content["host"]) == (200, "RUNNING", "test-host-on-Hyp3")


@pytest.mark.parametrize(
    "hosts, path",
    [
        ("[{name: empty}, {name: a b'&c, instance: {state: STOPPED}}]", "/hosts/a%20b%27%26c/instance"),
        ("[{name: empty}]", "/organizations"),
    ],
)
def test_what_it_says_to_try_is_there(tmp_path: Path, hosts: str, path: str) -> None:
    """The curl is for a host that has an instance, or lists what there is; its words are safe in a shell."""
    seed = tmp_path / "seed.yaml"
    seed.write_text(f"organizations: [{{name: o, environments: [{{name: e, hosts: {hosts}}}]}}]\n")
    with serving("--seed", str(seed)) as process:
        words = process.hint()
        assert words[2].endswith(path)
        assert process.ask("GET", urlsplit(words[2]).path)[0] == 200


def test_wait_ends_when_it_answers(process: Process) -> None:
    """`wait` is 0 for an emulator that answers, and says nothing."""
    done = run("wait", process.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_wait_waits(tmp_path: Path) -> None:
    """`wait` that is started before the emulator ends well when that has come up."""
    with serving() as first:
        port = first.port
        first.stop()
    waiting = subprocess.Popen([*PROGRAM, "wait", f"http://127.0.0.1:{port}"], cwd=ROOT, env=environment())
    with serving("--port", str(port)):
        assert waiting.wait(PATIENCE) == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.0.0.1:1/x", "http://no.such.host.invalid:80"])
def test_wait_gives_up(url: str) -> None:
    """`wait` is 2 when nothing answers in time, and says where and why."""
    done = run("wait", url, "--timeout", "0.2")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"hypervisor-emulator: nothing answers at {url} after 0.2 s (")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("url", ["", "127.0.0.1:8795", "ftp://127.0.0.1", "http://", "http://[", "http://x:port"])
def test_wait_refuses_what_is_no_url(url: str) -> None:
    """`wait` says at once what a URL looks like."""
    done = run("wait", url)
    assert done.returncode == 2
    assert "http://127.0.0.1:8795" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_ready_file_tells_a_script_all(tmp_path: Path) -> None:
    """It has the URL, the process, the token of the control API and the contract's version, for its owner only."""
    path = tmp_path / "ready.json"
    with serving("--ready-file", str(path), "--base-path", "/api") as process:
        content = json.loads(path.read_text())
        assert content["url"] == process.url
        assert content["url"].endswith("/api")
        assert content["pid"] == process.popen.pid
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        headers = {"Authorization": f"Bearer {content['controlToken']}", "Host": "far.example"}
        _, health = process.ask("GET", "/api/_emulator/health", headers=headers)
        assert health["contract"] == content["contractVersion"]
        assert list(tmp_path.iterdir()) == [path]


def test_the_ready_file_is_put_there_whole(tmp_path: Path) -> None:
    """A file that was there is replaced by another one, not written over."""
    path = tmp_path / "ready.json"
    path.write_text("old")
    with path.open() as old:
        with serving("--ready-file", str(path), "--no-control"):
            assert json.loads(path.read_text())["controlToken"] is None
        assert old.read() == "old"


def test_standard_output_may_be_closed(tmp_path: Path) -> None:
    """An emulator whose lines nobody reads serves, and stops well."""
    path = tmp_path / "ready.json"
    reading, writing = os.pipe()
    os.close(reading)
    command = [*PROGRAM, "serve", "--port", "0", "--ready-file", str(path)]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=writing, stderr=subprocess.PIPE) as popen:
        os.close(writing)
        while not path.exists():
            assert popen.poll() is None
        assert run("wait", json.loads(path.read_text())["url"]).returncode == 0
        popen.terminate()
        assert popen.wait(PATIENCE) == 0


def test_standard_error_may_be_closed() -> None:
    """When the reader of the access log goes, the emulator goes on."""
    reading, writing = os.pipe()
    with serving(stderr=writing) as process:
        os.close(writing)
        assert process.ask("GET", DOCUMENTED)[0] == 200
        os.close(reading)
        assert [process.ask("GET", DOCUMENTED)[0] for _ in range(3)] == [200, 200, 200]
        assert process.stop()[0] == 0


def test_the_access_log_for_people() -> None:
    """One line a request, with states before and after, control characters escaped."""
    with serving() as process:
        process.ask("PUT", f"{DOCUMENTED}/_pause")
        process.ask("GET", "/a%0Ab%1B%5B31m")
        _, out, err = process.stop()
    first, second = err.splitlines()
    assert f"PUT {DOCUMENTED}/_pause 202 RUNNING -> PAUSED anonymous " in first
    assert " GET /a%0Ab%1B%5B31m 404 anonymous " in second
    assert first.isprintable()
    assert second.isprintable()
    assert out.startswith("Try: curl ")
    assert out.count("\n") == 1


def test_the_access_log_for_machines() -> None:
    """With --log-format json each line is an object."""
    with serving("--log-format", "json") as process:
        process.ask("DELETE", DOCUMENTED)
        process.ask("GET", VACANT)
        entries = [json.loads(line) for line in process.stop()[2].splitlines()]
    assert [(e["method"], e["status"], e["before"], e["after"]) for e in entries] == [
        ("DELETE", 204, "RUNNING", "ABSENT"),
        ("GET", 404, "ABSENT", "ABSENT"),
    ]


def test_no_access_log() -> None:
    """With --log-format none requests leave no line."""
    with serving("--log-format", "none") as process:
        assert process.ask("GET", "/nowhere")[0] == 404
        process.hint()
        assert process.stop() == (0, "", "")


def stdout_of(popen: subprocess.Popen[str]) -> IO[str]:
    """The pipe of its standard output."""
    assert popen.stdout is not None
    return popen.stdout


def test_it_stops_with_its_parent(tmp_path: Path) -> None:
    """With --stop-with-parent it ends when the shell that started it is killed, as the end of its output shows."""
    ready = tmp_path / "ready.json"
    script = f'"{sys.executable}" -m emulator serve --port 0 --stop-with-parent --ready-file "{ready}" & wait'
    with subprocess.Popen(
        ["sh", "-c", script], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as shell:
        process = Process(shell)
        process.hint()
        shell.kill()
        ended, _, _ = select.select([stdout_of(shell)], [], [], PATIENCE)
        if not ended:
            os.kill(json.loads(ready.read_text())["pid"], signal.SIGKILL)
    assert ended
    with pytest.raises(ConnectionRefusedError):
        process.ask("GET", DOCUMENTED)
