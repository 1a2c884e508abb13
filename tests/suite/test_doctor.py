"""`doctor`: what it says of targets that are ready and of some that are not, reading only."""

from __future__ import annotations

import http.server
import os
import pty
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract import load_contract
from contract_tests.running import doctor as doctors
from contract_tests.running.doctor import Health, examine
from contract_tests.running.features import differences, seen_in
from contract_tests.running.target import Credentials, HostName, Level, Target
from contract_tests.sending.journal import Effect, Journal
from emulator.auth import Principal, User
from tests.faulty_servers.middle import Answer, Call, Changed, Forward, refusal
from tests.patience import PATIENCE
from tests.suite.judging import HOST, ROOT, VACANT, command_line

USERS = (User(Principal("alice", "alice"), "correct horse"),)


def _lines(output: str) -> dict[str, str]:
    """What stands there, by subject; each line begins with how it is."""
    return {line[6:].partition(": ")[0]: line for line in output.splitlines()}


def _target(url: str, *hosts: str, level: Level = Level.FULL) -> Target:
    return Target(url, tuple(HostName(*host.split("/")) for host in hosts), Credentials(), level)


def test_a_ready_target_ends_with_0(serve: Callable[..., str], folder: Path) -> None:
    """A server of the contract is ready: each host is told with its state, and the features that were found."""
    ended = command_line("doctor", serve(), "--host", HOST, "--host", VACANT, folder=folder)
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = _lines(ended.stdout)
    assert lines["server"].startswith("ok")
    assert "the server is open" in lines["access"]
    assert f"note  host {HOST}: an instance, RUNNING; a run with --allow full deletes it" in ended.stdout
    assert f"ok    host {VACANT}: no instance; the host is there" in ended.stdout
    assert "vnc found, import found, forget found, lock found, stop-alias found" in lines["features"]
    assert ended.stdout.endswith("\nready\n")
    assert not folder.exists()


def test_it_only_reads(serve: Callable[..., str], folder: Path) -> None:
    """Nothing is sent but reading requests, and each says that the doctor sends it."""
    calls: list[Call] = []

    def note(call: Call, forward: Forward) -> Answer:
        calls.append(call)
        return forward(call)

    url = serve(around=lambda application: Changed(application, note))
    assert command_line("doctor", url, "--host", HOST, folder=folder).returncode == 0
    assert {call.method for call in calls} == {"GET"}
    assert all(call.environ["HTTP_USER_AGENT"].endswith("(doctor)") for call in calls)


def test_no_host_is_a_note(serve: Callable[..., str], folder: Path) -> None:
    """Without a host the server itself is looked at, through a name that nobody has."""
    ended = command_line("doctor", serve(), folder=folder)
    assert ended.returncode == 0
    assert "note  hosts: none was named, and none was looked at; give --host ORG/ENV/HOST" in ended.stdout
    assert "contract-tests-" not in ended.stdout


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("--host", "Guardis Test/Test Environment/nobody"), "the server has no such host; name another"),
        (("--host", VACANT, "--allow", "power"), "no instance; provision one: --allow power makes none"),
    ],
)
def test_a_host_that_is_of_no_use_ends_with_3(
    arguments: tuple[str, ...], said: str, serve: Callable[..., str], folder: Path
) -> None:
    """A host that is not there, or has not what the level needs, is not ready, and the row says what to do."""
    ended = command_line("doctor", serve(), *arguments, folder=folder)
    assert ended.returncode == 3
    assert f"bad   host {arguments[1]}: {said}" in ended.stdout
    assert ended.stdout.endswith("not ready\n")


def test_an_occupied_host_elsewhere_is_not_ready(serve: Callable[..., str], folder: Path, monkeypatch: Any) -> None:
    """On a server that is not this machine, a host with an instance is not ready for --allow full."""
    monkeypatch.setattr(doctors, "is_loopback", lambda _: False)
    rows = examine(load_contract(), _target(serve(), HOST), folder)
    bad = [row for row in rows if row.health is Health.BAD]
    assert [row.subject for row in bad] == [f"host {HOST}"]
    assert "use --allow power" in bad[0].advice


def test_nobody_there_ends_with_3(folder: Path) -> None:
    """A port where nobody listens is not ready, and the row says what to do."""
    ended = command_line("doctor", "http://127.0.0.1:9", "--host", VACANT, folder=folder)
    assert ended.returncode == 3
    assert "bad   server: http://127.0.0.1:9 does not answer" in ended.stdout
    assert "start the server, or give its URL" in ended.stdout


def test_credentials_are_tried(serve: Callable[..., str], folder: Path) -> None:
    """A guarded server is ready with the right credentials; without, the row says where they are given."""
    url = serve(users=USERS)
    refused = command_line("doctor", url, "--host", VACANT, folder=folder)
    assert refused.returncode == 3
    assert "asks for credentials (401); set CONTRACT_USER and CONTRACT_PASSWORD" in refused.stdout
    known = {"CONTRACT_USER": "alice", "CONTRACT_PASSWORD": "correct horse"}
    let_in = command_line("doctor", url, "--host", VACANT, folder=folder, **known)
    assert let_in.returncode == 0, let_in.stdout
    assert "the server is guarded, and takes the credentials" in let_in.stdout
    assert "auth-basic found" in let_in.stdout
    assert "correct horse" not in let_in.stdout


def test_features_that_are_not_as_declared_are_noted(serve: Callable[..., str], folder: Path) -> None:
    """A feature that is expected and not there is noted, and one that is there and not declared."""

    def without_vnc(call: Call, forward: Forward) -> Answer:
        return refusal(404, "not offered") if call.action == "vnc" else forward(call)

    url = serve(around=lambda application: Changed(application, without_vnc))
    ended = command_line("doctor", url, "--host", HOST, "--without", "lock", folder=folder)
    assert ended.returncode == 0
    assert "note  features: the feature vnc is expected and was not found; say --without vnc" in ended.stdout
    assert "note  features: the feature lock was found and is not declared: it is not judged" in ended.stdout


def test_what_an_earlier_run_left_is_named(serve: Callable[..., str], folder: Path) -> None:
    """Left-overs in the journal of the report folder are named, with the command that removes them."""
    url = serve()
    folder.mkdir()
    journal = Journal(folder / "journal.jsonl", "first", url)
    journal.intend(HostName(*VACANT.split("/")), "provisionInstance", Effect.MAKES, "legal").done(200, "u-1")
    journal.close()
    ended = command_line("doctor", url, "--host", VACANT, folder=folder)
    assert f"an earlier run left an instance on {VACANT} (u-1)" in ended.stdout
    assert f"contract-tests clean {folder}" in ended.stdout


def test_a_server_that_breaks_is_not_ready(serve: Callable[..., str], folder: Path) -> None:
    """A server that answers 500 once it is looked at closely is not ready, and what it said is shown."""
    seen: list[Call] = []

    def fall_over(call: Call, forward: Forward) -> Answer:
        seen.append(call)
        return forward(call) if len(seen) < 4 else Answer(500, b"oops", (("Content-Type", "text/plain"),))

    url = serve(around=lambda application: Changed(application, fall_over))
    ended = command_line("doctor", url, "--host", VACANT, folder=folder)
    assert ended.returncode == 3, ended.stdout
    assert f"bad   host {VACANT}: GET of its instance was answered 500 oops" in ended.stdout


def test_a_server_that_falls_silent_is_not_ready(folder: Path) -> None:
    """A server that hangs up while it is looked at is not ready."""
    answers = iter(range(3))

    class Brief(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if next(answers, None) is None:
                return
            body = b'{"error": ["there is no instance"]}'
            self.send_response(404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Brief) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        ended = command_line("doctor", f"http://127.0.0.1:{server.server_port}", "--host", VACANT, folder=folder)
        server.shutdown()
        thread.join()
    assert ended.returncode == 3, ended.stdout
    assert "bad   server: it stopped answering" in ended.stdout


def test_a_terminal_shows_a_table(serve: Callable[..., str], folder: Path) -> None:
    """On a terminal the rows are a table with a column for what to do."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "contract_tests", "doctor", serve(), "--host", HOST, "--report-dir", str(folder)]
    environment = {**os.environ, "COLUMNS": "160", "TERM": "xterm"}
    process = subprocess.Popen(command, cwd=ROOT, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    while b"ready" not in shown:
        shown += os.read(ours, 4096)
    assert process.wait(timeout=PATIENCE) == 0
    os.close(ours)
    assert b"to do" in shown
    assert b"\x1b[32mok" in shown


def test_what_a_run_saw_of_a_feature_wins_over_what_was_read() -> None:
    """A feature is there when one of its operations was accepted, and not when it was missing where it was legal."""
    contract = load_contract()
    statuses = {"getVnc": Counter({200: 1}), "forgetInstance": Counter({404: 3}), "lockInstance": Counter({404: 1})}
    observed = seen_in(contract, statuses, ["forgetInstance"], {"vnc": False, "forget": True, "lock": True})
    assert (observed["vnc"], observed["forget"], observed["lock"], observed["agent"]) == (True, False, True, None)


def test_differences_are_told_where_there_are_any() -> None:
    """Nothing is said of what is as it was declared, or cannot be told."""
    declared = {"vnc": True, "lock": False, "agent": True, "import": False}
    observed: dict[str, bool | None] = {"vnc": True, "lock": False, "agent": None, "import": None}
    assert differences(declared, observed) == []
    assert len(differences(declared, {"vnc": False, "lock": True})) == 2
