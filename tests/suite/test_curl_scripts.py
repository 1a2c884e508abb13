"""The shell scripts that repeat failures: run against the same server, they get the same answer."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from contract_tests.running.target import Credentials
from emulator.auth import Principal, User
from tests.faulty_servers.middle import Answer, Call, Changed, Forward
from tests.patience import PATIENCE
from tests.suite.judging import HOST, VACANT, command_line
from tests.suite.mending import Mended

USERS = (User(Principal("alice", "alice"), 'correct "horse"\\'),)


def _script(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    assert os.access(path, os.X_OK)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONTRACT_")}
    return subprocess.run(
        [str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**inherited, **environment},
    )


def test_a_script_repeats_a_failure(serve: Callable[..., str], folder: Path) -> None:
    """The script brings the host where the test began, sends its requests, and shows the answer in question."""
    server = Mended()
    url = serve(around=server.around)
    run = command_line("run", url, "--host", HOST, "--only", "lifecycle.pause-refused", folder=folder)
    assert run.returncode == 1
    assert f"scripts: {folder}/failures/*.sh" in run.stdout
    path = folder / "failures" / "refused-pauseInstance-STOPPED-1.sh"
    text = path.read_text()
    assert "# lifecycle.pause-refused: Pause MUST be refused with 409 in every state but RUNNING." in text
    server.calls.clear()
    ended = _script(path)
    assert ended.returncode == 0, ended.stderr
    assert "_pause  HTTP/1.1 202" in ended.stdout
    sent = [f"{call.method} {call.action}".rstrip() for call in server.calls if call.method != "GET"]
    assert sent[0] == "POST"
    assert sent[-2:] == ["PUT _off", "PUT _pause"]
    server.is_mended = True
    requests.delete(url + server.calls[0].root, timeout=PATIENCE).raise_for_status()
    assert "_pause  HTTP/1.1 409" in _script(path).stdout


def test_a_script_deletes_nothing(serve: Callable[..., str], folder: Path) -> None:
    """A host that is elsewhere is left as it is: the script says where it should be, and ends with 3."""
    server = Mended()
    url = serve(around=server.around)
    assert command_line("run", url, "--host", VACANT, "--only", "refused[pause*", folder=folder).returncode == 1
    path = folder / "failures" / "refused-pauseInstance-STOPPED-1.sh"
    other = serve(around=server.around)
    server.calls.clear()
    text = path.read_text().replace(VACANT.rpartition("/")[2], HOST.rpartition("/")[2])
    path.write_text(text)
    ended = _script(path, CONTRACT_URL=other)
    assert ended.returncode == 3
    assert re.search(r"the instance is RUNNING; bring it to \w+, or delete it, and try again", ended.stderr)
    assert {call.method for call in server.calls} == {"GET"}


@pytest.mark.parametrize("known", [True, False])
def test_credentials_come_from_the_environment(known: bool, serve: Callable[..., str], folder: Path) -> None:  # noqa: FBT001
    """A script holds no credentials, and needs them at a guarded server."""
    server = Mended()
    url = serve(around=server.around, users=USERS)
    variables = {"CONTRACT_USER": "alice", "CONTRACT_PASSWORD": 'correct "horse"\\'}
    only = ("--only", "lifecycle.pause-refused")
    assert command_line("run", url, "--host", HOST, *only, folder=folder, **variables).returncode == 1
    path = folder / "failures" / "refused-pauseInstance-STOPPED-1.sh"
    assert "horse" not in path.read_text()
    ended = _script(path, **(variables if known else {}))
    assert (ended.returncode == 0) is known
    assert ("HTTP/1.1 202" in ended.stdout) is known


def test_wrong_credentials_are_shown_again(serve: Callable[..., str], folder: Path) -> None:
    """A script about a request with wrong credentials comes with these, not with those of its user."""

    def lets_guesses_in(application: Any) -> Changed:
        right = Credentials("alice", USERS[0].password).headers["Authorization"]

        def answer(call: Call, forward: Forward) -> Answer:
            shown = call.environ.get("HTTP_AUTHORIZATION")
            if shown in (None, right):
                return forward(call)
            honest = forward(replace(call, environ={**call.environ, "HTTP_AUTHORIZATION": right}))
            return replace(honest, headers=(*honest.headers, ("X-Guessed", "yes")))

        return Changed(application, answer)

    url = serve(around=lets_guesses_in, users=USERS)
    variables = {"CONTRACT_USER": "alice", "CONTRACT_PASSWORD": 'correct "horse"\\'}
    run = command_line("run", url, "--host", HOST, "--only", "credentials", folder=folder, **variables)
    assert run.returncode == 1, run.stdout
    scripts = sorted((folder / "failures").glob("credentials-*.sh"))
    assert scripts
    for path in scripts:
        assert "horse" not in path.read_text()
        assert "X-Guessed: yes" in _script(path, **variables).stdout


def test_a_body_is_sent_as_it_was(serve: Callable[..., str], folder: Path) -> None:
    """A script sends a strange body byte by byte, and a long one in its length."""
    bodies: list[bytes] = []

    def fall_over(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status not in (400, 413) or call.method != "POST":
            return honest
        bodies.append(call.body)
        return honest.saying({"error": ["Internal Server Error"]}, 500)

    url = serve(around=lambda application: Changed(application, fall_over))
    run = command_line("run", url, "--host", VACANT, "--only", "chosen-bodies", folder=folder)
    assert run.returncode == 1
    during, scripts = list(bodies), sorted((folder / "failures").glob("*.sh"))
    assert scripts
    for path in scripts:
        bodies.clear()
        ended = _script(path)
        assert "HTTP/1.1 500" in ended.stdout, ended.stdout + ended.stderr
        assert bodies[-1] in during or len(bodies[-1]) in {len(body) for body in during}


def test_old_scripts_go_with_their_run(serve: Callable[..., str], folder: Path) -> None:
    """A run into the same folder takes the scripts of the last one away."""
    server = Mended()
    url = serve(around=server.around)
    only = ("--only", "lifecycle.pause-refused")
    assert command_line("run", url, "--host", HOST, *only, folder=folder).returncode == 1
    assert list((folder / "failures").glob("*.sh"))
    server.is_mended = True
    ended = command_line("run", url, "--host", HOST, *only, folder=folder)
    assert ended.returncode == 0
    assert "scripts: " not in ended.stdout
    assert not list((folder / "failures").glob("*.sh"))
