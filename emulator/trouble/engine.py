"""Who meets what: decided once for each request, from keys, so that a seed repeats a run under any number of threads.

A decision depends on the seed, the rule, the host and the ordinal of the request among those of that host that the
rule is about: on nothing that other hosts do.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.draws import Key, draw_fraction, draw_index
from emulator.trouble.rules import READ, Plan, Rule, named

KEPT_HITS = 1000
"""So many of the latest hits can be listed."""

Names = tuple[str, str, str]
"""Organization, environment and host of a request; empty where it has none."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that a request meets: its ordinal says which it was for that rule and host, from 1."""

    rule: Rule
    seed: int
    names: Names
    ordinal: int
    at: float
    operation: str

    def fraction(self, *key: Key) -> float:
        """A draw of this hit, from 0 up to but not including 1."""
        return draw_fraction(self.seed, "trouble", self.rule.name or "", *self.names, self.ordinal, *key)

    def index(self, count: int, *key: Key) -> int:
        """A draw of this hit, from 0 up to but not including `count`."""
        return draw_index(count, self.seed, "trouble", self.rule.name or "", *self.names, self.ordinal, *key)

    def between(self, parameter: str) -> float:
        """A parameter that is a number, or two between which it is drawn."""
        value = self.rule.parameters[parameter]
        if isinstance(value, list):
            low, high = sorted(value)
            return float(low + (high - low) * self.fraction(parameter))
        return float(value)

    def parameter(self, name: str) -> Any:
        """A parameter of the rule, as it was given."""
        return self.rule.parameters[name]

    def of_host(self, *key: Key) -> float:
        """A draw that is the same for all requests of the host."""
        return draw_fraction(self.seed, "trouble", self.rule.name or "", *self.names, *key)


@dataclass(frozen=True, slots=True)
class Hits:
    """What one request meets: by kind the first rule that hit."""

    by_kind: Mapping[str, Hit]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the rules, for the journal."""
        return tuple(hit.rule.name or "" for hit in self.by_kind.values())

    def get(self, kind: str) -> Hit | None:
        """The hit of this kind."""
        return self.by_kind.get(kind)


@dataclass(slots=True)
class _Late:
    """The state before an action, which is shown for so many looks more."""

    state: str
    looks: int


class Trouble:
    """The rules of one world, with what they have seen and hit. Safe in any number of threads."""

    def __init__(self, plan: Plan, random_seed: int) -> None:
        self.plan = plan = named(plan)
        self.seed = random_seed if plan.random_seed is None else plan.random_seed
        self._deciding = threading.Lock()
        self._seen: dict[str, Counter[Names]] = {rule.name or "": Counter() for rule in plan.rules}
        self._hit: dict[str, Counter[Names]] = {rule.name or "": Counter() for rule in plan.rules}
        self._latest: deque[Hit] = deque(maxlen=KEPT_HITS)
        self._late: dict[Names, _Late] = {}
        self._before: dict[Names, str] = {}

    def copy(self) -> Trouble:
        """The same once more: what one meets does not count for the other."""
        twin = Trouble(self.plan, self.seed)
        with self._deciding:
            twin._seen = {name: Counter(seen) for name, seen in self._seen.items()}
            twin._hit = {name: Counter(hit) for name, hit in self._hit.items()}
            twin._latest.extend(self._latest)
            twin._before = dict(self._before)
            twin._late = {names: _Late(late.state, late.looks) for names, late in self._late.items()}
        return twin

    def meet(self, operation: str, names: tuple[str, ...], at: float) -> Hits | None:
        """What a request meets at time `at`; None for nothing. `names` are those in its path."""
        place: Names = (*names[:3], *("",) * (3 - len(names)))  # type: ignore[assignment]  # three, whatever there is
        found: dict[str, Hit] = {}
        with self._deciding:
            if operation != READ:
                self._late.pop(place, None)  # what else is looked at may show more, and no look may go back then
            for rule in self.plan.rules:
                if rule.fits(operation, place):
                    hit = self._decide(rule, operation, place, at)
                    if hit is not None:
                        found.setdefault(rule.kind.name, hit)
                        self._latest.append(hit)
        return Hits(found) if found else None

    def _decide(self, rule: Rule, operation: str, names: Names, at: float) -> Hit | None:
        seen, hits = self._seen[rule.name or ""], self._hit[rule.name or ""]
        seen[names] += 1
        hit = Hit(rule, self.seed, names, seen[names], at, operation)
        is_over = rule.count is not None and hits[names] >= rule.count
        if hit.ordinal <= rule.skip or is_over or hit.fraction() >= rule.probability:
            return None
        hits[names] += 1
        return hit

    def show_late(self, names: Names, state: str, looks: int) -> None:
        """For so many looks the state before an action is still shown."""
        self._late[names] = _Late(state, looks)

    def remember(self, names: Names, state: str) -> None:
        """Which state an action found, for reads that are stale."""
        self._before[names] = state

    def state_shown(self, names: Names, hits: Hits | None) -> str | None:
        """The state that a look is shown instead of the true one; None for that one."""
        if hits is not None and hits.get("stale-reads"):
            return self._before.get(names)
        late = self._late.get(names)
        if late is None:
            return None
        late.looks -= 1
        if late.looks <= 0:
            self._late.pop(names, None)
        return late.state

    def counts(self) -> Iterator[tuple[Rule, int, int]]:
        """Each rule, with how many requests it was about, and how many of them met it."""
        with self._deciding:
            rows = [(rule, self._seen[rule.name or ""], self._hit[rule.name or ""]) for rule in self.plan.rules]
            yield from [(rule, seen.total(), hit.total()) for rule, seen, hit in rows]

    def latest(self) -> list[Hit]:
        """The latest hits, oldest first."""
        with self._deciding:
            return list(self._latest)

    def as_data(self) -> dict[str, Any]:
        """The rules with what they have met, as schemas/Trouble of control.openapi.yaml has it."""
        rows = [
            {
                "name": rule.name,
                "kind": rule.kind.name,
                "lawful": rule.kind.lawful,
                "operations": sorted(rule.operations),
                "organization": rule.globs[0],
                "environment": rule.globs[1],
                "host": rule.globs[2],
                "skip": rule.skip,
                "count": rule.count,
                "probability": rule.probability,
                **rule.parameters,
                "seen": seen,
                "hits": hits,
            }
            for rule, seen, hits in self.counts()
        ]
        return {"randomSeed": self.seed, "lawful": all(row["lawful"] for row in rows), "rules": rows}
