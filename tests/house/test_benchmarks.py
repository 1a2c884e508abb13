"""The pages of figures: they say what was measured, and what follows from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.__main__ import RESULTS
from benchmarks.needs import Target, growth, needs


@pytest.mark.parametrize("name", ["PAGE", "PICTURE", "SCALE"])
def test_a_page_of_figures_is_that_of_the_results(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No figure was written by hand, or left behind by a later run."""
    committed: Path = getattr(report, name)
    for each in ("PAGE", "PICTURE", "SCALE"):
        monkeypatch.setattr(report, each, tmp_path / each)
    report.write(json.loads(RESULTS.read_text()))
    assert (tmp_path / name).read_text() == committed.read_text()


def size(hosts: int, read: float, action: float) -> dict[str, object]:
    """A size as it is measured: so many hosts, each of 1 KiB, planted at a thousand a second."""
    cost = {"read": {"emulator": 100.0, "database": read}, "action": {"emulator": 200.0, "database": action}}
    cost["action"] |= {"log": 2.0**20, "history": 1024.0}
    return {"hosts": hosts, "planting": hosts / 1000, "bytes": {"host": hosts * 1000, "change": hosts * 24}, **cost}


def test_needs_follow_from_the_slopes() -> None:
    """Costs that double with each tenfold do so up to the target; all else goes by the number of hosts or requests."""
    found = {"sizes": [size(100, 10, 20), size(1000, 20, 20), size(10_000, 40, 20)], "load": {"cost": 500.0}}
    assert growth(found, "read", "database") == pytest.approx(2)
    assert growth(found, "action", "database") == 1
    target = Target(hosts=2**20 * 100, requests=10_000, one_action_in=2, cores=10, busy=0.5)
    got = needs(found, target)
    assert got.emulator == pytest.approx(150)
    assert got.emulator_cores == pytest.approx(1.5)
    assert (got.emulator_servers, got.load_cores) == (1, 5.0)
    assert needs(found, Target(hosts=1_000_000, requests=1000, one_action_in=2)).database == pytest.approx(
        (160 + 20) / 2
    )
    assert (got.bytes_a_host, got.tables_gib, got.history_kib) == (1024, 100, 1000)
    assert got.log_mib == pytest.approx(5000)
    assert got.planting_hours == pytest.approx(2**20 * 100 / 1000 / 3600)
    assert got.hosts_a_server * got.database_servers == pytest.approx(target.hosts)
