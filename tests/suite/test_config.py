"""Where options come from: the file below the environment below the command line; and how secrets get in."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.__main__ import main
from contract_tests.running.near import hint
from emulator.auth import Principal, User
from tests.patience import PATIENCE
from tests.suite.judging import HOST, ROOT, VACANT, command_line

URL = "http://127.0.0.1:9"
USERS = (User(Principal("alice", "alice"), "correct horse"), User(Principal("key", "key"), app_keys=("k3y",)))


def _config(folder: Path, text: str) -> str:
    path = folder / "suite.toml"
    path.write_text(text)
    return str(path)


def _looking(url: str) -> str:
    """A configuration of a short run that only reads."""
    return f'url = "{url}"\nhost = ["{HOST}", "{VACANT}"]\nallow = "observe"\nrandom-seed = 11\n'


def test_the_file_is_below_the_environment_below_the_command_line(
    serve: Callable[..., str], tmp_path: Path, folder: Path
) -> None:
    """Each option is taken from the strongest place that names it."""
    config = _config(tmp_path, _looking(serve()) + 'max-examples = 3\nsettle-timeout = 5\nreport-dir = "here"\n')
    ended = command_line("run", "--config", config, "--host", HOST, CONTRACT_RANDOM_SEED="12", folder=folder)
    assert f"host {HOST}, level observe\n" in ended.stdout, ended.stderr
    assert "--random-seed 12\n" in ended.stdout
    assert (folder / "record.json").exists()
    assert '"maxExamples": 3' in (folder / "record.json").read_text()
    assert not (tmp_path / "here").exists()


def test_a_path_in_the_file_is_relative_to_the_file(serve: Callable[..., str], tmp_path: Path) -> None:
    """The report goes beside the file that names its folder, wherever the command is called."""
    config = _config(tmp_path, _looking(serve()) + 'report-dir = "here"\n')
    ended = command_line("run", CONTRACT_CONFIG=config)
    assert ended.returncode in (0, 4), ended.stderr
    assert (tmp_path / "here" / "record.json").exists()


def test_the_file_of_the_working_directory_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """contract-tests.toml is taken when it is there; --config names another instead."""
    monkeypatch.chdir(tmp_path)
    Path("contract-tests.toml").write_text('hots = ["A/B/C"]\n')
    assert main(["run", URL]) == 2
    assert "contract-tests.toml: hots" in capsys.readouterr().err
    Path("other.toml").write_text("max-examples = 0\n")
    assert main(["run", URL, "--config", "other.toml"]) == 2
    assert "other.toml: max-examples" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text, named",
    [
        ('hots = ["A/B/C"]', "hots: there is no such option; did you mean host?"),
        ('host = ["A/B/C", 3]', "host: expected a list of texts, got ['A/B/C', 3]"),
        ('max-examples = "many"', "max-examples: expected a whole number, got 'many'"),
        ("max-examples = true", "max-examples: expected a whole number, got True"),
        ("max-examples = 0", "max-examples: 0 is not in the range"),
        ('settle-timeout = "long"', "settle-timeout: expected a number"),
        ('allow = "everything"', "allow: 'everything' is not one of"),
        ("user = 7", "user: expected a text, got 7"),
        ("ask-password = 1", "ask-password: expected true or false, got 1"),
        ('config = "x.toml"', "config: there is no such option"),
        ("dry-run = true", "dry-run: there is no such option"),
        ("[run]\nallow = 'full'", "run: there is no such option"),
        ('password = "hunter2"', "password: a secret does not belong in this file; set CONTRACT_PASSWORD"),
        ('app-key = "hunter2"', "app-key: a secret does not belong in this file; set CONTRACT_APP_KEY"),
        ("host = [", "this is no TOML"),
    ],
)
def test_a_mistake_in_the_file_names_file_and_key(text: str, named: str, tmp_path: Path) -> None:
    """A mistake in the file ends with 2 and one line that names the file and the key, and no secret."""
    config = _config(tmp_path, text)
    ended = command_line("run", URL, "--host", VACANT, "--config", config)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert f"{config}: {named}" in ended.stderr
    assert "hunter2" not in ended.stderr


def test_a_file_that_is_not_there_is_a_mistake() -> None:
    """--config with a file that cannot be read ends with 2."""
    ended = command_line("run", URL, "--config", "no-such-file.toml")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "--config no-such-file.toml: cannot be read" in ended.stderr


@pytest.mark.parametrize("word", ["--password", "--app-key"])
def test_a_secret_on_the_command_line_is_refused(word: str) -> None:
    """A secret among the arguments ends with 2; the line says where it goes, and does not repeat it."""
    for arguments in ((word, "hunter2"), (f"{word}=hunter2",)):
        ended = command_line("run", URL, "--host", VACANT, "--user", "alice", *arguments)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
        assert f"CONTRACT_{word[2:].upper().replace('-', '_')}" in ended.stderr
        assert f"{word}-file" in ended.stderr
        assert "hunter2" not in ended.stderr


def test_a_secret_in_the_url_is_refused_and_not_repeated() -> None:
    """A URL with user and password ends with 2, and the password is in no line."""
    ended = command_line("run", "http://alice:hunter2@127.0.0.1:9", "--host", VACANT)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "credentials are options" in ended.stderr
    assert "hunter2" not in ended.stderr


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_the_help_shows_no_value_of_the_environment(command: str) -> None:
    """The help names the variables, and shows nothing that they hold."""
    ended = command_line(command, "--help", CONTRACT_PASSWORD="hunter2", CONTRACT_APP_KEY="hunter2", CONTRACT_USER="hu")
    assert ended.returncode == 0
    assert "CONTRACT_PASSWORD" in ended.stdout
    assert "hunter2" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "arguments, variables, named",
    [
        (("--ask-password",), {}, "--ask-password needs a terminal"),
        (("--ask-password", "--password-file", "f"), {}, "give one of them"),
        (("--password-file", "no-such-file"), {}, "--password-file no-such-file: cannot be read"),
        ((), {"CONTRACT_PASSWORD": "a", "CONTRACT_PASSWORD_FILE": "b"}, "both set"),
    ],
)
def test_a_password_that_cannot_be_had_is_a_mistake(
    arguments: tuple[str, ...], variables: dict[str, str], named: str
) -> None:
    """A password that is given twice, or cannot be read or asked for, ends with 2."""
    ended = command_line("run", URL, "--host", VACANT, "--user", "alice", *arguments, folder=None, **variables)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert named in ended.stderr


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo\n", b"\xff\n"])
def test_a_file_that_holds_no_secret_is_a_mistake(content: bytes, tmp_path: Path) -> None:
    """A file for a secret holds one line of UTF-8; what else it holds is not shown."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    ended = command_line("run", URL, "--host", VACANT, "--app-key-file", str(path))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert f"--app-key-file {path}:" in ended.stderr
    assert "two" not in ended.stderr


@pytest.mark.parametrize(
    "option, content, user",
    [("password-file", "correct horse\n", 'user = "alice"\n'), ("app-key-file", "k3y", "")],
)
def test_a_secret_comes_from_a_file(
    option: str, content: str, user: str, serve: Callable[..., str], tmp_path: Path, folder: Path
) -> None:
    """A file that the options or the configuration name lets the suite in."""
    (tmp_path / "secret").write_text(content)
    config = _config(tmp_path, f'{_looking(serve(users=USERS))}{user}{option} = "secret"\n')
    ended = command_line("run", "--config", config, folder=folder)
    assert ended.returncode in (0, 4), ended.stdout + ended.stderr


def test_the_environment_wins_over_a_password_file_of_the_configuration(
    serve: Callable[..., str], tmp_path: Path, folder: Path
) -> None:
    """CONTRACT_PASSWORD is taken, though the configuration names a file with another password."""
    (tmp_path / "secret").write_text("wrong")
    config = _config(tmp_path, f'{_looking(serve(users=USERS))}user = "alice"\npassword-file = "secret"\n')
    ended = command_line("run", "--config", config, folder=folder, CONTRACT_PASSWORD="correct horse")
    assert ended.returncode in (0, 4), ended.stdout + ended.stderr


def test_a_password_is_asked_for_and_not_shown(serve: Callable[..., str], folder: Path) -> None:
    """--ask-password asks on the terminal, does not show what is typed, and uses it."""
    url = serve(users=USERS)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "contract_tests", "run", url, "--host", HOST, "--allow", "observe"]
    process = subprocess.Popen(
        [*command, "--user", "alice", "--ask-password", "--report-dir", str(folder)],
        cwd=ROOT,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = _read_until(ours, b"Password: ")
    os.write(ours, b"correct horse\n")
    output, _ = process.communicate(timeout=PATIENCE)
    os.close(ours)
    assert process.returncode in (0, 4), output
    assert b"correct horse" not in shown + output


def _read_until(terminal: int, words: bytes) -> bytes:
    shown = b""
    while words not in shown:
        shown += os.read(terminal, 1024)
    return shown


@given(st.sampled_from(["lifecycle.pause-leads", "errors.shape", "lock.sets"]), st.data())
def test_a_hint_finds_what_was_meant(name: str, data: Any) -> None:
    """A name with one character left out is near the name itself."""
    place = data.draw(st.integers(0, len(name) - 1))
    assert name in hint(name[:place] + name[place + 1 :], ["lifecycle.off-leads", "agent", name])
