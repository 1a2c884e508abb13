"""`replay` and `rerun-failed`: what they send, what they say, and what becomes of the record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.app import create_app
from emulator.auth import Principal, User
from emulator.settings import Settings
from emulator.worlds import Worlds
from tests.suite.judging import EXAMPLE, HOST, command_line
from tests.suite.mending import Mended
from tests.suite.serving import serving

FAILING = "refused[pauseInstance,STOPPED]"
USERS = (User(Principal("alice", "alice"), "correct horse"),)


@pytest.fixture
def server() -> Mended:
    """The server, not mended."""
    return Mended()


@pytest.fixture
def url(server: Mended) -> Iterator[str]:
    """Where it is."""
    settings = Settings(port=0, seeds=(EXAMPLE,))
    with serving(server.around(create_app(settings, Worlds(settings)))) as url:
        yield url


@pytest.fixture
def failed(url: str, folder: Path) -> Path:
    """The report folder of a run of some tests, of which one failed."""
    ended = command_line("run", url, "--host", HOST, "--only", "refused[pause*", "--random-seed", "5", folder=folder)
    assert ended.returncode == 1, ended.stdout
    return folder


def _record(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "record.json").read_text()))


def _verdicts(folder: Path) -> dict[str, str]:
    return {row["id"]: row["verdict"] for row in _record(folder)["results"]}


def _sent_by(server: Mended) -> set[str]:
    """The tests that have sent something, from the User-Agent."""
    agents = {str(call.environ["HTTP_USER_AGENT"]) for call in server.calls}
    return {agent.partition("(")[2].rstrip(")") for agent in agents}


def test_a_failure_repeats_alone(failed: Path, server: Mended) -> None:
    """`replay` runs one test with the seed of the record, and says that it came to the same; the record stays."""
    before = (failed / "record.json").read_bytes()
    server.calls.clear()
    ended = command_line("replay", str(failed), FAILING)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert ended.stdout.endswith("as recorded: failed (lifecycle.pause-refused)\n")
    assert "--random-seed 5" in ended.stdout
    assert {FAILING} <= _sent_by(server) <= {FAILING, "start", "clean-up"}
    assert (failed / "record.json").read_bytes() == before
    assert _verdicts(failed / "replay" / "refused-pauseInstance-STOPPED") == {FAILING: "failed"}


def test_a_replay_says_that_it_was_mended(failed: Path, server: Mended) -> None:
    """Once the server is mended, `replay` ends with 0 and says what changed."""
    server.is_mended = True
    ended = command_line("replay", str(failed), FAILING)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith("recorded: failed (lifecycle.pause-refused); now: passed\n")


def test_only_what_failed_is_run_again(failed: Path, server: Mended) -> None:
    """`rerun-failed` sends the requests of the test that failed, and of no other; the old record is kept."""
    before = _verdicts(failed)
    assert sum(verdict == "passed" for verdict in before.values()) > 1
    server.calls.clear()
    ended = command_line("rerun-failed", str(failed))
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert _sent_by(server) == {FAILING, "start", "clean-up"}
    assert _verdicts(failed) == {FAILING: "failed"}
    record = _record(failed)
    sent = sum(row["requests"] for row in record["results"])
    assert sum(1 for call in server.calls if f"({FAILING})" in call.environ["HTTP_USER_AGENT"]) == sent
    assert {row["id"] for row in json.loads((failed / "record.1.json").read_text())["results"]} == before.keys()
    assert (failed / "exchanges.1.ndjson").exists()


def test_it_is_run_again_until_nothing_fails(failed: Path, server: Mended) -> None:
    """A mended server passes; then there is nothing to run again: exit code 2, for nothing was tested."""
    server.is_mended = True
    assert command_line("rerun-failed", str(failed)).returncode == 0
    ended = command_line("rerun-failed", str(failed))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "there is nothing to run again" in ended.stderr


def test_a_rerun_without_a_verdict_leaves_the_record(url: str, failed: Path, server: Mended) -> None:
    """When the server cannot be judged, the old record counts still: exit code 3."""
    before = (failed / "record.json").read_bytes()
    record = json.loads(before)
    record["target"]["url"] = "http://127.0.0.1:9"
    (failed / "record.json").write_text(json.dumps(record))
    ended = command_line("rerun-failed", str(failed))
    assert ended.returncode == 3, ended.stdout
    assert _record(failed) == record
    assert not (failed / "record.1.json").exists()


@pytest.mark.parametrize(
    "arguments, said",
    [
        (
            ("replay", "{}", "refused[pauseInstance,STOPED]"),
            "STOPED]'; did you mean refused[pauseInstance,",
        ),
        (("replay", "{}/none", FAILING), "there is no such file; expected the report folder of a run"),
        (("rerun-failed", "{}/none"), "there is no such file; expected the report folder of a run"),
        (("rerun-failed", "{}", "--contract", "{}/other.yaml"), "made by another contract"),
        (("replay", "{}", FAILING, "--password", "hunter2"), "--password is not taken from the command line"),
    ],
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], said: str, failed: Path) -> None:
    """A mistake ends with 2 and one line that says what is wrong; nothing is lost."""
    text = (Path(__file__).parents[2] / "openapi.yaml").read_text()
    (failed / "other.yaml").write_text(f"{text}\n# a change\n")
    before = (failed / "record.json").read_bytes()
    ended = command_line(*(word.format(failed) for word in arguments))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert said in ended.stderr
    assert "hunter2" not in ended.stderr
    assert (failed / "record.json").read_bytes() == before


def test_credentials_are_given_anew(serve: Callable[..., str], folder: Path) -> None:
    """A record holds no secrets: a replay on a guarded server needs them again, and says so without."""
    url, known = serve(users=USERS), {"CONTRACT_USER": "alice", "CONTRACT_PASSWORD": "correct horse"}
    assert command_line("run", url, "--host", HOST, "--only", "quiet", folder=folder, **known).returncode == 0
    assert command_line("replay", str(folder), "quiet[RUNNING]").returncode == 3
    assert command_line("replay", str(folder), "quiet[RUNNING]", folder=None, **known).returncode == 0
