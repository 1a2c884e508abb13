"""Looks at an instance until it has settled. All waiting of the suite is here; there is no fixed sleep anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, takewhile
from math import inf
from random import Random
from statistics import median
from typing import Any

from contract import Lifecycle
from contract_tests.judging.answer_checks import Representations
from contract_tests.running.target import HostName
from contract_tests.sending.client import Client
from contract_tests.sending.replies import LostReplyError, Reply

ENOUGH = 10
"""Actions to follow before it is said that a server never shows them on their way."""


MARGIN = 2.0
"""By how much an action may take longer than those before it, on a server that does not show them on their way."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, and the number of reads. The defaults are those of docs/contract-tests.md.

    `settle`: from the answer that accepts an action to its target. `address`: from there to the machine's address.
    `first_poll`, `last_poll`: the shortest and the longest time between two looks. `quiet`: equal looks in a row after
    which an instance counts as settled. `dwell`: for how long one that has settled is left alone and must stay.
    """

    settle: float = 180.0
    address: float = 60.0
    first_poll: float = 0.004
    last_poll: float = 1.0
    quiet: int = 3
    dwell: float = 2.2

    @classmethod
    def for_settling(cls, seconds: float) -> Timeouts:
        """The timeouts of a run whose actions may take so long."""
        return cls(settle=seconds, address=min(seconds, 60.0), dwell=min(seconds / 10, 2.2))


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
        self._settled: list[float] = []
        self._lag = 0.0
        self._followed: dict[HostName, list[Snapshot]] = {}

    def take_over(self, other: Waiter) -> None:
        """Go on with what another waiter saw of the same server, and learnt of its pace."""
        self.seen.update(other.seen)
        self._settled.extend(other._settled)
        self._lag = max(self._lag, other._lag)

    @property
    def never_transient(self) -> bool:
        """Whether enough actions were followed, and none was seen on its way: this server is too fast to be seen so."""
        return len(self._settled) >= ENOUGH and not any(self.seen[state] for state in self._lifecycle.transient)

    @property
    def pace(self) -> float:
        """Seconds that an action takes to settle on this server, the median of those followed so far; 0 before."""
        return median(self._settled) if self._settled else 0.0

    @property
    def slowest(self) -> float:
        """Seconds that the slowest action so far took to settle; 0 before."""
        return max(self._settled, default=0.0)

    def is_lagging(self, host: HostName) -> bool:
        """Whether the instance may be on its way though it does not look so: a trigger was accepted just now.

        Some servers show the state before an action for a while, or until it has settled, and never a transient one.
        """
        since = self._client.clock.now - self._client.accepted_at.get(host, -inf)
        return since < min(self._lag * MARGIN, self.timeouts.settle)

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
        self._client.accounts.saw(host, snapshot.body)
        if snapshot.state not in self._lifecycle.transient:
            self._late.discard(host)
        if host in self._followed:
            self._followed[host].append(snapshot)
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

        `since` is when the accepting answer was read, by the clock of the run. `on_way` is called once, when the
        instance is first seen in a transient state; its looks belong to the course as well.
        """
        sightings: list[tuple[str, float]] = []
        with self._noting(host) as looks:
            for last in self._looks(host, since + self.timeouts.settle):
                sightings = [(look.state, look.reply.at - since) for look in looks]
                states = [state for state, _ in sightings]
                # what may still leave what looks like its end is given the time that this server may take to show it
                unseen = len(targets) > 1 or (source in targets and via not in states)
                if self._has_settled(states, source, via, targets) and not (unseen and self.is_lagging(host)):
                    self._note_pace(sightings, source, targets)
                    return Course(tuple(sightings), last, settled=True)
                if on_way and last.state in self._lifecycle.transient:
                    on_way()
                    on_way = None
        self._late.add(host)
        return Course(tuple(sightings), last, settled=False)

    @contextmanager
    def _noting(self, host: HostName) -> Iterator[list[Snapshot]]:
        """All looks at a host, whoever makes them."""
        looks = self._followed[host] = []
        try:
            yield looks
        finally:
            del self._followed[host]

    def _note_pace(self, sightings: list[tuple[str, float]], source: str, targets: tuple[str, ...]) -> None:
        """Learn how long actions take, and for how long the state before them is still shown."""
        last, seconds = sightings[-1]
        self._settled.append(seconds)
        if last in targets:
            before = list(takewhile(lambda sighting: sighting[0] == source, sightings))
            if before and len(before) < len(sightings):
                # the look that saw it gone: between it and the last that saw it, it may have been there still
                self._lag = max(self._lag, sightings[len(before)][1])

    def until(self, host: HostName, condition: Callable[[Snapshot], bool], seconds: float) -> Snapshot:
        """Look until the condition holds or the time is over; the last look."""
        deadline = self._client.clock.now + seconds
        last = self.look(host)
        if condition(last):
            return last
        for last in self._looks(host, deadline):
            if condition(last):
                break
        return last

    def catch(self, host: HostName, *, source: str, targets: tuple[str, ...], seconds: float) -> Snapshot:
        """Look until an accepted trigger shows, on its way or where it leads; the last look when the time is over.

        Some servers show the state before it for a while.
        """

        def shows(look: Snapshot) -> bool:
            return look.state != source or (source in targets and not self.is_lagging(host))

        return self.until(host, shows, seconds)

    def rest(self, host: HostName) -> Snapshot:
        """Wait until the instance is in no transient state, nor about to be; the last look when the time is over.

        The time is waited for once: an instance that is late stays so until it was seen elsewhere.
        """
        seconds = self.timeouts.last_poll if host in self._late else self.timeouts.settle
        last = self.until(
            host, lambda look: look.state not in self._lifecycle.transient and not self.is_lagging(host), seconds
        )
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
            late = self._client.clock.now >= deadline
            yield self.look(host)
            if late:
                return
            self._sleep(pause)
            pause = min(pause * 1.5, self.timeouts.last_poll)

    def _sleep(self, seconds: float) -> None:
        self._client.clock.sleep(seconds * self.random.uniform(0.8, 1.2))

    def _has_settled(self, states: list[str], source: str, via: str | None, targets: tuple[str, ...]) -> bool:
        now = states[-1]
        equal = len(states) >= self.timeouts.quiet and len(set(states[-self.timeouts.quiet :])) == 1
        if not equal or now in self._lifecycle.transient:
            return False
        if now in targets:
            return True
        still_there = now == source and len(set(states)) == 1
        return not still_there and now != via
