"""Looks at an instance until it has settled. All waiting of the suite is here; there is no fixed sleep anywhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from random import Random
from typing import Any

from contract import Lifecycle
from contract_tests.answer_checks import Representations
from contract_tests.client import Client
from contract_tests.replies import LostReplyError, Reply
from contract_tests.target import HostName


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, and the number of reads. The defaults are those of docs/contract-tests.md.

    `settle`: from the answer that accepts an action to its target. `address`: from there to the machine's address.
    `first_poll`, `last_poll`: the shortest and the longest time between two looks. `quiet`: equal looks in a row after
    which an instance counts as settled.
    """

    settle: float = 180.0
    address: float = 30.0
    first_poll: float = 0.004
    last_poll: float = 1.0
    quiet: int = 3

    @classmethod
    def for_settling(cls, seconds: float) -> Timeouts:
        """The timeouts of a run whose actions may take so long."""
        return cls(settle=seconds, address=min(seconds, 30.0))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one look showed. `body` is the representation, None in the absent state."""

    state: str
    body: Mapping[str, Any] | None
    reply: Reply


@dataclass(frozen=True, slots=True)
class Course:
    """What a poller saw from an accepted trigger on: states with seconds since, and the last look."""

    sightings: tuple[tuple[str, float], ...]
    last: Snapshot
    settled: bool

    @property
    def states(self) -> tuple[str, ...]:
        """The states in their order, repetitions left out."""
        return tuple(state for state, _ in groupby(state for state, _ in self.sightings))

    def __str__(self) -> str:
        firsts = [next(group) for _, group in groupby(self.sightings, key=lambda sighting: sighting[0])]
        return " → ".join(f"{state} ({seconds:.2f} s)" for state, seconds in firsts)


class Waiter:
    """Looks and waits. `seen` counts the states of all looks; the jitter of the polls comes from `random`."""

    def __init__(self, client: Client, timeouts: Timeouts, random: Random) -> None:
        self.timeouts = timeouts
        self.seen: Counter[str] = Counter()
        self.random = random
        self._client = client
        self._lifecycle: Lifecycle = client.contract.lifecycle
        self._shown = Representations(client.contract)
        self._late: set[HostName] = set()

    def look(self, host: HostName) -> Snapshot:
        """The instance now. LostReplyError when the answer does not tell its state."""
        reply = self._client.call(self._shown.reading, host)
        if reply.status == 404:
            return self._seen(host, Snapshot(self._lifecycle.absent, None, reply))
        state = self._shown.read(reply.body, "state")
        if reply.status != 200 or state not in self._lifecycle.states:
            raise LostReplyError(f"GET of the instance does not tell its state: {reply}")
        return self._seen(host, Snapshot(state, reply.body, reply))

    def _seen(self, host: HostName, snapshot: Snapshot) -> Snapshot:
        self.seen[snapshot.state] += 1
        if snapshot.state not in self._lifecycle.transient:
            self._late.discard(host)
        return snapshot

    def follow(
        self,
        host: HostName,
        *,
        source: str,
        via: str | None,
        targets: tuple[str, ...],
        since: float,
        on_way: Callable[[], None] | None = None,
    ) -> Course:
        """Look until the instance has settled, in a target or elsewhere, or the time is over.

        `since` is when the accepting answer was read, by the monotonic clock. `on_way` is called once, when the
        instance is first seen in a transient state.
        """
        sightings: list[tuple[str, float]] = []
        for last in self._looks(host, since + self.timeouts.settle):
            sightings.append((last.state, last.reply.at - since))
            states = [state for state, _ in sightings]
            if self._has_settled(states, source, via, targets):
                return Course(tuple(sightings), last, settled=True)
            if on_way and last.state in self._lifecycle.transient:
                on_way()
                on_way = None
        self._late.add(host)
        return Course(tuple(sightings), last, settled=False)

    def until(self, host: HostName, condition: Callable[[Snapshot], bool], seconds: float) -> Snapshot:
        """Look until the condition holds or the time is over; the last look."""
        last = self.look(host)
        for last in self._looks(host, time.monotonic() + seconds):
            if condition(last):
                break
        return last

    def rest(self, host: HostName) -> Snapshot:
        """Wait until the instance is in no transient state; the last look, whatever it shows when the time is over.

        The time is waited for once: an instance that is late stays so until it was seen elsewhere.
        """
        seconds = self.timeouts.last_poll if host in self._late else self.timeouts.settle
        last = self.until(host, lambda look: look.state not in self._lifecycle.transient, seconds)
        if last.state in self._lifecycle.transient:
            self._late.add(host)
        return last

    def quiet(self, host: HostName) -> tuple[Snapshot, ...]:
        """As many looks as a settled instance gets, a short while between them."""
        looks = [self.look(host)]
        while len(looks) < self.timeouts.quiet:
            self._sleep(self.timeouts.first_poll)
            looks.append(self.look(host))
        return tuple(looks)

    def _looks(self, host: HostName, deadline: float) -> Any:
        """Looks with growing pauses; at least one, the last one after the deadline."""
        pause = self.timeouts.first_poll
        while True:
            late = time.monotonic() >= deadline
            yield self.look(host)
            if late:
                return
            self._sleep(pause)
            pause = min(pause * 1.5, self.timeouts.last_poll)

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds * self.random.uniform(0.8, 1.2))

    def _has_settled(self, states: list[str], source: str, via: str | None, targets: tuple[str, ...]) -> bool:
        now = states[-1]
        equal = len(states) >= self.timeouts.quiet and len(set(states[-self.timeouts.quiet :])) == 1
        if not equal or now in self._lifecycle.transient:
            return False
        if now in targets:
            return True
        still_there = now == source and len(set(states)) == 1
        return not still_there and now != via
