"""Another contract, and no other code: the emulator serves it, the suite judges by it, and neither lags behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract_tests.running.selection import Choice
from tests.end_to_end.changed_contracts import CHANGES, changed_contract
from tests.faulty_servers.choosing import DEAR
from tests.suite.judging import VACANT, judge
from tests.suite.serving import emulator

SHORT = ("legal", "refused", "reading", "chosen-bodies")
"""What sees a contract that was changed, at little cost."""

RED = {
    "edge_removed": {"lifecycle.off-refused"},
    "edge_added": {"lifecycle.reboot-leads"},
    "state_added": {"operations.documented-answers"},
    "property_renamed": {"representation.complete"},
}
"""What the unchanged emulator breaks of each changed contract, at least."""


@contextmanager
def _changed_emulator(name: str, folder: Path) -> Iterator[tuple[str, Path]]:
    path = changed_contract(name, folder)
    with emulator("--contract", str(path)) as url:
        yield url, path


@pytest.mark.parametrize("name", CHANGES)
def test_both_sides_follow_a_changed_contract(name: str, tmp_path: Path) -> None:
    """An emulator that serves a changed contract holds every MUST of it."""
    choice = Choice(skip=DEAR[2:] if name == "state_added" else DEAR)  # races by another table once are enough
    with _changed_emulator(name, tmp_path) as (url, path):
        verdict = judge(url, tmp_path / "report", contract=path, hosts=(VACANT,), max_examples=3, choice=choice)
    assert verdict.code == 0, verdict.text
    if name == "state_added":  # it was entered, and what is refused there was tried
        assert verdict.record["statesSeen"]["SUSPENDED"] > 0
        assert verdict.record["operations"]["suspendInstance"].keys() >= {"202", "409", "404"}


@pytest.mark.parametrize("name", CHANGES)
def test_the_unchanged_emulator_breaks_a_changed_contract(name: str, tmp_path: Path) -> None:
    """An emulator that serves the built-in contract breaks the changed one where it was changed."""
    path = changed_contract(name, tmp_path)
    with emulator() as url:
        verdict = judge(url, tmp_path / "report", contract=path, hosts=(VACANT,), only=SHORT)
    assert verdict.code == 1, verdict.text
    assert verdict.failed() >= RED[name], verdict.text


@pytest.mark.parametrize("name", ["edge_removed", "edge_added", "property_renamed"])
def test_the_built_in_contract_is_broken_by_a_changed_emulator(name: str, tmp_path: Path) -> None:
    """An emulator that serves a changed contract breaks the built-in one."""
    with _changed_emulator(name, tmp_path) as (url, _):
        verdict = judge(url, tmp_path / "report", hosts=(VACANT,), only=SHORT)
    assert verdict.code == 1, verdict.text
