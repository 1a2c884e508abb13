"""`run --dry-run`: what it says of a run before anything is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from contract import load_contract
from contract_tests.running.plan import plan_for
from tests.faulty_servers.choosing import DEAR
from tests.faulty_servers.middle import Answer, Call, Changed, Forward
from tests.suite.judging import HOST, VACANT, command_line

URL = "http://127.0.0.1:9"


def _figures(output: str) -> tuple[int, ...]:
    """Tests, requests, provisions and power cycles."""
    words = r"(\d+) tests; .* about (\d+) requests, (\d+) provisions, (\d+) power cycles"
    found = re.search(words, output)
    assert found, output
    return tuple(map(int, found.groups()))


def test_it_prints_the_plan_and_sends_nothing(serve: Callable[..., str], folder: Path) -> None:
    """Every check of the plan has its line; nothing is sent and nothing is written."""
    calls: list[Call] = []

    def note(call: Call, forward: Forward) -> Answer:
        calls.append(call)
        return forward(call)

    url = serve(around=lambda application: Changed(application, note))
    ended = command_line("run", url, "--host", HOST, "--host", VACANT, "--dry-run", folder=folder)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith("nothing was sent\n")
    assert calls == []
    assert not folder.exists()
    plan = plan_for(load_contract())
    assert _figures(ended.stdout)[0] == len(plan)
    for name in {check.name for check in plan}:
        count = sum(1 for check in plan if check.name == name)
        assert re.search(rf"^  {name} +{count} tests?$", ended.stdout, re.MULTILINE)


def test_what_it_says_is_about_what_a_run_does(serve: Callable[..., str], folder: Path) -> None:
    """Requests, provisions and power cycles of a real run are those that were foretold, within a factor of two."""
    url = serve()
    arguments = (
        "run",
        url,
        "--host",
        HOST,
        "--host",
        VACANT,
        "--max-examples",
        "1",
        *(word for name in DEAR for word in ("--skip", name)),
    )
    _, requests, provisions, power = _figures(command_line(*arguments, "--dry-run").stdout)
    ended = command_line(*arguments, folder=folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    exchanges = [json.loads(line) for line in (folder / "exchanges.ndjson").read_text().splitlines()]
    record = json.loads((folder / "record.json").read_text())
    actions = [row for row in exchanges if row.get("response", {}).get("status") == 202]
    cycles = [row for row in actions if row["operation"] != "forgetInstance"]
    for foretold, done in (
        (requests, len(exchanges)),
        (provisions, len(record["resources"]["created"])),
        (power, len(cycles)),
    ):
        assert foretold / 2 <= done <= foretold * 2


@pytest.mark.parametrize(
    "arguments, tests, provisions",
    [
        (("--allow", "observe"), sum(1 for one in plan_for(load_contract()) if str(one.level) == "observe"), 0),
        (("--allow", "power"), sum(1 for one in plan_for(load_contract()) if str(one.level) != "full"), 0),
        (("--only", "quiet"), 5, None),
    ],
)
def test_it_knows_the_level_and_the_choice(arguments: tuple[str, ...], tests: int, provisions: int | None) -> None:
    """Tests that the level does not allow are counted apart, with the reason; nothing is made that may not be."""
    ended = command_line("run", URL, "--host", HOST, "--host", VACANT, "--dry-run", *arguments)
    figures = _figures(ended.stdout)
    assert figures[0] == tests
    assert provisions is None or figures[2] == provisions
    assert ("(needs --allow full)" in ended.stdout) is ("--allow" in arguments)


def test_more_examples_are_more_requests() -> None:
    """--max-examples makes the figures larger."""
    few, many = (
        _figures(command_line("run", URL, "--host", HOST, "--dry-run", "--max-examples", count).stdout)
        for count in ("1", "100")
    )
    assert many[1] > few[1] * 2


def test_the_environment_cannot_say_it(folder: Path) -> None:
    """A variable must not make every run green: CONTRACT_DRY_RUN is of no use."""
    ended = command_line("run", URL, "--host", HOST, folder=folder, CONTRACT_DRY_RUN="1")
    assert ended.returncode == 3
    assert "does not answer" in ended.stderr


def test_a_choice_of_nothing_is_a_mistake_here_too() -> None:
    """A choice that leaves no test ends with 2, as it would without --dry-run."""
    ended = command_line("run", URL, "--host", HOST, "--dry-run", "--only", "quiet", "--skip", "quiet")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "no test is left" in ended.stderr
