"""The state machine against the table that it is built from."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from contract import Edge, load_contract
from emulator.machine import IllegalTrigger, LifecycleMachine

LIFECYCLE = load_contract().lifecycle
MACHINE = LifecycleMachine(LIFECYCLE)
CELLS = [(state, trigger) for state in LIFECYCLE.states for trigger in LIFECYCLE.triggers]


@dataclass
class Record:
    """The least that the machine can move."""

    state: str


@pytest.mark.parametrize("edge", LIFECYCLE.edges, ids=lambda edge: f"{edge.state}-{edge.trigger}")
def test_a_legal_trigger_leads_where_the_table_says(edge: Edge) -> None:
    """Firing moves the record to what the edge passes through, and settling to each of its targets."""
    for target in (*edge.to, *([edge.otherwise] if edge.otherwise else [])):
        record = Record(edge.state)
        assert MACHINE.fire(record, edge.trigger) == edge
        assert record.state == (edge.via or edge.to[0])
        if edge.via:
            MACHINE.settle(record, target)
            assert record.state == target


@pytest.mark.parametrize("state, trigger", [cell for cell in CELLS if LIFECYCLE.edge(*cell) is None])
def test_an_illegal_trigger_is_refused_and_moves_nothing(state: str, trigger: str) -> None:
    """A cell without an edge raises, and the record stays where it is."""
    record = Record(state)
    with pytest.raises(IllegalTrigger, match=f"{trigger} is not legal in {state}"):
        MACHINE.fire(record, trigger)
    assert record.state == state


def test_the_machine_remembers_no_record() -> None:
    """A million records cost the machine nothing: it holds none of them."""
    record = Record(LIFECYCLE.absent)
    MACHINE.fire(record, "provision")
    machines = {id(event.machine): event.machine for event in MACHINE._events.values()}
    assert [machine.models for machine in machines.values()] == [[]]
