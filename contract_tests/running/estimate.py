"""What a run will do to a server, before anything is sent: requests, provisions, power cycles.

Where the hosts are is followed through the plan, as the navigator will bring them there; what a test sends by itself is
in a table of what was counted on a conforming server. A server that answers otherwise makes a run shorter, or longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contract import Operation
from contract_tests.moving.tour import Map, Move, Node
from contract_tests.running.registry import Check
from contract_tests.running.setting import Setting
from contract_tests.running.summary import ONE_HOST
from contract_tests.running.target import Level, level_of


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests; machines made anew or by import; power actions that are accepted."""

    requests: float = 0
    provisions: float = 0
    power: float = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.requests + other.requests, self.provisions + other.provisions, self.power + other.power)

    def __str__(self) -> str:
        return f"{self.requests:.0f} requests, {self.provisions:.0f} provisions, {self.power:.0f} power cycles"

    def times(self, count: float) -> Cost:
        """So many of them."""
        return Cost(self.requests * count, self.provisions * count, self.power * count)


START = Cost(14, 1)
"""The looks and the provision before the first test."""

LOOKS = 4
"""Requests after an accepted trigger, until the instance has settled."""

FIXED = {
    "credentials": Cost(13),
    "refused": Cost(5),
    "read": Cost(3),
    "quiet": Cost(8),
    "legal": Cost(3),
    "locked": Cost(8.2),
    "locking": Cost(15),
    "pending": Cost(2),
    "lock-on-way": Cost(2),
    "forgotten-machine": Cost(32, 3, 2),
    "race": Cost(312, 21, 34),
    "burst": Cost(180, 7, 16),
    "chosen-bodies": Cost(292, 23),
    "exact-properties": Cost(115, 17),
    "bodies": Cost(133, 3),
    "reading": Cost(69, 1),
    "slashes": Cost(80, 4, 3),
    "elsewhere": Cost(28, 1, 1),
    "names-unreadable": Cost(61),
    "missing-first": Cost(60),
    "methods": Cost(127),
    "unknown-methods": Cost(237),
    "noise": Cost(18, 1, 4),
    "two-hosts": Cost(222, 8, 22),
    "framing": Cost(64),
    "histories": Cost(400, 16, 42),
}
"""What a test of this name sends by itself; others send as much as `ANY`."""

ANY = Cost(20, 0.5)

EACH_EXAMPLE = {"bodies": Cost(8.7, 0.8), "noise": Cost(3), "histories": Cost(12, 0.4, 1)}
"""What each random example adds to a test of this name."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to come. `left_out`: tests that the level, the features or the hosts leave out, by reason."""

    tests: Sequence[Check]
    left_out: dict[str, int]
    cost: Cost

    def lines(self) -> list[str]:
        """A line for each check, then the sum."""
        names = list(dict.fromkeys(test.name for test in self.tests))
        width = max(map(len, names), default=0)
        counts = {name: sum(1 for test in self.tests if test.name == name) for name in names}
        return [
            *(f"  {name:<{width}}  {count} test{'s' if count != 1 else ''}" for name, count in counts.items()),
            *(f"  not run: {count} ({reason})" for reason, count in self.left_out.items()),
            f"{len(self.tests)} tests; on a server that does as it should about {self.cost}",
        ]


def forecast(setting: Setting, tests: Sequence[Check]) -> Forecast:
    """What a run of these tests will do."""
    left_out: dict[str, int] = {}
    done = []
    for test in tests:
        reason = _reason(setting, test)
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
        else:
            done.append(test)
    cost = START if setting.target.level is Level.FULL else Cost(START.requests)
    here, plan = _home(setting), Map(setting.contract, lambda operation: _may(setting, operation))
    for test in done:
        travel, here = _way(plan, here, test)
        own = FIXED.get(test.name, ANY) + EACH_EXAMPLE.get(test.name, Cost()).times(setting.options.max_examples)
        cost += travel + (own if setting.target.level is Level.FULL else Cost(own.requests))
    return Forecast(done, left_out, cost)


def _home(setting: Setting) -> Node:
    """Where a host is at first: without an instance, or with a running one where the suite may make none."""
    lifecycle, level = setting.contract.lifecycle, setting.target.level
    running = (name for name, state in lifecycle.states.items() if state.guest_runs)
    return Node(lifecycle.absent if level is Level.FULL else next(running, lifecycle.absent))


def _may(setting: Setting, operation: Operation) -> bool:
    target = setting.target
    return target.claims(operation.feature) and level_of(operation, setting.contract) <= target.level


def _reason(setting: Setting, test: Check) -> str | None:
    """Why a test will not be run; None when it will."""
    missing = [feature for feature in test.features if not setting.target.claims(feature)]
    if missing:
        return f"the server does not claim the feature {missing[0]}"
    if test.level > setting.target.level:
        return f"needs --allow {test.level}"
    return ONE_HOST if test.hosts > len(setting.target.hosts) else None


def _way(plan: Map, here: Node, test: Check) -> tuple[Cost, Node]:
    """What it takes to bring the host where a test wants it, and its own move; and where the host is then."""
    if test.cell is None:
        return Cost(), here
    moves = list(plan.route(here, test.cell.start) or ())
    own = [move for move in plan.moves(test.cell.start) if move.key == _key(test)]
    cost = sum((_cost(plan, move) for move in [*moves, *own]), Cost())
    return cost, plan.after(test.cell.start, own[0]) if own else test.cell.start


def _key(test: Check) -> tuple[str, str, str | None]:
    cell = test.cell
    return (cell.state, cell.operation.id, cell.target) if cell and cell.operation else ("", "", None)


def _cost(plan: Map, move: Move) -> Cost:
    absent = plan.lifecycle.absent
    makes, ends = move.edge.state == absent, move.target == absent
    return Cost(1 + LOOKS, provisions=1 if makes else 0, power=0 if makes or ends else 1)
