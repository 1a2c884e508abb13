"""Random walks over triggers, the emulator against the lifecycle table as its model: never apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract import Edge, Operation, load_contract
from emulator.settings import Settings
from tests.emulator.conftest import EXAMPLE, VACANT, NewStore, Running, running
from tests.thorough import examples

CONTRACT = load_contract()
LIFECYCLE = CONTRACT.lifecycle
OPERATIONS = [(operation, operation.trigger) for operation in CONTRACT.operations.values() if operation.trigger]
Steps = list[tuple[Operation, str]]
WALK = settings(
    max_examples=examples(500),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
STEPS = st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=20)
DELAY = 10.0

TIMING = f"default: {{fixed: {DELAY}}}\nimport: {{fixed: 0}}\n"


@pytest.fixture(scope="module")
def instant(new_store: NewStore) -> Iterator[Running]:
    """An emulator on the real clock, where actions take effect at once."""
    with running(Settings(seeds=(EXAMPLE,), clock="real", store=new_store())) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def slow(new_store: NewStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An emulator on a frozen clock, where every action takes ten seconds."""
    timing: Path = tmp_path_factory.mktemp("timing") / "ten.yaml"
    timing.write_text(TIMING)
    settings_ = Settings(seeds=(EXAMPLE,), clock="frozen", timing=str(timing), store=new_store())
    with running(settings_) as emulator:
        yield emulator


@dataclass
class Model:
    """What the table says of one instance: its state, and where it is going."""

    state: str = "ABSENT"
    target: str | None = None

    def fire(self, edge: Edge) -> None:
        """Take the first step along the edge; an import here finds no machine and stays where it passes."""
        self.state = edge.via or edge.to[0]
        self.target = edge.to[0] if edge.via and len(edge.to) == 1 else None

    def settle(self) -> None:
        """Come to where the action leads."""
        self.state, self.target = self.target or self.state, None


def send(emulator: Running, trigger: str, path: str, method: str) -> int:
    """Send the request of a trigger; an import names no machine."""
    suffix = path.rpartition("/instance")[2]
    body: list[str] | None = [] if trigger == "import" else None
    return emulator.request(method, VACANT + suffix, json=body).status_code


def expected_status(state: str, edge: Edge | None, success: int) -> int:
    """What the contract answers: the operation's success, or the refusal of this state."""
    if edge is not None:
        return success
    return 404 if state == "ABSENT" else 409


@WALK
@given(steps=STEPS)
def test_a_walk_in_real_time_agrees_with_the_table(instant: Running, steps: Steps) -> None:
    """With instant timing each answer and each state after it is the table's."""
    instant.request("DELETE", VACANT)
    model = Model()
    for operation, trigger in steps:
        edge = LIFECYCLE.edge(model.state, trigger)
        status = send(instant, trigger, operation.path, operation.method)
        assert status == expected_status(model.state, edge, operation.success), (model, operation.id)
        if edge:
            model.fire(edge)
            model.settle()
        assert instant.state() == model.state


@WALK
@given(steps=STEPS, waits=st.lists(st.sampled_from([0.0, DELAY / 2, DELAY]), min_size=20, max_size=20))
def test_a_walk_on_a_virtual_clock_agrees_with_the_table(slow: Running, steps: Steps, waits: list[float]) -> None:
    """With slow actions the state on the way, and the moment when it settles, are the model's too."""
    slow.request("DELETE", VACANT)
    model, due = Model(), 0.0
    for (operation, trigger), wait in zip(steps, waits, strict=False):
        edge = LIFECYCLE.edge(model.state, trigger)
        status = send(slow, trigger, operation.path, operation.method)
        assert status == expected_status(model.state, edge, operation.success), (model, operation.id)
        if edge:
            model.fire(edge)
            due = DELAY
        assert slow.state() == model.state
        slow.world.clock.advance(wait)
        due -= wait
        if model.target and due <= 0:
            model.settle()
        assert slow.state() == model.state
