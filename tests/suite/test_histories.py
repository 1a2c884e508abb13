"""Walks drawn at random: they find what only a history shows, send the same for the same seed, and stay affordable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from contract_tests.checks import history_steps
from contract_tests.checks.histories import STEPS, walks
from contract_tests.running.target import Level
from tests.faulty_servers.catalogue import FAULTS
from tests.faulty_servers.middle import Answer, Call, Changed, Forward
from tests.patience import PATIENCE
from tests.suite.judging import HOST, VACANT, Verdict, judge

ONLY = ("histories",)
INSTANCE = "/organizations/Guardis Test/environments/Test Environment/hosts/test-host-on-Hyp3/instance"
SLOW = "default: {fixed: 0.2}\n"

Sent = list[tuple[str, str]]


def _noting(sent: Sent) -> Callable[[Any], Changed]:
    """A server in between that notes the method and the action of every write."""

    def note(call: Call, forward: Forward) -> Answer:
        if call.method != "GET":
            sent.append((call.method, call.action))
        return forward(call)

    return lambda application: Changed(application, note)


def _row(verdict: Verdict) -> dict[str, Any]:
    return next(row for row in verdict.record["results"] if row["id"] == "histories")


def test_walks_are_judged_green_on_the_emulator(serve: Callable[..., str], folder: Path) -> None:
    """On a right server all walks are walked to their end, through most of what can be done where, and none fails."""
    verdict = judge(serve(), folder, only=ONLY, hosts=(VACANT,), max_examples=12)
    row = _row(verdict)
    assert row["verdict"] == "passed", verdict.text
    assert row["figures"]["walks"] == walks(12) == 4
    assert row["figures"]["steps"] > 4 * STEPS * 0.8
    assert row["figures"]["cells"] > 30


@pytest.mark.parametrize(
    "name",
    [
        "an-instance-pauses-once",
        "mac-changes-with-the-third-restart",
        "machines-come-back-from-a-pool",
        "a-lock-wears-out",
        "a-machine-is-forgotten-once",
    ],
)
def test_a_fault_of_memory_is_found_by_walks_alone(name: str, folder: Path) -> None:
    """A server that is right the first time is caught by the walks, by what it breaks, and the way there is told."""
    fault = FAULTS[name]
    with fault.start() as url:
        verdict = judge(url, folder, only=ONLY, hosts=(VACANT,), max_examples=12)
    assert verdict.failed() == fault.requirements, verdict.text
    assert any(
        "the walk until then: " in note and "provisionInstance in ABSENT" in note for note in _row(verdict)["notes"]
    )


def test_a_walk_ends_at_its_first_fault(serve: Callable[..., str], folder: Path) -> None:
    """What comes after a fault says nothing: each walk has one finding at most."""

    def gone(application: Any) -> Changed:
        def answer(call: Call, forward: Forward) -> Answer:
            return forward(call.at("_off") if call.action == "_pause" else call)

        return Changed(application, answer)

    row = _row(judge(serve(around=gone), folder, only=ONLY, hosts=(VACANT,), max_examples=12))
    assert row["verdict"] == "failed"
    assert 1 <= len(row["findings"]) <= row["figures"]["walks"]


def test_the_same_seed_walks_the_same_way(serve: Callable[..., str], tmp_path: Path) -> None:
    """Two runs with one seed send the same writes in the same order, and another seed sends others."""

    def writes(name: str, seed: int) -> Sent:
        sent: Sent = []
        url = serve(around=_noting(sent))
        judge(url, tmp_path / name, only=ONLY, hosts=(VACANT,), max_examples=6, random_seed=seed)
        return sent

    first = writes("first", 5)
    assert first == writes("again", 5)
    assert first != writes("other", 6)


def test_power_walks_on_the_instance_that_is_there(serve: Callable[..., str], folder: Path) -> None:
    """With --allow power the walks make and delete nothing, and leave the instance in the state it had."""
    sent: Sent = []
    url = serve(around=_noting(sent))
    before = requests.get(url + INSTANCE, timeout=PATIENCE).json()
    verdict = judge(url, folder, only=ONLY, hosts=(HOST,), level=Level.POWER, max_examples=6)
    assert _row(verdict)["verdict"] == "passed", verdict.text
    assert not {("DELETE", ""), ("POST", ""), ("POST", "properties"), ("PUT", "_forget")} & set(sent)
    assert Counter(sent)["PUT", "_pause"] > 0
    after = requests.get(url + INSTANCE, timeout=PATIENCE).json()
    assert (after["state"], after["locked"]) == (before["state"], before["locked"])


def test_a_slow_server_is_walked_less(
    serve: Callable[..., str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first action takes long, only a few more are made; the walks still say what they saw."""
    monkeypatch.setattr(history_steps, "BUDGET_SECONDS", 0.4)
    timing = tmp_path / "slow.yaml"
    timing.write_text(SLOW)
    verdict = judge(serve(timing=str(timing)), folder, only=ONLY, hosts=(VACANT,), max_examples=30)
    row = _row(verdict)
    assert row["verdict"] == "passed", verdict.text
    assert row["figures"]["walks"] == 1
    assert row["figures"]["moves"] == history_steps.FEWEST_MOVES
