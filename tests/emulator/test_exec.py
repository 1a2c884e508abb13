"""`exec`: a command with an emulator beside it, as a shell script starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.emulator.conftest import DOCUMENTED, ROOT
from tests.emulator.processes import PROGRAM, environment, run
from tests.patience import PATIENCE

ASK = "import os, urllib.request as r; print(r.urlopen(os.environ['HYPERVISOR_EMULATOR_URL'] + '{}').read().decode())"


def test_the_command_finds_the_emulator() -> None:
    """Its URL is in the environment; what the command prints is all that is printed."""
    done = run("exec", "--", sys.executable, "-c", ASK.format("/organizations"))
    assert (done.returncode, done.stderr) == (0, "")
    assert [one["name"] for one in json.loads(done.stdout)["items"]] == ["Guardis Test"]


def test_its_options_are_those_of_serve(tmp_path: Path) -> None:
    """They stand before the dashes; what stands behind is the command's, whatever it looks like."""
    ready = tmp_path / "ready.json"
    options = ("--seed", "small-company", "--base-path", "/api", "--ready-file", str(ready), "--log-format", "text")
    done = run("exec", *options, "--", sys.executable, "-c", ASK.format("/organizations"), "--seed", "--", "nothing")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["items"]) == 2
    assert "GET /api/organizations 200" in done.stderr
    assert json.loads(ready.read_text())["url"].endswith("/api")
    assert "--base-path" in run("exec", "--help").stdout


@pytest.mark.parametrize("command, code", [("exit 7", 7), ("kill -KILL $$", 137), ("exit 0", 0)])
def test_its_exit_code_is_that_of_the_command(command: str, code: int) -> None:
    """As a shell gives it, also where a signal ended the command; and nothing is left behind."""
    done = run("exec", "--", "sh", "-c", f"echo $HYPERVISOR_EMULATOR_URL; {command}")
    assert (done.returncode, done.stderr) == (code, "")
    with pytest.raises(URLError, match="refused"):
        urlopen(done.stdout.strip())


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((), "exec wants a command"),
        (("--",), "exec wants a command"),
        (("pytest", "-q"), "exec wants a command: hypervisor-emulator exec [OPTIONS] -- pytest -q"),
        (("--", "no-such-command"), "there is no command 'no-such-command'"),
        (("--tming", "instant", "--", "true"), "No such option '--tming'"),
        (("--timing", "soon", "--", "true"), "--timing soon: there is no such file"),
        (("--seed", "none.yaml", "--", "true"), "none.yaml: cannot read it"),
        (("stray", "--", "true"), "Got unexpected extra argument (stray)"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_line(arguments: tuple[str, ...], words: str) -> None:
    """No command, a command that is not there, an option that is wrong: exit code 2, and nothing is started."""
    done = run("exec", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert words in done.stderr


def test_a_verdict_is_told_beside_the_command(tmp_path: Path) -> None:
    """What the emulator says at its end is on standard error, and its exit code counts where the command's is 0."""
    script = tmp_path / "rude.py"
    script.write_text(
        "import os, sys\nfrom urllib.request import Request, urlopen\n"
        f"url = os.environ['HYPERVISOR_EMULATOR_URL'] + {DOCUMENTED!r}\n"
        "urlopen(url).close()\n"
        "try: urlopen(Request(url + '/_start', method='PUT'))\n"
        "except OSError as error: error.close()\n"
        "print('done'); sys.exit(int(sys.argv[1]))\n"
    )
    for command, code in ((0, 1), (7, 7)):
        done = run("exec", "--fail-on-violation", "--", sys.executable, str(script), str(command))
        assert (done.returncode, done.stdout) == (code, "done\n")
        assert done.stderr.startswith("Client guilty:")


WAITING = """
trap 'echo told; exit 9' TERM INT HUP
echo $HYPERVISOR_EMULATOR_URL
while :; do sleep 0.02; done
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_passed_on_to_the_command(number: signal.Signals) -> None:
    """The command ends as it likes, with the emulator there until then; the emulator follows."""
    with _started(WAITING) as process:
        url = _line(process)
        process.send_signal(number)
        assert _line(process) == "told"
        assert process.wait(PATIENCE) == 9
    with pytest.raises(URLError, match="refused"):
        urlopen(url)


def test_the_emulator_does_not_outlive_it() -> None:
    """Killed without a chance to say good-bye, it leaves an emulator that ends by itself."""
    with _started("echo $HYPERVISOR_EMULATOR_URL; exec sleep 1") as process:
        url = _line(process)
        process.kill()
        assert process.wait(PATIENCE) == -signal.SIGKILL
    while True:
        try:
            urlopen(url, timeout=PATIENCE).close()
        except OSError as error:
            if "refused" in str(error):
                break


@contextmanager
def _started(script: str) -> Iterator[subprocess.Popen[str]]:
    """Run `exec` with this script; what is left of both after the block, or after too long a time, is killed."""
    command = [*PROGRAM, "exec", "--", "sh", "-c", script]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        watch = threading.Timer(PATIENCE, _kill, [process.pid])
        watch.start()
        try:
            yield process
        finally:
            watch.cancel()
            _kill(process.pid)


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
