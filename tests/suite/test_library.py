"""The suite as a library: a verdict for a program, with nothing on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.library import judge
from contract_tests.running.selection import Choice
from contract_tests.running.target import TargetError
from tests.faulty_servers.middle import Answer, Call, Changed, Forward
from tests.suite.judging import VACANT


def test_a_program_gets_the_verdict(serve: Callable[..., str], folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A conforming server is 0, with the record at hand; nothing is printed."""
    verdict = judge(serve(), [VACANT], folder, choice=Choice(only=("legal",)))
    assert verdict.exit_code == 0, verdict.sentence
    assert verdict.verdict("lifecycle.pause-leads") == "passed"
    assert verdict.failed() == set()
    assert capfd.readouterr() == ("", "")


def test_a_program_sees_what_failed(serve: Callable[..., str], folder: Path) -> None:
    """A fault is 1, and named by its requirement."""

    def switches_off(call: Call, forward: Forward) -> Answer:
        return forward(call.at("_off") if (call.method, call.action) == ("PUT", "_pause") else call)

    url = serve(around=lambda application: Changed(application, switches_off))
    verdict = judge(url, [VACANT], folder, choice=Choice(only=("legal",)))
    assert verdict.exit_code == 1
    assert verdict.failed() == {"lifecycle.pause-leads"}
    assert verdict.sentence == "the contract is broken: 1 MUST failed"


def test_no_server_is_no_verdict(folder: Path) -> None:
    """What does not answer is 3, with a sentence."""
    verdict = judge("http://127.0.0.1:1", [VACANT], folder)
    assert verdict.exit_code == 3
    assert verdict.sentence.startswith("http://127.0.0.1:1 does not answer")


def test_what_cannot_be_used_raises(folder: Path) -> None:
    """A host that is none is an exception with one line."""
    with pytest.raises(TargetError, match="expected ORG/ENV/HOST"):
        judge("http://127.0.0.1:1", ["nonsense"], folder)
