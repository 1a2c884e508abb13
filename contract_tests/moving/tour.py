"""The lifecycle as a map: which moves there are from where, the cheapest way to a place, and a tour through them all.

It knows one thing that the table does not say: an operation of the feature `forget` leaves a machine behind, which
only an import brings back. So a tour imports and deletes what it made the platform forget.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

from contract import Contract, Edge, Operation

FORGET = "forget"

NEW_MACHINE, NEW_RECORD, ACTION = 60, 3, 1
"""What a move costs: a provision can take minutes, a known machine is soon found, all else is quick."""


@dataclass(frozen=True, slots=True)
class Node:
    """Where a host is: the settled state of its instance, and that of the machine that was forgotten, if any."""

    state: str
    forgotten: str | None = None

    def __str__(self) -> str:
        return f"{self.state} with a machine that was forgotten in {self.forgotten}" if self.forgotten else self.state


@dataclass(frozen=True, slots=True)
class Move:
    """A legal operation and where it leads. `known`: an import of the machine that was forgotten."""

    operation: Operation
    edge: Edge
    target: str
    known: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """The cell: state, operation, target."""
        return (self.edge.state, self.operation.id, self.target)

    def __str__(self) -> str:
        return f"{self.operation.id} in {self.edge.state}"


class Map:
    """The moves of a contract. `usable` tells which operations may be sent and are claimed by the server."""

    def __init__(self, contract: Contract, usable: Callable[[Operation], bool] = lambda _: True) -> None:
        self.lifecycle = contract.lifecycle
        self.triggering = tuple(one for one in contract.operations.values() if one.trigger and usable(one))
        self._moves: dict[Node, list[Move]] = {}

    def moves(self, node: Node) -> list[Move]:
        """The moves from a node, in the order of the document."""
        if node not in self._moves:
            self._moves[node] = self._found(node)
        return self._moves[node]

    def _found(self, node: Node) -> list[Move]:
        edges = [(one, self.lifecycle.edge(node.state, str(one.trigger))) for one in self.triggering]
        found = [move for one, edge in edges if edge for move in self._of_edge(node, one, edge)]
        # a forgotten machine is brought back first: nothing else must take its place
        return [move for move in found if move.known] if node.forgotten else found

    def _of_edge(self, node: Node, operation: Operation, edge: Edge) -> Iterable[Move]:
        if len(edge.to) == 1:
            if operation.feature != FORGET or self._can_come_back(node.state):
                yield Move(operation, edge, edge.to[0])
            return
        if node.forgotten:
            yield Move(operation, edge, node.forgotten, known=True)
        elif self.lifecycle.unknown in edge.to:
            yield Move(operation, edge, str(self.lifecycle.unknown))

    def _can_come_back(self, state: str) -> bool:
        if state == self.lifecycle.unknown:
            return True
        edges = [self.lifecycle.edge(self.lifecycle.absent, str(one.trigger)) for one in self.triggering]
        return any(edge is not None and len(edge.to) > 1 and state in edge.to for edge in edges)

    def after(self, node: Node, move: Move) -> Node:
        """Where a move leads from a node."""
        leaves_machine = move.operation.feature == FORGET and node.state != self.lifecycle.unknown
        if move.target == self.lifecycle.absent and leaves_machine:
            return Node(move.target, forgotten=node.state)
        return Node(move.target)

    def all_moves(self, start: Node) -> dict[tuple[str, str, str], tuple[Node, Move]]:
        """Every move that can be reached from a node, by its cell, with the node where it begins."""
        found: dict[tuple[str, str, str], tuple[Node, Move]] = {}
        for node in self.graph(start):
            for move in self.moves(node):
                found.setdefault(move.key, (node, move))
        return found

    def graph(self, start: Node, usable: Callable[[Move], bool] = lambda _: True) -> nx.MultiDiGraph[Node]:
        """The places that can be reached from a node. Each edge has its `move` and what it costs, its `weight`."""
        graph: nx.MultiDiGraph[Node] = nx.MultiDiGraph()
        graph.add_node(start)
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for move in filter(usable, self.moves(node)):
                following = self.after(node, move)
                if following not in graph:
                    queue.append(following)
                graph.add_edge(node, following, move=move, weight=self.cost(move))
        return graph

    def cost(self, move: Move) -> int:
        """What a move costs, as a share of what a start or a stop does."""
        if move.edge.state != self.lifecycle.absent:
            return ACTION
        return NEW_RECORD if len(move.edge.to) > 1 else NEW_MACHINE

    def route(
        self, start: Node, goal: Node, usable: Callable[[Move], bool] = lambda _: True
    ) -> tuple[Move, ...] | None:
        """The cheapest moves from a node to another; None without a way."""
        if start == goal:
            return ()
        graph = self.graph(start, usable)
        try:
            path = nx.dijkstra_path(graph, start, goal)
        except (nx.NetworkXNoPath, nx.NodeNotFound):
            return None
        return tuple(_cheapest(graph, here, there) for here, there in pairwise(path))

    def tour(self, start: Node) -> Iterator[tuple[Node, Move]]:
        """Moves from a node, each where the one before it led, that make every cell that can be reached once at least.

        The cheapest closed tour where there is one (the postman's: a flow of least cost, then an Eulerian circuit);
        where a lifecycle has places from which nothing leads back, the cells in the order in which they are found.
        """
        cells = self.all_moves(start)
        circuit = _circuit(self, self.graph(start), start, cells)
        yield from circuit if circuit is not None else cells.values()


def _cheapest(graph: nx.MultiDiGraph[Node], here: Node, there: Node) -> Move:
    ways = graph.get_edge_data(here, there).values()
    move: Move = min(ways, key=lambda way: way["weight"])["move"]
    return move


def _circuit(
    plan: Map, graph: nx.MultiDiGraph[Node], start: Node, cells: dict[tuple[str, str, str], tuple[Node, Move]]
) -> list[tuple[Node, Move]] | None:
    """A closed tour over every cell; None when the places are not all connected both ways."""
    if not cells or not nx.is_strongly_connected(graph):
        return None
    made: list[tuple[Node, Move]] = list(cells.values())
    degree = Counter[Node]()
    for node, move in made:
        degree[node] += 1
        degree[plan.after(node, move)] -= 1
    made += _balance(plan, graph, degree)
    tour: nx.MultiDiGraph[Node] = nx.MultiDiGraph()
    for number, (node, move) in enumerate(made):
        tour.add_edge(node, plan.after(node, move), key=number)
    if start not in tour or not nx.is_eulerian(tour):
        return None
    return [made[number] for *_, number in nx.eulerian_circuit(tour, source=start, keys=True)]


def _balance(plan: Map, graph: nx.MultiDiGraph[Node], degree: Mapping[Node, int]) -> Iterator[tuple[Node, Move]]:
    """Further moves, the cheapest, after which each place is left as often as it is entered."""
    flow: nx.DiGraph[Node] = nx.DiGraph()
    for node in graph:
        flow.add_node(node, demand=degree[node])
    for here, there in dict.fromkeys(graph.edges()):  # in one order, so that every plan of a contract is the same
        if here != there:
            flow.add_edge(here, there, weight=plan.cost(_cheapest(graph, here, there)))
    for here, ways in nx.min_cost_flow(flow).items():
        for there, times in ways.items():
            yield from [(here, _cheapest(graph, here, there))] * times
