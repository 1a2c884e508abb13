"""Which requests are sent together from a state: pairs of triggers that can get in each other's way, and bursts.

All from the lifecycle table. A pair in which one trigger is refused whatever the other does is no race; such triggers
come together in one burst. A machine is deleted as late as possible, and never forgotten before anybody read its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement

from contract import Operation
from contract_tests.moving.tour import FORGET, Map, Move, Node

MOST = 8
"""Requests that are sent together at most: the search is quick for so many, and a server is not overrun."""

LOOKS = 2
"""Looks among the requests of a burst."""


@dataclass(frozen=True, slots=True)
class Volley:
    """Operations to be sent together; looks are among them."""

    operations: tuple[Operation, ...]

    def __str__(self) -> str:
        counts = Counter(operation.id for operation in self.operations)
        return ", ".join(name if count == 1 else f"{count} times {name}" for name, count in counts.items())


class Volleys:
    """The volleys of a contract, as far as its map goes: without what the server does not offer or the level forbids.

    `look` is the operation that shows an instance.
    """

    def __init__(self, plan: Map, look: Operation) -> None:
        self._plan = plan
        self._lifecycle = plan.lifecycle
        self._look = look

    def pairs(self, state: str) -> list[Volley]:
        """Two triggers each: one legal in the state, the other there or after it; and each alias with its original."""
        moves = self._plan.moves(Node(state))
        own = [move for move in moves if move.operation.alias_of is None]
        found = [(one.operation, other.operation) for one, other in combinations_with_replacement(own, 2)]
        found += [(move.operation, other) for move in own for other in self._after(state, move)]
        by_id = {move.operation.id: move.operation for move in own}
        found += [
            (by_id[move.operation.alias_of], move.operation) for move in moves if move.operation.alias_of in by_id
        ]
        return self._in_order(Volley(pair) for pair in found if not self._loses_machine(pair))

    def bursts(self, state: str) -> list[Volley]:
        """Each legal trigger many times, all of them at once, and one with those that nothing makes legal."""
        own = [move.operation for move in self._plan.moves(Node(state)) if move.operation.alias_of is None]
        looks = (self._look,) * LOOKS
        room = MOST - LOOKS
        found = [(*(operation,) * room, *looks) for operation in own]
        found += [(*mixed, *looks) for mixed in self._mixed(own, room)]
        refused = [one for one in self._triggers() if self._lifecycle.edge(state, str(one.trigger)) is None]
        if own and refused:
            first = min(own, key=self._ends)
            others = [one for one in refused if not self._loses_machine((first, one))]
            found.append((first, *others[: room - 1], *looks))
        return self._in_order(Volley(operations) for operations in found)

    def _mixed(self, own: list[Operation], room: int) -> Iterator[tuple[Operation, ...]]:
        """What keeps the instance, twice each; and all that is legal, once each."""
        keeping = [one for one in own if not self._ends(one)]
        if len(keeping) > 1:
            yield tuple(keeping * 2)[:room]
        if len(own) > len(keeping) > 0:
            yield tuple(own[-room:])

    def _after(self, state: str, move: Move) -> Iterator[Operation]:
        """The triggers that are refused in the state and accepted on the way of the move, or at its end."""
        places = [place for place in (move.edge.via, move.target) if place]
        for operation in self._triggers():
            trigger = str(operation.trigger)
            if self._lifecycle.edge(state, trigger) is None and any(
                self._lifecycle.edge(place, trigger) for place in places
            ):
                yield operation

    def _triggers(self) -> Iterator[Operation]:
        return (operation for operation in self._plan.triggering if operation.alias_of is None)

    def _loses_machine(self, operations: Iterable[Operation]) -> bool:
        """Whether a machine may be made and forgotten before a look has shown its name, by which it could be found."""
        forgets = any(one.feature == FORGET for one in operations)
        return forgets and any(self._makes(one) for one in operations)

    def _makes(self, operation: Operation) -> bool:
        edge = self._lifecycle.edge(self._lifecycle.absent, str(operation.trigger))
        return edge is not None and len(edge.to) == 1

    def _ends(self, operation: Operation) -> bool:
        targets = [edge.to for edge in self._lifecycle.edges if edge.trigger == operation.trigger]
        return (self._lifecycle.absent,) in targets

    def _in_order(self, volleys: Iterable[Volley]) -> list[Volley]:
        """What keeps the instance first, what forgets it next, what deletes it last."""

        def cost(volley: Volley) -> int:
            ends = [one for one in volley.operations if self._ends(one)]
            return sum({1 if one.feature == FORGET else 2 for one in ends})

        return sorted(volleys, key=cost)
