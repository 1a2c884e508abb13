"""What a fault is, how one is registered, and the small parts that most of them are made of.

A fault is a function: it gets a call and a way to pass it on to the conforming server, and answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from emulator.app import create_app
from emulator.settings import Settings
from emulator.worlds import Worlds
from tests.faulty_servers.middle import Answer, Call, Change, Changed, Forward
from tests.suite.judging import EXAMPLE
from tests.suite.serving import serving

SLOW: Mapping[str, Any] = {"timing": "polls:4"}
"""Settings of an emulator that shows PENDING in the first looks after each action, without any waiting."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A wrong server. `make` gives a fresh one, because some remember; `requirements` must fail on it, and no others.

    `says`: what is wrong, in one line. `settings` are those of the emulator behind it, `options` those of the run that
    judges it, by the names of the command line.
    """

    name: str
    says: str
    requirements: frozenset[str]
    make: Callable[[], Change]
    settings: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def start(self) -> Iterator[str]:
        """The wrong server, until the block ends; its URL."""
        chosen = Settings(port=0, **{"seeds": (EXAMPLE,), **self.settings})
        with serving(Changed(create_app(chosen, Worlds(chosen)), self.make())) as url:
            yield url + chosen.base_path


READS = ("GET", "HEAD", "OPTIONS")

FAULTS: dict[str, Fault] = {}


def fault(
    *requirements: str, settings: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None
) -> Callable[[Callable[[], Change]], Callable[[], Change]]:
    """Register a fault with what it breaks; its name is that of the function that makes it, its docstring says more."""

    def register(make: Callable[[], Change]) -> Callable[[], Change]:
        add(make.__name__, make.__doc__ or "", requirements, make, settings, options)
        return make

    return register


def add(
    name: str,
    says: str,
    requirements: tuple[str, ...],
    make: Callable[[], Change],
    settings: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Register a fault that is a row of a table. ValueError when there is one of this name already."""
    name = name.replace("_", "-")
    if name in FAULTS:
        raise ValueError(f"two faults are called {name}")
    says = " ".join(says.split())
    FAULTS[name] = Fault(name, says, frozenset(requirements), make, settings or {}, options or {})


def state_of(call: Call, forward: Forward) -> str | None:
    """The state of the instance; None without one."""
    shown = forward(call.at("", "GET"))
    return str(shown.value["state"]) if shown.status == 200 else None


def free_state(call: Call, forward: Forward) -> str | None:
    """The state of the instance; None without one, and when it is locked: a fault shall not break the lock as well."""
    shown = forward(call.at("", "GET"))
    return shown.value["state"] if shown.status == 200 and not shown.value["locked"] else None


def is_shown(answer: Answer) -> bool:
    """Whether an answer is the representation of an instance."""
    return answer.status == 200 and b'"synapseState"' in answer.body


def showing(change: Callable[[dict[str, Any]], Any]) -> Change:
    """A fault in every representation that is shown."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 200 and honest.body and "synapseState" in honest.value:
            shown = honest.value
            change(shown)
            return honest.saying(shown)
        return honest

    return answer


def on(method: str, action: str, instead: Change) -> Change:
    """A fault in one operation."""
    return lambda call, forward: (instead if (call.method, call.action) == (method, action) else pass_on)(call, forward)


def once_done(method: str, action: str, change: Callable[[Answer], Answer], *statuses: int) -> Change:
    """A fault in the answers of one operation with one of these statuses; in those that accept when none is given."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return change(honest) if (honest.status in statuses or (not statuses and honest.status < 300)) else honest

    return on(method, action, answer)


def script(method: str, action: str, *steps: tuple[str, ...]) -> Change:
    """A fault in what an accepted action really does: one after the other, a step before each look that follows.

    The first step is done at once, in place of the action. Whatever else is accepted ends the script.
    """
    left: dict[str, list[tuple[str, ...]]] = {}

    def play(call: Call, forward: Forward) -> None:
        for step in left[call.root].pop(0):
            forward(replace(call.at(step, "PUT"), body=b""))

    def answer(call: Call, forward: Forward) -> Answer:
        if (call.method, call.action) == ("GET", "") and left.get(call.root):
            play(call, forward)
            return forward(call)
        honest = forward(call)
        if call.method not in READS and honest.status < 300:
            left[call.root] = list(steps) if (call.method, call.action) == (method, action) else []
            if left[call.root]:
                play(call, forward)
        return honest

    return answer


def put(shown: dict[str, Any], state: str) -> None:
    """Show a state, and nothing that does not go with it."""
    shown.update(state=state, synapseState="Down")


def pass_on(call: Call, forward: Forward) -> Answer:
    """No fault at all."""
    return forward(call)


def per_instance(change: Callable[[dict[str, Any], Call, Answer], Answer | None]) -> Change:
    """A fault that remembers: `change` gets what it kept of the instance, which is lost with the instance."""
    kept: dict[str, dict[str, Any]] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 204 or (call.action, honest.status) == ("_forget", 202):
            kept.pop(call.root, None)
        return change(kept.setdefault(call.root, {}), call, honest) or honest

    return answer


STALE = 0.005
"""Seconds for which a server that shows late shows what was."""


def shows_late(inside: Change = pass_on) -> Change:
    """For a moment after each power action the state before it is shown: lawful, but for what is inside."""
    before: dict[str, tuple[float, Answer]] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        until, stale = before.get(call.root, (0.0, None))
        if (call.method, call.action) == ("GET", "") and stale is not None and time.monotonic() < until:
            return stale
        takes_time = call.method == "PUT" and call.action != "_forget"
        shown = forward(call.at("", "GET")) if takes_time else None
        done = inside(call, forward)
        if shown is not None and is_shown(shown) and done.status < 300:
            before[call.root] = (time.monotonic() + STALE, shown)
        elif call.method not in READS and done.status < 300:
            before.pop(call.root, None)
        return done

    return answer


def in_refusals(change: Callable[[Answer], Answer], *statuses: int) -> Change:
    """A fault in every answer that refuses, or that has one of these statuses."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return change(honest) if honest.status >= 400 and (not statuses or honest.status in statuses) else honest

    return answer
