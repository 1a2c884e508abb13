"""The lifecycle as a map: which moves there are from where, and which to make next so that all are made.

It knows one thing that the table does not say: an operation of the feature `forget` leaves a machine behind, which
only an import brings back. So a tour imports and deletes what it made the platform forget.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from contract import Contract, Edge, Operation

FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Node:
    """Where a host is: the settled state of its instance, and that of the machine that was forgotten, if any."""

    state: str
    forgotten: str | None = None


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

    def __init__(self, contract: Contract, usable: Callable[[Operation], bool]) -> None:
        self.lifecycle = contract.lifecycle
        self.triggering = tuple(one for one in contract.operations.values() if one.trigger and usable(one))

    def moves(self, node: Node) -> list[Move]:
        """The moves from a node, in the order of the document."""
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

    def all_moves(self, start: Node) -> list[Move]:
        """Every move that can be reached from a node."""
        seen, queue, found = {start}, deque([start]), dict[tuple[str, str, str], Move]()
        while queue:
            node = queue.popleft()
            for move in self.moves(node):
                found.setdefault(move.key, move)
                if (following := self.after(node, move)) not in seen:
                    seen.add(following)
                    queue.append(following)
        return list(found.values())

    def route(
        self,
        start: Node,
        wanted: Callable[[Node, Move | None], bool],
        usable: Callable[[Move], bool] | None = None,
    ) -> tuple[Move, ...] | None:
        """The fewest moves to the first that is wanted, itself included; None without a way.

        `wanted` is asked for the start, without a move, and then for each node with the move that leads there.
        """
        if wanted(start, None):
            return ()
        ways: dict[Node, tuple[Move, ...]] = {start: ()}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for move in filter(usable or _any, self.moves(node)):
                following = self.after(node, move)
                way = (*ways[node], move)
                if wanted(following, move):
                    return way
                if following not in ways:
                    ways[following] = way
                    queue.append(following)
        return None

    def next_moves(
        self, node: Node, done: set[tuple[str, str, str]], broken: set[tuple[str, str, str]]
    ) -> tuple[Move, ...] | None:
        """The way to the next move that was not made yet; None when all are.

        Instances are kept as long as there is something to do with them, and forgotten before they are deleted:
        a provision can take minutes.
        """
        absent = self.lifecycle.absent

        def fresh(_: Node, move: Move | None) -> bool:
            return move is not None and move.key not in done

        def keeps(move: Move) -> bool:
            return absent not in (move.edge.state, move.target)

        def keeps_machine(move: Move) -> bool:
            return move.target != absent or move.operation.feature == FORGET

        for allowed in (keeps, keeps_machine, _any):
            way = self.route(node, fresh, _both(allowed, broken))
            if way:
                return way
        return None


def _any(_: Move) -> bool:
    return True


def _both(allowed: Callable[[Move], bool], broken: set[tuple[str, str, str]]) -> Callable[[Move], bool]:
    return lambda move: allowed(move) and move.key not in broken
