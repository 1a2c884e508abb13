"""`clean`: it removes what the journal of a run names, on a server that has it, and touches nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from contract import load_contract
from contract_tests.certifying.recomputing import recompute
from contract_tests.running.target import HostName
from contract_tests.sending.journal import Effect, Journal, left_overs
from emulator.auth import Principal, User
from tests.faulty_servers.middle import Answer, Call, Changed, Forward, refusal
from tests.patience import PATIENCE
from tests.suite.judging import HOST, ROOT, VACANT, command_line

USERS = (User(Principal("alice", "alice"), "correct horse"),)


def _address(url: str, host: str) -> str:
    organization, environment, name = host.split("/")
    return f"{url}/organizations/{organization}/environments/{environment}/hosts/{name}/instance"


def _provisioned(url: str, host: str = VACANT) -> str:
    """Make a machine, as the suite would; its name for the hypervisor."""
    body = requests.post(_address(url, host), json={}, timeout=PATIENCE).json()
    return str(next(row["value"] for row in body["properties"] if row["key"] == "libvirt.uuid"))


def _state(url: str, host: str = VACANT) -> str:
    answer = requests.get(_address(url, host), timeout=PATIENCE)
    return "ABSENT" if answer.status_code == 404 else str(answer.json()["state"])


@pytest.fixture
def note(folder: Path) -> Callable[..., None]:
    """Writes into the journal of the report folder that a host got a machine, and that it was forgotten."""

    def write(url: str, machine: str | None, *, host: str = VACANT, forgotten: bool = False) -> None:
        folder.mkdir(exist_ok=True)
        journal = Journal(folder / "journal.jsonl", "first", url)
        name = HostName(*host.split("/"))
        journal.intend(name, "provisionInstance", Effect.MAKES, "legal").done(200, machine)
        if forgotten:
            journal.intend(name, "forgetInstance", Effect.FORGETS, "legal").done(202)
        journal.close()

    return write


def test_what_a_killed_run_left_is_removed(serve: Callable[..., str], folder: Path, tmp_path: Path) -> None:
    """A run that is killed while it makes a machine leaves it; `clean` deletes it, and then nothing is left."""
    timing = tmp_path / "timing.yaml"
    timing.write_text("provision: {fixed: 3600}\n")
    url = serve(timing=str(timing))
    command = [sys.executable, "-m", "contract_tests", "run", url, "--host", VACANT, "--report-dir", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while _state(url) == "ABSENT":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=PATIENCE)
    ended = command_line("clean", str(folder))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"removed: an instance on {VACANT}" in ended.stdout
    assert ended.stdout.endswith("nothing is left\n")
    assert _state(url) == "ABSENT"
    assert _state(url, HOST) == "RUNNING"
    again = command_line("clean", str(folder))
    assert (again.returncode, again.stdout) == (0, "nothing is left\n")


def test_a_locked_instance_is_unlocked_and_removed(
    serve: Callable[..., str], folder: Path, note: Callable[..., None]
) -> None:
    """A lock that the suite left is taken off first."""
    url = serve()
    note(url, _provisioned(url))
    requests.post(f"{_address(url, VACANT)}/lock", timeout=PATIENCE).raise_for_status()
    assert command_line("clean", str(folder)).returncode == 0
    assert _state(url) == "ABSENT"


def test_another_machine_is_not_touched(serve: Callable[..., str], folder: Path, note: Callable[..., None]) -> None:
    """An instance that is not the machine of the journal stays: exit code 4, and it is said."""
    url = serve()
    _provisioned(url)
    note(url, "97c6b5be-0000-4000-8000-000000000000")
    ended = command_line("clean", str(folder))
    assert ended.returncode == 4
    assert f"left: an instance on {VACANT}" in ended.stdout
    assert "what is there now is another machine" in ended.stdout
    assert _state(url) == "RUNNING"


def test_what_no_journal_names_is_not_touched(
    serve: Callable[..., str], folder: Path, note: Callable[..., None]
) -> None:
    """Nothing is sent to a host of which the journal says nothing."""
    calls: list[Call] = []

    def watch(call: Call, forward: Forward) -> Answer:
        calls.append(call)
        return forward(call)

    url = serve(around=lambda application: Changed(application, watch))
    note(url, _provisioned(url))
    calls.clear()
    assert command_line("clean", str(folder)).returncode == 0
    assert {call.root for call in calls} == {_address("", VACANT)}
    assert all(call.environ["HTTP_USER_AGENT"].endswith("(clean)") for call in calls)
    assert [call.method for call in calls if call.method != "GET"] == ["DELETE"]


def test_what_is_gone_already_is_done(serve: Callable[..., str], folder: Path, note: Callable[..., None]) -> None:
    """A host that has no instance any more needs nothing, and the journal knows it from then on."""
    url = serve()
    note(url, "97c6b5be-0000-4000-8000-000000000000")
    ended = command_line("clean", str(folder))
    assert ended.returncode == 0
    assert "nothing is there any more" in ended.stdout
    assert left_overs(folder / "journal.jsonl") == []


def test_a_forgotten_machine_is_brought_back_and_removed(
    serve: Callable[..., str], folder: Path, note: Callable[..., None]
) -> None:
    """A machine that goes on after a forget is imported and deleted: afterwards no import finds it."""
    url = serve()
    machine = _provisioned(url)
    requests.put(f"{_address(url, VACANT)}/_forget", timeout=PATIENCE).raise_for_status()
    note(url, machine, forgotten=True)
    ended = command_line("clean", str(folder))
    assert ended.returncode == 0, ended.stdout
    assert f"removed: a machine that was forgotten from {VACANT} ({machine})" in ended.stdout
    assert "imported back, and deleted" in ended.stdout
    properties = [{"key": "libvirt.uuid", "value": machine}]
    requests.post(f"{_address(url, VACANT)}/properties", json=properties, timeout=PATIENCE).raise_for_status()
    assert _state(url) == "UNDEFINED"


def test_a_forgotten_machine_waits_while_the_host_is_taken(
    serve: Callable[..., str], folder: Path, note: Callable[..., None]
) -> None:
    """Nothing is deleted to make room for an import: exit code 4, and the reason."""
    url = serve()
    note(url, "97c6b5be-0000-4000-8000-000000000000", host=HOST, forgotten=True)
    ended = command_line("clean", str(folder))
    assert ended.returncode == 4
    assert "the host has an instance, so that nothing can be imported" in ended.stdout
    assert _state(url, HOST) == "RUNNING"


def test_a_refused_delete_is_said(serve: Callable[..., str], folder: Path, note: Callable[..., None]) -> None:
    """A server that does not delete keeps its instance: exit code 4, with its answer."""

    def refuse(call: Call, forward: Forward) -> Answer:
        return refusal(409, "not today") if call.method == "DELETE" else forward(call)

    url = serve(around=lambda application: Changed(application, refuse))
    note(url, _provisioned(url))
    ended = command_line("clean", str(folder))
    assert ended.returncode == 4
    assert "DELETE was answered 409" in ended.stdout
    assert "not today" in ended.stdout


def test_a_server_that_is_gone_is_said(folder: Path, note: Callable[..., None]) -> None:
    """Where nobody answers, nothing was removed: exit code 4."""
    note("http://127.0.0.1:9", None)
    ended = command_line("clean", str(folder))
    assert ended.returncode == 4
    assert "no answer: " in ended.stdout


def test_credentials_are_needed_where_they_were(
    serve: Callable[..., str], folder: Path, note: Callable[..., None]
) -> None:
    """A guarded server is cleaned with credentials; they stand in no file."""
    url = serve(users=USERS)
    note(url, None)
    assert command_line("clean", str(folder)).returncode == 4
    known = {"CONTRACT_USER": "alice", "CONTRACT_PASSWORD": "correct horse"}
    assert command_line("clean", str(folder), folder=None, **known).returncode == 0
    assert "correct horse" not in "".join(path.read_text() for path in folder.iterdir())


def test_the_journals_of_replays_are_cleaned_too(serve: Callable[..., str], folder: Path) -> None:
    """A journal in a folder below is one of this run's."""
    url = serve()
    machine = _provisioned(url)
    (folder / "replay" / "one").mkdir(parents=True)
    journal = Journal(folder / "replay" / "one" / "journal.jsonl", "first", url)
    journal.intend(HostName(*VACANT.split("/")), "provisionInstance", Effect.MAKES, "one").done(200, machine)
    journal.close()
    assert command_line("clean", str(folder)).returncode == 0
    assert _state(url) == "ABSENT"


def test_a_folder_without_a_journal_is_a_mistake(tmp_path: Path) -> None:
    """A folder that no run wrote ends with 2, and one line."""
    ended = command_line("clean", str(tmp_path))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "there is no journal.jsonl; expected the report folder of a run" in ended.stderr


def test_a_run_names_what_an_earlier_one_left(
    serve: Callable[..., str], folder: Path, note: Callable[..., None]
) -> None:
    """A run into a folder whose journal has left-overs says so, and how to remove them; its record is about itself."""
    url = serve()
    note(url, "97c6b5be-0000-4000-8000-000000000000")
    ended = command_line("run", url, "--host", HOST, "--allow", "observe", "--only", "reading", folder=folder)
    assert f"left by an earlier run: an instance on {VACANT}" in ended.stdout
    assert f"contract-tests clean {folder} removes it" in ended.stdout
    assert recompute(folder, load_contract()) == []
