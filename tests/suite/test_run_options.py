"""What `run` judges when it is told to judge less: --only, --skip, --profile, --baseline, --feature, --without."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from contract import load_contract
from emulator.app import create_app
from emulator.settings import Settings
from emulator.worlds import Worlds
from tests.faulty_servers.middle import Answer, Call, Changed, Forward, refusal
from tests.suite.judging import EXAMPLE, HOST, command_line
from tests.suite.serving import serving

TODAY = dt.datetime.now(dt.UTC).date()
PAUSE = "lifecycle.pause-refused"
TEST = "refused[pauseInstance,STOPPED]"


def _wrong_twice(application: Any) -> Changed:
    """A server that accepts a pause of a machine that is switched off, and whose console has a port that is no text."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 200 and call.action == "vnc":
            return honest.saying({**honest.value, "port": 5911})
        is_pause = honest.status == 409 and call.action == "_pause"
        return Answer(202) if is_pause and forward(call.at("", "GET")).value.get("state") == "STOPPED" else honest

    return Changed(application, answer)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the faulty server is."""
    settings = Settings(port=0, seeds=(EXAMPLE,))
    with serving(_wrong_twice(create_app(settings, Worlds(settings)))) as url:
        yield url


def _record(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "record.json").read_text()))


def _verdicts(folder: Path) -> dict[str, str]:
    return {name: row["verdict"] for name, row in _record(folder)["requirements"].items()}


def _baseline(folder: Path, *rows: tuple[str, int]) -> str:
    """A baseline with rows that expire in so many days."""
    path = folder / "known.toml"
    path.write_text(
        "\n".join(
            f'[[known]]\nid = "{name}"\nreason = "to be mended"\nexpires = {TODAY + dt.timedelta(days)}\n'
            for name, days in rows
        )
    )
    return str(path)


@pytest.mark.parametrize(
    "choice, code",
    [
        (("--only", PAUSE), 1),
        (("--only", "lifecycle.reboot-refused"), 0),
        (("--only", "refused[pauseInstance,PAUSED]", "--only", TEST), 1),
        (("--only", "refused[rebootInstance,STOPPED]"), 0),
        (("--only", "rebootInstance", "--skip", "histories"), 0),
        (("--only", "refused[p*", "--skip", PAUSE), 0),
    ],
)
def test_a_choice_decides_what_counts(choice: tuple[str, ...], code: int, url: str, folder: Path) -> None:
    """What was chosen and passed ends with 0, whatever else is wrong; what was chosen and broken ends with 1."""
    ended = command_line("run", url, "--host", HOST, *choice, folder=folder)
    assert ended.returncode == code, ended.stdout + ended.stderr
    record = _record(folder)
    assert record["run"]["only"] == [name for flag, name in pairwise(choice) if flag == "--only"]
    assert [row["id"] for row in record["results"]] == record["plan"]["tests"]


def test_only_a_requirement_judges_that_requirement(url: str, folder: Path) -> None:
    """With --only REQUIREMENT every other is not run, and the record says why."""
    command_line("run", url, "--host", HOST, "--only", PAUSE, folder=folder)
    rows = _record(folder)["requirements"]
    assert rows.keys() == load_contract().requirements.keys()
    assert rows.pop(PAUSE)["verdict"] == "failed"
    assert {(row["verdict"], row["reason"]) for row in rows.values()} == {("not-run", "left out by --only or --skip")}


@pytest.mark.parametrize("profile, code", [("documented", 0), ("client", 0), ("full", 1)])
def test_a_profile_decides_what_counts(profile: str, code: int, url: str, folder: Path) -> None:
    """A rule that only this project states does not count in the profiles of the documentation and the client."""
    only = ("--only", "pauseInstance", "--skip", "histories")
    ended = command_line("run", url, "--host", HOST, *only, "--profile", profile, folder=folder)
    assert ended.returncode == code, ended.stdout
    record = _record(folder)
    assert record["target"]["profile"] == profile
    row = record["requirements"][PAUSE]
    expected = ("failed", None) if profile == "full" else ("not-run", f"outside the profile {profile}")
    assert row["verdict"] == expected[0]
    assert expected[1] is None or row["reason"] == expected[1]


@pytest.mark.parametrize(
    "rows, code, said",
    [
        (((PAUSE, 0),), 0, f"note: known: {PAUSE}: to be mended"),
        (((TEST, 30),), 0, f"note: known: {PAUSE}: to be mended"),
        (((PAUSE, -1),), 1, f"and counts again: {PAUSE}: to be mended"),
        ((("console.strings", 30),), 1, "lifecycle.pause-refused  MUST"),
        (((PAUSE, 30), ("refused[pauseInstance,PAUSED]", 30)), 0, "its row can go: refused[pauseInstance,PAUSED]"),
    ],
)
def test_a_baseline_is_red_only_on_worse(
    rows: tuple[tuple[str, int], ...], code: int, said: str, url: str, folder: Path, tmp_path: Path
) -> None:
    """Known failures do not count until their day is over; the console says what is known, expired, and mended."""
    known = ("--baseline", _baseline(tmp_path, *rows))
    ended = command_line("run", url, "--host", HOST, "--only", PAUSE, "--skip", "histories", *known, folder=folder)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert said in ended.stdout
    assert ("but for 1 that the baseline knows (exit code 0)" in ended.stdout) is (code == 0)
    assert _verdicts(folder)[PAUSE] == "failed"


def test_a_baseline_that_is_wrong_is_a_mistake(url: str, folder: Path, tmp_path: Path) -> None:
    """A row without a known id ends with 2 and one line, before anything is sent."""
    known = ("--baseline", _baseline(tmp_path, ("lifecycle.pause-refussed", 3)))
    ended = command_line("run", url, "--host", HOST, *known, folder=folder)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "row 1: id 'lifecycle.pause-refussed'" in ended.stderr
    assert "did you mean lifecycle.pause-refused" in ended.stderr


def test_features_are_declared_and_observed(serve: Callable[..., str], folder: Path) -> None:
    """The record has what was declared and what was seen; a difference is a note, and what is declared is judged."""

    def without_vnc(call: Call, forward: Forward) -> Answer:
        return refusal(404, "not offered") if call.action == "vnc" else forward(call)

    url = serve(around=lambda application: Changed(application, without_vnc))
    only = ("--only", "vnc", "--only", "lock", "--skip", "histories")
    ended = command_line("run", url, "--host", HOST, *only, "--without", "forget", folder=folder)
    assert ended.returncode == 1, ended.stdout
    features = _record(folder)["features"]
    assert features["vnc"] == {"declared": True, "observed": False}
    assert features["forget"] == {"declared": False, "observed": True}
    assert features["lock"] == {"declared": True, "observed": True}
    assert features["agent"] == {"declared": True, "observed": None}
    assert "note: the feature vnc is expected and was not found; say --without vnc" in ended.stdout
    assert "note: the feature forget was found and is not declared: it is not judged" in ended.stdout


def test_features_that_are_declared_leave_the_others_out(serve: Callable[..., str], folder: Path) -> None:
    """With --feature only those are expected that it names."""
    declared = ("--feature", "vnc", "--feature", "lock")
    ended = command_line("run", serve(), "--host", HOST, *declared, "--only", "quiet", folder=folder)
    assert ended.returncode == 0, ended.stdout
    features = _record(folder)["features"]
    assert {name for name, row in features.items() if row["declared"]} == {"vnc", "lock"}
    assert set(_record(folder)["target"]["without"]) == features.keys() - {"vnc", "lock"}


def test_what_is_incomplete_ends_with_4(serve: Callable[..., str], folder: Path) -> None:
    """A run that may only read, and is asked for everything, is incomplete: exit code 4."""
    ended = command_line("run", serve(), "--host", HOST, "--allow", "observe", folder=folder)
    assert ended.returncode == 4
    assert "(exit code 4)" in ended.stdout
