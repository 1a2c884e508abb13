"""Options, by argument and by environment variable; and every mistake in one line that names the mend."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import click
import pytest

from emulator.commands.serve import serve
from tests.emulator.conftest import DOCUMENTED, ROOT, VACANT
from tests.emulator.processes import run, serving

USERS = ROOT / "fixtures" / "users.yaml"
EXAMPLE = ROOT / "fixtures" / "documentation-example.yaml"
CONTRACT = ROOT / "openapi.yaml"
BY_ENVIRONMENT: dict[str, tuple[str, Any]] = {
    "HOST": ("127.0.0.9", "127.0.0.9"),
    "PORT": ("8080", 8080),
    "READY_FILE": ("/tmp/ready.json", Path("/tmp/ready.json")),
    "SEEDS": ("a.yaml:b.yaml", (Path("a.yaml"), Path("b.yaml"))),
    "FLEET": ("7", 7),
    "RANDOM_SEED": ("-3", -3),
    "CONTRACT": ("other.yaml", Path("other.yaml")),
    "AUTH": ("ann:a:b bob:c", ("ann:a:b", "bob:c")),
    "APP_KEYS": ("one two", ("one", "two")),
    "TIMING": ("realistic", "realistic"),
    "CLOCK": ("x60", "x60"),
    "BASE_PATH": ("/api", "/api"),
    "NO_CONTROL": ("1", True),
    "CONTROL_TOKEN": ("t", "t"),
    "LOG_FORMAT": ("json", "json"),
    "STORE": ("sqlite:///a.db", "sqlite:///a.db"),
    "WORKERS": ("3", 3),
    "SERVER": ("granian", "granian"),
    "JOURNAL_BYTES": ("1000", 1000),
    "JUDGE_CLIENT": ("1", True),
    "FAIL_ON_VIOLATION": ("yes", True),
    "REPORT_DIR": ("/tmp/reports", Path("/tmp/reports")),
    "TROUBLE": ("busy flaky", ("busy", "flaky")),
    "STOP_WITH_PARENT": ("true", True),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to be written by the test."""
    return tmp_path / "file.yaml"


@pytest.mark.parametrize("name", BY_ENVIRONMENT)
def test_an_option_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Each option has a variable of its own, and its help says so."""
    text, value = BY_ENVIRONMENT[name]
    monkeypatch.setenv(f"HYPERVISOR_EMULATOR_{name}", text)
    context = serve.make_context("serve", [])
    assert context.params[name.lower()] == value
    assert f"[env var: HYPERVISOR_EMULATOR_{name}" in re.sub(r"\s+", " ", serve.get_help(context))


def test_no_option_lacks_a_variable() -> None:
    """The table above has every option."""
    options = {parameter.name for parameter in serve.params if isinstance(parameter, click.Option)}
    assert options == {name.lower() for name in BY_ENVIRONMENT}


def test_a_server_can_be_set_up_by_its_environment() -> None:
    """Variables alone make a server that asks for credentials, below a path, on a frozen clock."""
    env = {
        "HYPERVISOR_EMULATOR_AUTH": "ann:secret",
        "HYPERVISOR_EMULATOR_APP_KEYS": "key",
        "HYPERVISOR_EMULATOR_BASE_PATH": "/api/",
        "HYPERVISOR_EMULATOR_CLOCK": "frozen",
        "HYPERVISOR_EMULATOR_TIMING": "polls:2",
    }
    with serving(env=env) as process:
        assert process.url.endswith("/api")
        assert process.ask("GET", f"/api{DOCUMENTED}")[0] == 401
        key = {"X-ComodIT-AppKey": "key"}
        assert process.ask("PUT", f"/api{DOCUMENTED}/_pause", headers=key)[0] == 202
        states = [process.ask("GET", f"/api{DOCUMENTED}", headers=key)[1]["state"] for _ in range(3)]
        assert states == ["PENDING", "PENDING", "PAUSED"]
        assert process.ask("GET", "/api/_emulator/clock")[1]["rate"] == 0


def test_options_of_the_command_line(file: Path) -> None:
    """Users, seeds, a timing file and no control API, by argument."""
    file.write_text("default: {fixed: 1000}\n")
    arguments = ["--seed", "documentation-example", "--seed", str(USERS), "--auth", "ann:a:b", "--auth", "bob:"]
    with serving(*arguments, "--timing", str(file), "--no-control", "--random-seed", "5") as process:
        ann = {"Authorization": "Basic YW5uOmE6Yg=="}
        assert process.ask("GET", DOCUMENTED, headers={"X-ComodIT-AppKey": "admin-key"})[0] == 401
        assert process.ask("GET", DOCUMENTED, headers={"Authorization": "Basic Ym9iOg=="})[0] == 200
        assert process.ask("POST", VACANT, headers=ann)[1]["state"] == "PENDING"
        assert process.ask("GET", "/_emulator/health", headers=ann)[0] == 404


def test_open_asks_for_no_credentials_whatever_users_there_are() -> None:
    """`--auth open` stands above the users of the seeds."""
    with serving("--seed", "documentation-example", "--seed", "users", "--auth", "open") as process:
        assert process.ask("GET", DOCUMENTED)[0] == 200


def mistake(*arguments: str, env: dict[str, str] | None = None) -> str:
    """Run what cannot run: exit code 2, nothing on standard output, one line on standard error, no traceback."""
    done = run(*arguments, env=env)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.startswith("hypervisor-emulator: ")
    assert done.stderr.endswith("\n")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


MISTAKES = {
    "an unknown option": (["--prot", "1"], "'--prot'", "--port"),
    "an unknown argument": (["8795"], "unexpected extra argument", "8795"),
    "a port that is a word": (["--port", "http"], "'--port'", "not a valid integer"),
    "a port out of range": (["--port", "65536"], "'--port'", "0<=x<=65535"),
    "an option without a value": (["--port"], "--port", "requires an argument"),
    "a log format": (["--log-format", "xml"], "'--log-format'", "'json'"),
    "users without a password": (["--auth", "ann"], "--auth", "USER:PASSWORD"),
    "users without a name": (["--auth", ":secret"], "--auth", "USER:PASSWORD"),
    "open and not open": (["--auth", "open", "--auth", "a:b"], "--auth open", "give it alone"),
    "open with a key": (["--auth", "open", "--app-key", "k"], "--auth open", "give it alone"),
    "a clock": (["--clock", "fast"], "--clock", "real, frozen, or xN"),
    "a clock of nothing": (["--clock", "x0"], "--clock", "real, frozen, or xN"),
    "a clock that is no number": (["--clock", "xnan"], "--clock", "real, frozen, or xN"),
    "a timing of no polls": (["--timing", "polls:0"], "--timing polls:0", "polls:3"),
    "a timing of too many polls": (["--timing", f"polls:{'9' * 5000}"], "--timing polls:9", "polls:3"),
    "a timing that is no file": (["--timing", "fast"], "fast", "realistic"),
    "a base path without a slash": (["--base-path", "api"], "--base-path 'api'", "/api"),
    "a base path with a space": (["--base-path", "/a b"], "--base-path '/a b'", "/api"),
    "a base path with a parameter": (["--base-path", "/<a>"], "--base-path '/<a>'", "/api"),
    "a base path with a query": (["--base-path", "/a?b"], "--base-path '/a?b'", "/api"),
    "a base path of dots": (["--base-path", "/a/.."], "--base-path '/a/..'", "/api"),
    "a base path of slashes": (["--base-path", "//a"], "--base-path '//a'", "/api"),
    "a host that is none": (["--host", "no.such.host.invalid"], "no.such.host.invalid", "--port"),
    "an address of elsewhere": (["--host", "203.0.113.7"], "203.0.113.7", "--port"),
    "a seed that is not there": (["--seed", "/no/such/seed.yaml"], "/no/such/seed.yaml", "No such file"),
    "a seed that is a folder": (["--seed", "/"], "/", "irectory"),
    "a contract that is not there": (["--contract", "/no/such.yaml"], "/no/such.yaml", "No such file"),
    "a ready file in no folder": (
        ["--port", "0", "--ready-file", "/no/such/f"],
        "--ready-file /no/such/f",
        "No such file",
    ),
    "a ready file that is a folder": (["--port", "0", "--ready-file", "/"], "'--ready-file'", "is a directory"),
    "a negative fleet": (["--fleet", "-1"], "'--fleet'", "0<=x"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_that_names_the_thing_and_the_mend(name: str) -> None:
    """Exit code 2, one line on standard error, no traceback."""
    arguments, thing, mend = MISTAKES[name]
    line = mistake("serve", *arguments)
    assert thing in line
    assert mend in line


def test_a_busy_port_is_named() -> None:
    """The line names the address and the port, and says how to take another."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = mistake("serve", "--port", str(port))
    assert f"127.0.0.1 port {port}: Address already in use; choose another with --port" in line


@pytest.mark.parametrize(
    "option, text, line, message",
    [
        ("--seed", "organizations:\n  - nam: a\n", 2, "nam"),
        ("--seed", "organizations: [\n\n", 3, ""),
        ("--seed", "a: 1\na: 2\n", 2, "a"),
        ("--seed", "\x00", 1, ""),
        ("--timing", "start: {fixed: 1}\npauze: {fixed: 2}\n", 2, "pauze"),
        ("--timing", "start: {fixed: -1}\n", 1, "-1"),
        ("--contract", "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: [\n", 4, ""),
        ("--contract", "openapi: 3.1.0\npaths: {}\n", 1, "info"),
    ],
)
def test_a_broken_file_is_named_with_its_line(file: Path, option: str, text: str, line: int, message: str) -> None:
    """FILE:LINE, then what is wrong there."""
    file.write_text(text)
    said = mistake("serve", option, str(file))
    assert re.search(rf"{re.escape(str(file))}:{line}\b", said), said
    assert message in said


def test_a_lifecycle_that_is_broken_is_named_with_its_line(file: Path) -> None:
    """A contract whose lifecycle has an unknown state is refused where that stands."""
    text = CONTRACT.read_text().replace("via: PENDING\n          to: PAUSED", "via: PENDING\n          to: PAUSE", 1)
    file.write_text(text)
    number = next(n for n, line in enumerate(text.splitlines(), 1) if line.strip() == "to: PAUSE")
    said = mistake("serve", "--contract", str(file))
    assert f"{file}:{number}" in said
    assert "PAUSE" in said


@pytest.mark.parametrize(
    "name, text, thing", [("PORT", "x", "--port"), ("LOG_FORMAT", "xml", "--log-format"), ("AUTH", "x", "--auth")]
)
def test_a_mistake_in_the_environment_is_named_like_one_in_an_option(name: str, text: str, thing: str) -> None:
    """A variable is as strict as its option."""
    assert thing in mistake("serve", env={f"HYPERVISOR_EMULATOR_{name}": text})


@pytest.mark.parametrize(
    "arguments", [["sreve"], ["--prot"], ["wait"], ["wait", "--timeout", "-1", "http://x"], ["fleet"]]
)
def test_other_mistakes_are_one_line_too(arguments: list[str]) -> None:
    """So it is for every command."""
    assert len(mistake(*arguments)) > 40
