"""The map and the tour: every legal move is made, and machines are provisioned as seldom as can be."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from contract import Contract, Operation, load_contract
from contract_tests.moves import is_path
from contract_tests.tour import Map, Move, Node

CONTRACT = load_contract()


def _tour(contract: Contract, usable: Callable[[Operation], bool] = lambda _: True) -> list[Move]:
    """The moves of a whole tour from no instance, on a server that does everything right."""
    chart, node = Map(contract, usable), Node(contract.lifecycle.absent)
    done: set[tuple[str, str, str]] = set()
    made: list[Move] = []
    while way := chart.next_moves(node, done, set()):
        move = way[0]
        assert move in chart.moves(node)
        done.add(move.key)
        made.append(move)
        node = chart.after(node, move)
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


def test_a_route_goes_around_what_is_broken() -> None:
    """A way is found without the moves that do not work, or none."""
    chart = Map(CONTRACT, lambda _: True)

    def way(goal: str, *broken: str) -> list[str] | None:
        found = chart.route(
            Node("RUNNING"), lambda node, _: node == Node(goal), lambda move: move.operation.id not in broken
        )
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
