"""Whole runs: conforming servers of several kinds are judged green, and trouble is told from faults."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract_tests.running import run
from contract_tests.running.registry import Check
from contract_tests.running.selection import Choice
from contract_tests.running.target import Level
from tests.faulty_servers.choosing import DEAR
from tests.faulty_servers.middle import Answer, Call, Changed, Forward
from tests.suite.judging import HOST, QUICK, VACANT, judge
from tests.suite.serving import emulator

NOT_DEAR = Choice(skip=DEAR)
"""Everything but the tests that take long, which have tests of their own, and are seen here on the emulator."""
ON_THE_WAY = ("legal", "refused", "pending", "quiet", "new-machine")
"""What meets instances that are on their way."""

SLOW = "default: {uniform: [0.02, 0.1]}\n"
ODD = """
organizations:
  - name: "Ünïted 100%"
    environments:
      - name: "a?b#c {d}"
        hosts: [{name: "..dots & ☃ 'quotes\\""}]
"""


def test_the_emulator_is_judged_green(folder: Path) -> None:
    """The emulator, as a process, holds every MUST that the suite judges, on two hosts."""
    with emulator() as url:
        verdict = judge(url, folder, hosts=(HOST, VACANT), max_examples=8)
    assert verdict.code == 0, verdict.text
    assert verdict.verdict("identity.distinct") == "passed"
    assert verdict.verdict("isolation.other-hosts") == "passed"


@pytest.mark.parametrize("timing", ["slow", "polls:3"])
def test_a_slow_emulator_is_judged_green(timing: str, folder: Path, tmp_path: Path) -> None:
    """A server that takes its time shows PENDING, and is judged by what it accepts and refuses there."""
    (tmp_path / "slow").write_text(SLOW)
    with emulator("--timing", timing if ":" in timing else str(tmp_path / timing)) as url:
        verdict = judge(url, folder, hosts=(VACANT,), settle_timeout=20.0, only=ON_THE_WAY)
    assert verdict.code == 0, verdict.text
    for rule in ("pending-accepts", "pending-refuses", "pending-delete", "forget-lets-settle"):
        assert verdict.verdict(f"lifecycle.{rule}") == "passed"


def test_a_fast_server_need_not_show_pending(serve: Callable[..., str], folder: Path) -> None:
    """On a server that is done at once the rules of PENDING do not apply, and are not passed."""
    verdict = judge(serve(), folder, only=("legal", "pending"))
    assert verdict.verdict("lifecycle.pending-refuses") == "not-applicable"


def test_names_may_be_odd(folder: Path, tmp_path: Path) -> None:
    """Names with spaces, signs and other alphabets reach their host."""
    seed = tmp_path / "odd.yaml"
    seed.write_text(ODD)
    with emulator("--seed", str(seed)) as url:
        verdict = judge(url, folder, hosts=("Ünïted 100%/a?b#c {d}/..dots & ☃ 'quotes\"",), choice=NOT_DEAR)
    assert verdict.code == 0, verdict.text


def test_a_base_path_is_part_of_the_url(serve: Callable[..., str], folder: Path) -> None:
    """A server below a path is judged by a URL with that path."""
    verdict = judge(serve(base_path="/the/api") + "/the/api", folder, only=QUICK)
    assert verdict.code == 0, verdict.text


def test_a_feature_can_be_left_out(serve: Callable[..., str], folder: Path) -> None:
    """A server without a feature is green when it does not claim it, and red when it seems to."""

    def without_vnc(application: Any) -> Changed:
        def answer(call: Call, forward: Forward) -> Answer:
            return forward(call) if call.action != "vnc" else forward(call.at("files"))

        return Changed(application, answer)

    url = serve(around=without_vnc)
    honest = judge(url, folder, without=("vnc",), only=QUICK)
    assert honest.code == 0, honest.text
    assert honest.verdict("console.access") == "not-applicable"
    claiming = judge(url, folder, only=QUICK)
    assert claiming.code == 1
    assert "console.access" in claiming.failed()


def _cutting(which: Callable[[dict[str, Any]], bool]) -> Callable[[Any], Any]:
    """A server that cuts the line in the middle of some answers."""

    def around(application: Any) -> Any:
        def broken(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            if not which(environ):
                return application(environ, start_response)
            start_response("202 Accepted", [("Content-Length", "100")])
            return _cut_short()

        return broken

    return around


def _cut_short() -> Iterator[bytes]:
    yield b"{"
    raise OSError("the line is cut")


def test_a_lost_reply_is_no_fault(serve: Callable[..., str], folder: Path) -> None:
    """A write whose answer never comes whole is inconclusive, and sent once for each check: exit code 4."""
    cut: list[str] = []

    def is_reboot(environ: dict[str, Any]) -> bool:
        if environ["REQUEST_METHOD"] != "PUT" or not environ["PATH_INFO"].endswith("/_reboot"):
            return False
        cut.append(environ["HTTP_USER_AGENT"])
        return True

    verdict = judge(serve(around=_cutting(is_reboot)), folder, only=QUICK)
    assert verdict.code == 4, verdict.text
    assert verdict.verdict("lifecycle.reboot-leads") == "inconclusive"
    assert not verdict.failed()
    lost = Counter(row["check"] for row in _exchanges(folder) if row.get("error"))
    assert lost["legal[rebootInstance,RUNNING]"] == 1
    assert lost == Counter(agent.partition("(")[2].removesuffix(")") for agent in cut)


def test_a_server_that_dies_ends_the_run(serve: Callable[..., str], folder: Path) -> None:
    """A server that stops answering in the middle ends the run with 3, in seconds and with a record."""
    calls: list[str] = []

    def is_late(environ: dict[str, Any]) -> bool:
        calls.append(environ["PATH_INFO"])
        return len(calls) > 300

    verdict = judge(serve(around=_cutting(is_late)), folder)
    assert verdict.code == 3
    assert "does not answer any more" in verdict.record["summary"]["sentence"]
    assert len(calls) < 330


def test_a_server_that_breaks_a_rule_and_dies_is_red(serve: Callable[..., str], folder: Path) -> None:
    """What was found before a server stopped answering counts: exit code 1, and what was not looked at is said."""
    calls: list[str] = []

    def is_late(environ: dict[str, Any]) -> bool:
        calls.append(environ["PATH_INFO"])
        return len(calls) > 1500

    def around(application: Any) -> Any:
        def answer(call: Call, forward: Forward) -> Answer:
            return forward(call.at("_off") if (call.method, call.action) == ("PUT", "_pause") else call)

        return _cutting(is_late)(Changed(application, answer))

    verdict = judge(serve(around=around), folder)
    assert verdict.code == 1, verdict.text
    assert "lifecycle.pause-leads" in verdict.failed()
    last = verdict.record["results"][-1]
    assert last["verdict"] == "not-run"
    assert "does not answer any more" in last["reason"]


def test_a_broken_check_is_not_blamed_on_the_server(
    serve: Callable[..., str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check of the suite that breaks is an error, with its traceback: exit code 3."""

    def breaks(_: object) -> None:
        raise ZeroDivisionError("a mistake in the suite")

    broken = Check("broken", "a broken check", Level.OBSERVE, ("lifecycle.path",), breaks)
    monkeypatch.setattr(run, "plan_for", lambda _: (broken,))
    verdict = judge(serve(), folder)
    assert verdict.code == 3
    assert "the suite itself broke in broken" in verdict.text
    assert "ZeroDivisionError" in verdict.record["results"][0]["notes"][0]


def _exchanges(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "exchanges.ndjson").read_text().splitlines()]


def test_a_failure_tells_rule_request_and_answer(serve: Callable[..., str], folder: Path) -> None:
    """A failure shows the requirement, its sentence, a command to repeat it, what was expected and what came."""

    def no_pause(application: Any) -> Changed:
        def answer(call: Call, forward: Forward) -> Answer:
            return forward(call.at("_off") if call.action == "_pause" else call)

        return Changed(application, answer)

    text = judge(serve(around=no_pause), folder, only=QUICK).text
    part = text[text.index("lifecycle.pause-leads") :]
    for words in (
        "An accepted pause MUST lead from RUNNING to PAUSED.",
        "pauseInstance in RUNNING",
        "sent      curl -i -X PUT http://127.0.0.1:",
        "expected  PAUSED (Only what runs can be held.)",
        "got       STOPPED",
    ):
        assert words in part
