"""What a fault is, how one is registered, and the small parts that most of them are made of.

A fault is a function: it gets a call and a way to pass it on to the conforming server, and answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.faulty_servers.middle import Answer, Call, Change, Forward


@dataclass(frozen=True, slots=True)
class Fault:
    """A wrong server. `make` gives a fresh one, because some remember; `requirements` must fail on it."""

    name: str
    requirements: frozenset[str]
    make: Callable[[], Change]


FAULTS: dict[str, Fault] = {}


def fault(*requirements: str) -> Callable[[Callable[[], Change]], Callable[[], Change]]:
    """Register a fault with what it breaks; its name is that of the function that makes it."""

    def register(make: Callable[[], Change]) -> Callable[[], Change]:
        name = make.__name__.replace("_", "-")
        FAULTS[name] = Fault(name, frozenset(requirements), make)
        return make

    return register


def free_state(call: Call, forward: Forward) -> str | None:
    """The state of the instance; None without one, and when it is locked: a fault shall not break the lock as well."""
    shown = forward(call.at("", "GET"))
    return shown.value["state"] if shown.status == 200 and not shown.value["locked"] else None


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


def pass_on(call: Call, forward: Forward) -> Answer:
    """No fault at all."""
    return forward(call)


def in_refusals(change: Callable[[Answer], Answer]) -> Change:
    """A fault in every answer that refuses."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return change(honest) if honest.status >= 400 else honest

    return answer
