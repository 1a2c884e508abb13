"""Whether requests that were sent together were answered as if they had come one after the other.

A search after Wing and Gong over the lifecycle table of a contract. It looks for an order of the calls that the table
allows and that respects who was answered before whom began. Three things make it wider than the textbook's. What is
on its way may settle at any time between two calls. A call whose answer was lost may have had its effect, at any time
after it began, or none. And a look may lag: the contract lets a poller see the source, then what the instance passes
through, then the target, so it may still see a station that the instance has left, but never an earlier one than a
look before it saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from math import inf

from contract import Lifecycle

LIMIT = 100_000
"""Configurations that are tried before the search gives up; eight calls need a few hundred."""

PUT_OFF = 503
"""The status of a server that cannot serve now: the one above 500 that says that nothing was done."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that began at `start` and was answered with `status` at `end`, in seconds.

    `trigger` None: a look, which saw `seen`; `rests` when the instance had come to rest before. `status` None: no
    answer came; `end` then says nothing. Of a trigger 2xx is accepted, 404 refused without an instance, 409 refused
    with one; any other refusal tells nothing, and neither does a trigger that was put off with 503.
    """

    start: float
    end: float
    trigger: str | None
    status: int | None = None
    seen: str | None = None
    rests: bool = False

    @property
    def is_accepted(self) -> bool:
        """Whether the answer says that the trigger takes effect."""
        return self.trigger is not None and self.status is not None and 200 <= self.status < 300

    @property
    def is_lost(self) -> bool:
        """Whether a trigger may have taken effect and nobody knows: no answer, or one that is no refusal."""
        if self.trigger is None or self.status == PUT_OFF:
            return False
        return self.status is None or not 200 <= self.status < 500

    @property
    def tells(self) -> bool:
        """Whether the call says anything about the instance."""
        if self.trigger is None:
            return self.seen is not None
        return self.is_accepted or self.is_lost or self.status in (404, 409)


class Verdict(StrEnum):
    """What a search has found out: an order, that there is none, or nothing within its limit."""

    EXPLAINED = "explained"
    NOT_EXPLAINED = "not explained"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict with the longest legal order that was found: numbers of calls, as they were given."""

    verdict: Verdict
    longest: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance is. `now` is its state; `targets` are where it is going, none when it has settled.

    `otherwise` is where it settles when the action fails; `trail` are the states that a look that lags may still see.
    """

    now: str
    targets: tuple[str, ...] = ()
    otherwise: str | None = None
    trail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Point:
    """A configuration of the search: a place, the calls left as bits, the calls placed, the last one first."""

    place: Place
    left: int
    order: tuple[int, object] | None = None


class Search:
    """Looks for orders of calls on one instance.

    `lagging` False: looks see what is, as on a server that decides and shows under one lock. `failing` True: the last
    action may fail in the world, and the instance settle where its edge says for that case. `arriving` True: what
    counted as settled at first may only have been on its way there, by an action that leads back to where it began.
    """

    def __init__(
        self,
        lifecycle: Lifecycle,
        calls: Iterable[Call],
        *,
        lagging: bool = True,
        failing: bool = False,
        arriving: bool = False,
        limit: int = LIMIT,
    ) -> None:
        self._lifecycle = lifecycle
        self._lagging = lagging
        self._failing = failing
        self._arriving = arriving
        self._limit = limit
        numbered = [(number, call) for number, call in enumerate(calls) if call.tells]
        numbered.sort(key=lambda pair: pair[1].start)
        self._numbers = [number for number, _ in numbered]
        self._calls: Sequence[Call] = [call for _, call in numbered]
        self._ends = [inf if call.is_lost else call.end for call in self._calls]
        self._needed = self._bits(lambda call: not call.is_lost)
        self._accepted = self._bits(lambda call: call.is_accepted)

    def explain(self, state: str) -> Explanation:
        """Whether some order of the calls is legal for an instance that has settled in this state."""
        best: _Point | None = None
        count = 0
        for point in islice(self._points(state), self._limit):
            count += 1
            if best is None or point.left.bit_count() < best.left.bit_count():
                best = point
            if not point.left & self._needed:
                return Explanation(Verdict.EXPLAINED, self._order(point))
        verdict = Verdict.UNKNOWN if count == self._limit else Verdict.NOT_EXPLAINED
        return Explanation(verdict, self._order(best))

    def ends(self, state: str) -> frozenset[str] | None:
        """Every state in which the instance may settle after all calls, none when no order is legal.

        None when there are too many orders to try.
        """
        found: set[str] = set()
        count = 0
        for point in islice(self._points(state), self._limit):
            count += 1
            if not point.left & self._needed:
                found.update(point.place.targets or (point.place.now,))
        return None if count == self._limit else frozenset(found)

    def _points(self, state: str) -> Iterator[_Point]:
        """Every configuration that can be reached, each once."""
        everything = self._bits(lambda _: True)
        todo = [_Point(place, everything) for place in self._starts(state)]
        known: set[tuple[Place, int]] = set()
        while todo:
            point = self._without_idle(todo.pop())
            if (point.place, point.left) in known:
                continue
            known.add((point.place, point.left))
            yield point
            todo.extend(_Point(place, point.left, point.order) for place in self._settled(point))
            for index in self._ready(point.left):
                places = self._after(point.place, self._calls[index])
                todo.extend(_placed(point, index, place) for place in places)

    def _starts(self, state: str) -> Iterator[Place]:
        yield Place(state)
        if self._arriving:
            ways = {edge.via for edge in self._lifecycle.edges if edge.state == state and state in edge.to}
            yield from (Place(via, (state,), trail=(state,)) for via in sorted(via for via in ways if via))

    def _without_idle(self, point: _Point) -> _Point:
        """Place what fits and changes nothing at once: that loses no order, and keeps the search small."""
        waiting = True
        while waiting:
            waiting = False
            for index in self._ready(point.left):
                if tuple(self._after(point.place, self._calls[index])) == (point.place,):
                    point = _placed(point, index, point.place)
                    waiting = True
        return point

    def _ready(self, left: int) -> list[int]:
        """The calls that began before any other of those left was answered."""
        found: list[int] = []
        first_end = inf
        while left:
            index = (left & -left).bit_length() - 1
            if self._calls[index].start > first_end:
                break
            found.append(index)
            first_end = min(first_end, self._ends[index])
            left &= left - 1
        return found

    def _settled(self, point: _Point) -> Iterator[Place]:
        for target in point.place.targets:
            yield Place(target)
        otherwise = point.place.otherwise
        if self._failing and otherwise and not point.left & self._accepted:
            yield Place(otherwise)

    def _after(self, place: Place, call: Call) -> Iterator[Place]:
        """Where the instance may be after a call; nothing when the call does not fit here."""
        if call.trigger is None:
            yield from self._looked(place, call)
            return
        edge = self._lifecycle.edge(place.now, call.trigger)
        if edge is None:
            absent = place.now == self._lifecycle.absent
            if call.status == (404 if absent else 409):
                yield place
        elif call.is_accepted or call.is_lost:
            if edge.via:
                yield Place(edge.via, edge.to, edge.otherwise, self._trail(place, edge.via))
            else:
                yield from (Place(target, trail=self._trail(place, target)) for target in edge.to)

    def _looked(self, place: Place, call: Call) -> Iterator[Place]:
        seen = str(call.seen)
        if seen in place.trail and not call.rests:
            rest = place.trail[place.trail.index(seen) :]
            yield Place(place.now, place.targets, place.otherwise, rest)
        if seen == place.now and not (place.targets and call.rests):
            yield Place(place.now, place.targets, place.otherwise)

    def _trail(self, place: Place, now: str) -> tuple[str, ...]:
        """What a look that lags may still see once the instance is `now`."""
        if not self._lagging:
            return ()
        trail = (*place.trail, place.now) if place.targets else (place.now,)
        return trail[:-1] if trail[-1] == now else trail

    def _bits(self, wanted: Callable[[Call], bool]) -> int:
        return sum(1 << index for index, call in enumerate(self._calls) if wanted(call))

    def _order(self, point: _Point | None) -> tuple[int, ...]:
        found: list[int] = []
        link: object = point.order if point else None
        while isinstance(link, tuple):
            found.append(self._numbers[link[0]])
            link = link[1]
        return tuple(reversed(found))


def _placed(point: _Point, index: int, place: Place) -> _Point:
    return _Point(place, point.left & ~(1 << index), (index, point.order))
