"""The map and the tour: every legal move is made, and machines are provisioned as seldom as can be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise

import pytest

from contract import Contract, Operation, load_contract
from contract_tests.moving.moves import is_path
from contract_tests.moving.tour import Map, Move, Node
from contract_tests.running.plan import plan_for

CONTRACT = load_contract()


def _tour(contract: Contract, usable: Callable[[Operation], bool] = lambda _: True) -> list[Move]:
    """The moves of a whole tour from no instance, each of which begins where the one before it led."""
    chart, node = Map(contract, usable), Node(contract.lifecycle.absent)
    made: list[Move] = []
    for start, move in chart.tour(node):
        assert start == node
        assert move in chart.moves(node)
        made.append(move)
        node = chart.after(node, move)
    assert node == Node(contract.lifecycle.absent)
    return made


def test_a_tour_makes_every_legal_move() -> None:
    """Every edge from a settled state is made, an alias like what it stands for."""
    made = {(move.edge.state, move.operation.id) for move in _tour(CONTRACT)}
    lifecycle = CONTRACT.lifecycle
    legal = {
        (edge.state, operation.id)
        for edge in lifecycle.edges
        for operation in CONTRACT.operations.values()
        if operation.trigger == edge.trigger and edge.state not in lifecycle.transient
    }
    assert made == legal


def test_a_tour_provisions_three_times() -> None:
    """A deletion from each of three states needs three machines; all else goes on with them."""
    made = [move.operation.id for move in _tour(CONTRACT)]
    assert made.count("provisionInstance") == 3
    assert len(made) <= 30


def test_a_tour_brings_forgotten_machines_back() -> None:
    """After a machine was forgotten, the next move imports it."""
    made = _tour(CONTRACT)
    for move, following in pairwise(made):
        if move.operation.feature == "forget" and move.edge.state != CONTRACT.lifecycle.unknown:
            assert (following.operation.feature, following.known) == ("import", True)
            assert following.target == move.edge.state


@pytest.mark.parametrize("feature", ["import", "stop-alias"])
def test_a_tour_without_a_feature_makes_the_rest(feature: str) -> None:
    """What the server does not claim is not tried; without an import, no machine is forgotten."""
    made = _tour(CONTRACT, lambda operation: operation.feature != feature)
    features = {move.operation.feature for move in made}
    assert feature not in features
    assert ("forget" in features) is (feature != "import")
    assert {move.target for move in made} >= {"RUNNING", "PAUSED", "STOPPED", "ABSENT"}


def test_a_route_is_the_cheapest() -> None:
    """Three actions are made rather than one provision; without another way the machine is made anew."""
    chart = Map(CONTRACT)
    route = chart.route(Node("UNDEFINED"), Node("PAUSED"))
    assert route is not None
    assert [move.operation.id for move in route] == ["deleteInstance", "provisionInstance", "pauseInstance"]
    again = chart.route(Node("STOPPED"), Node("PAUSED"))
    assert again is not None
    assert [move.operation.id for move in again] == ["startInstance", "pauseInstance"]


def test_a_plan_follows_the_tour() -> None:
    """In the plan a cell comes where the tour has just arrived: what stays first, then the move that leads on."""
    ids = [check.id for check in plan_for(CONTRACT)]
    assert ids.index("legal[provisionInstance,ABSENT]") < ids.index("refused[startInstance,RUNNING]")
    assert ids.index("refused[startInstance,RUNNING]") < ids.index("legal[pauseInstance,RUNNING]")
    assert ids.index("legal[pauseInstance,RUNNING]") < ids.index("refused[pauseInstance,PAUSED]")


def test_a_plan_is_the_same_everywhere() -> None:
    """The order of the plan depends on the contract alone, not on how this process hashes strings."""
    script = (
        "from contract import *; from contract_tests.running.plan import *; "
        "print([check.id for check in plan_for(load_contract())])"
    )
    plans = {
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(plans) == 1


def test_every_cell_has_its_check() -> None:
    """Every state in which an instance can rest, with every trigger: legal, or refused; and once under lock."""
    plan = plan_for(CONTRACT)
    lifecycle = CONTRACT.lifecycle
    settled = [name for name, state in lifecycle.states.items() if state.kind != "transient"]
    cells = {(state, one.id) for state in settled for one in CONTRACT.operations.values() if one.trigger}
    tried = {(one.cell.state, one.operation) for one in plan if one.cell and one.name in ("legal", "refused")}
    assert tried == cells
    locked = {(one.cell.state, one.operation) for one in plan if one.cell and one.name == "locked"}
    assert locked == {(state, operation) for state, operation in cells if state != lifecycle.absent}


def test_a_route_goes_around_what_is_broken() -> None:
    """A way is found without the moves that do not work, or none."""
    chart = Map(CONTRACT, lambda _: True)

    def way(goal: str, *broken: str) -> list[str] | None:
        found = chart.route(Node("RUNNING"), Node(goal), lambda move: move.operation.id not in broken)
        return None if found is None else [move.operation.id for move in found]

    assert way("STOPPED") == ["shutdownInstance"]
    assert way("STOPPED", "shutdownInstance", "stopInstance") == ["powerOffInstance"]
    assert way("PAUSED", "pauseInstance", "forgetInstance") is None


@pytest.mark.parametrize(
    "seen, lawful",
    [
        ("R P S", True),
        ("P S", True),
        ("S", True),
        ("R S", True),
        ("S R S", False),
        ("P R S", False),
        ("R P", False),
        ("R X S", False),
        ("", False),
    ],
)
def test_a_path_goes_forward_only(seen: str, lawful: bool) -> None:  # noqa: FBT001 - a column of the table
    """A poller may miss stations, and never sees one again, another one, or an end that is none."""
    assert is_path(seen.split(), ["R", "P", "S"]) is lawful


def test_a_reboot_may_never_be_seen() -> None:
    """A way that ends where it began is lawful whether the station between was seen or not."""
    assert is_path(["R"], ["R", "P", "R"])
    assert is_path(["R", "P", "R"], ["R", "P", "R"])
    assert not is_path(["R", "P", "R", "P"], ["R", "P", "R"])
