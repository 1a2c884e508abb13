"""The application itself: what it cannot serve, and what it says when it breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.app import create_app
from emulator.errors import StartError
from emulator.memory import MemoryStore
from emulator.records import Host
from emulator.settings import Settings
from tests.emulator.conftest import DOCUMENTED, EXAMPLE, ROOT, Start
from tests.emulator.raw_http import request, send

CONTRACT = ROOT / "openapi.yaml"


class BrokenStore(MemoryStore):
    """A store with a fault in it."""

    def host(self, *_: str) -> Host:
        """It finds no host."""
        raise ZeroDivisionError("the fault")


def test_a_fault_of_its_own_is_a_500_that_says_so(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """The client gets an error in its shape, the log where it broke, and the next world is served."""
    emulator = start()
    emulator.world.store = BrokenStore()
    answer = send(emulator, request("GET", DOCUMENTED))
    assert answer.status == 500
    assert "ZeroDivisionError" in answer.messages()[0]
    assert "the fault" not in answer.messages()[0]
    assert "the fault" in caplog.text
    emulator.worlds.reset()
    assert send(emulator, request("GET", DOCUMENTED)).status == 200


def test_an_operation_that_it_knows_nothing_to_do_for_is_refused_at_start(tmp_path: Path) -> None:
    """A contract may have new triggers, but an operation without one must be known."""
    contract = tmp_path / "contract.yaml"
    contract.write_text(CONTRACT.read_text().replace("getVnc", "getConsole"))
    with pytest.raises(StartError, match=r"contract\.yaml: .* nothing to do for the operation 'getConsole'"):
        create_app(Settings(contract=contract, seeds=(EXAMPLE,)))
