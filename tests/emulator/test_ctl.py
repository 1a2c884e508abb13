"""`ctl`: the control API on the command line."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.__main__ import main
from tests.emulator.conftest import DOCUMENTED, ROOT, VACANT, Running, Start
from tests.emulator.processes import PROGRAM, environment

HOST = "Guardis Test/Test Environment/test-host-on-Hyp3"


@pytest.fixture
def slow(start: Start, tmp_path: Path) -> Running:
    """An emulator where every action takes ten seconds of a clock that stands still."""
    timing = tmp_path / "timing.yaml"
    timing.write_text("default: {fixed: 10}\n")
    return start(timing=str(timing))


class Ctl:
    """Runs `ctl URL ...` in this process, and keeps what it printed."""

    def __init__(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.url = url
        self._capsys = capsys

    def __call__(self, *arguments: str, url: str | None = None) -> str:
        """What it prints when all is well."""
        code, out, err = self.run(*arguments, url=url)
        assert (code, err) == (0, "")
        return out

    def run(self, *arguments: str, url: str | None = None) -> tuple[int, str, str]:
        """Exit code, output and errors."""
        code = main(["ctl", url or self.url, *arguments])
        out, err = self._capsys.readouterr()
        return code, out, err


@pytest.fixture
def ctl(slow: Running, capsys: pytest.CaptureFixture[str]) -> Ctl:
    """`ctl` for the slow emulator."""
    return Ctl(slow.url, capsys)


def test_the_clock_is_moved(slow: Running, ctl: Ctl) -> None:
    """By a duration, to what is due, until a state is reached; frozen and set free."""
    began = slow.world.clock.now()
    slow.request("PUT", f"{DOCUMENTED}/_pause")
    assert ctl("clock", "advance", "1 s") == ctl("clock", "show")
    slow.request("POST", VACANT, json={})
    ctl("clock", "next")
    assert (slow.world.clock.now(), slow.state(DOCUMENTED), slow.state()) == (began + 10, "PAUSED", "PENDING")
    ctl("clock", "until", "RUNNING", "web-1")
    assert (slow.world.clock.now(), slow.state()) == (began + 11, "RUNNING")
    assert "rate 60" in ctl("clock", "run", "60")
    assert "rate 0" in ctl("clock", "freeze")


def test_a_world_is_made_steered_and_dropped(slow: Running, ctl: Ctl) -> None:
    """The URL of a world is a URL of the emulator, in every respect."""
    path = ctl("worlds", "make", "mine", "--timing", "instant").strip()
    assert path == "/w/mine"
    assert ctl("worlds", "make", "--fork", "mine").startswith("/w/")
    slow.request("PUT", f"{path}{DOCUMENTED}/_pause")
    assert "PUT /w/mine" in ctl("journal", url=slow.url + path)
    ctl("reset", url=slow.url + path)
    assert slow.state(f"{path}{DOCUMENTED}") == "RUNNING"
    assert "mine\t/w/mine\n" in ctl("worlds", "list")
    ctl("worlds", "drop", "mine")
    assert ctl.run("clock", "show", url=slow.url + path)[0] == 2


def test_the_journal_is_a_line_for_each_request(slow: Running, ctl: Ctl) -> None:
    """With states, or the message of a refusal."""
    slow.request("PUT", f"{DOCUMENTED}/_pause")
    slow.request("PUT", f"{DOCUMENTED}/_start")
    first, second = ctl("journal").splitlines()
    assert first.startswith("#1 ")
    assert first.endswith("/_pause 202 RUNNING -> PENDING")
    assert "/_start 409 PENDING -> PENDING cannot start 'test-host-on-Hyp3': it is PENDING since" in second
    assert ctl("journal", "--last", "1").startswith("#2 ")


def test_a_mistake_is_one_line(slow: Running, ctl: Ctl) -> None:
    """What the emulator refuses is told in its words, with exit code 2."""
    for arguments, words in {
        ("clock", "advance", "1 moon"): "'1 moon' is no duration; write it like 90 s",
        ("clock", "until", "STOPPED", HOST): "'test-host-on-Hyp3' will never be STOPPED by waiting: it is RUNNING",
        ("clock", "until", "STOPPED", "web-9"): "there is no host 'web-9'; there are Guardis Test/",
        ("worlds", "drop", "none"): "there is no world 'none'",
        ("worlds", "make", "a b"): "'name': it is 'a b'; expected what matches",
        ("clock", "spin"): "No such command 'spin'",
    }.items():
        code, out, err = ctl.run(*arguments)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert words in err


@pytest.fixture
def stranger() -> Iterator[str]:
    """A server that is no emulator."""

    class Silent(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Not among the lines of the command."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Silent)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_who_is_no_emulator_is_told(ctl: Ctl, stranger: str) -> None:
    """Nobody there, somebody else there, and what is no URL: one line each."""
    for url, words in {
        "http://127.0.0.1:1": "no answer (ConnectionRefusedError",
        stranger: "the answer is 501, and not from an emulator with a control API",
        "127.0.0.1:8795": "'127.0.0.1:8795' is not a URL; expected something like http://127.0.0.1:8795",
        "http://[": "is not a URL",
    }.items():
        code, out, err = ctl.run("clock", "show", url=url)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert words in err


def test_it_starts_without_a_library_for_http() -> None:
    """The client is the standard library's."""
    code = "import sys; import emulator.commands.ctl; print([name for name in sys.modules if name in "
    code += "('requests', 'httpx', 'urllib3', 'flask', 'waitress')])"
    done = subprocess.run([PROGRAM[0], "-c", code], cwd=ROOT, env=environment(), capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_what_happens_without_a_request(slow: Running, ctl: Ctl) -> None:
    """A crash, a hypervisor out of reach and back; a host may be named in short."""
    assert ctl("act", "test-host-on-Hyp3", "crash", "--by", "lightning") == "RUNNING -> STOPPED\n"
    assert "crash\tThe machine is off" in ctl("acts")
    (name, state) = ctl("hypervisor", "list").split()
    assert state == "up"
    assert "reachable False" in ctl("hypervisor", "down", name, "--for", "10 min")
    assert slow.state(DOCUMENTED) == "UNDEFINED"
    assert "down until 20" in ctl("hypervisor", "list")
    ctl("hypervisor", "up", name)
    assert slow.state(DOCUMENTED) == "STOPPED"


def test_a_refusal_is_explained_beforehand(ctl: Ctl) -> None:
    """Whether a trigger may fire, why not, and each request on the way."""
    assert ctl("explain", HOST, "pause").startswith("pause is legal: RUNNING\n")
    first, *way = ctl("explain", HOST, "start").splitlines()
    assert first.startswith("start is refused: cannot start 'test-host-on-Hyp3': it is RUNNING")
    assert way[0].endswith("  RUNNING -> STOPPED")


def test_a_world_is_saved_and_restored(slow: Running, ctl: Ctl, tmp_path: Path) -> None:
    """To the byte; a part can be reset alone, and seeds are read again."""
    file = tmp_path / "state.yaml"
    slow.request("PUT", f"{DOCUMENTED}/_pause")
    ctl("snapshot", "save", str(file))
    ctl("act", HOST, "crash")
    ctl("snapshot", "restore", str(file))
    assert slow.state(DOCUMENTED) == "PENDING"
    assert ctl("snapshot", "save", "-") == file.read_text()
    slow.request("POST", VACANT, json={})
    ctl("reset", HOST)
    assert (slow.state(DOCUMENTED), slow.state()) == ("RUNNING", "PENDING")
    ctl("seed")
    assert slow.state() == "ABSENT"
    for arguments, words in {
        ("snapshot", "restore", str(tmp_path / "none")): "none: cannot read it",
        ("snapshot", "save", str(tmp_path / "none" / "state.yaml")): "cannot write it",
        ("reset", "a/b/c/d"): "'a/b/c/d' is no part of a world",
        ("act", HOST, "explode"): "'act'",
        ("hypervisor", "down", "hyp", "--for", "ever"): "--for: 'ever' is no duration",
    }.items():
        code, _, err = ctl.run(*arguments)
        assert (code, err.count("\n"), words in err) == (2, 1, True), err


def test_trouble_is_made_and_ended(slow: Running, ctl: Ctl, tmp_path: Path) -> None:
    """A built-in one by its name, or a file; the rules are listed with what has met them."""
    file = tmp_path / "trouble.yaml"
    file.write_text("rules: [{kind: unavailable, name: put-off, retryAfter: 0}]\n")
    ctl("trouble", "set", str(file))
    assert slow.request("GET", DOCUMENTED).status_code == 503
    assert ctl("trouble", "show") == "kind unavailable  name put-off  seen 1  hits 1  lawful True\n"
    assert "lost-answer" in ctl("trouble", "set", "flaky")
    ctl("trouble", "clear")
    assert ctl("trouble", "show") == ""
    file.write_text("rules: [{kind: unavailable, name: put-off, retryAftr: 0}]\n")
    for wish, words in ((str(file), "retryAftr"), ("flakey", "there is no built-in trouble 'flakey'")):
        code, _, err = ctl.run("trouble", "set", wish)
        assert (code, err.count("\n"), words in err) == (2, 1, True), err


def test_the_clients_are_judged(slow: Running, ctl: Ctl) -> None:
    """The exit code is the verdict; the exchanges are an archive."""
    slow.request("GET", DOCUMENTED)
    assert ctl("verdict") == "acquitted, by 1 requests\n"
    slow.request("PUT", f"{DOCUMENTED}/_start")
    code, out, _ = ctl.run("verdict")
    assert (code, "trigger.legal" in out, "guilty, by 2 requests" in out) == (1, True, True)
    assert len(json.loads(ctl("har"))["log"]["entries"]) == 2


def test_what_happened_is_told(ctl: Ctl) -> None:
    """Changes of states and moves of the clock, from a number on."""
    ctl("act", HOST, "crash")
    ctl("clock", "advance", "1 h")
    crash, clock = ctl("events").splitlines()
    assert crash.endswith(f" state {HOST} RUNNING -> STOPPED crash")
    assert " clock" in clock
    number = crash.split()[0].removeprefix("#")
    assert ctl("events", "--since", number).splitlines() == [clock]
