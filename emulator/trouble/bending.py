"""What trouble does to an action that was accepted, before it is set on its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, isinf

from contract import Edge
from emulator.records import Pending
from emulator.trouble.engine import Hit, Hits

Bend = Callable[[Hit, Pending, Edge, float], None]
"""Changes what is pending, by a hit, an edge and the time of now in seconds since the epoch."""

RESTLESS_SECONDS = 0.03
RESTLESS_LOOKS = 3
"""How long an action of the kind lawfully-restless takes at most."""


def bend(hits: Hits, pending: Pending, edge: Edge, now: float) -> None:
    """Let an action meet its trouble. What fails settles where the edge has `otherwise`, if it has one."""
    for kind, change in _BENDS.items():
        hit = hits.get(kind)
        if hit is not None:
            change(hit, pending, edge, now)


def looks_behind(hits: Hits, edge: Edge, pending: Pending) -> int:
    """For how many looks the state before the action is still shown.

    None where a reader could not tell it from the end of the action, or where that state is no instance.
    """
    if edge.state in (pending.target, edge.to[0]):
        return 0
    if (hit := hits.get("late-reads")) is not None:
        return int(hit.parameter("looks"))
    if (hit := hits.get("lawfully-restless")) is not None and hit.fraction("late") < 1 / 3:
        return 1 + hit.index(RESTLESS_LOOKS, "looks")
    return 0


def silences_agent(hits: Hits) -> bool:
    """Whether the agent of a guest that is started will never report in."""
    restless = hits.get("lawfully-restless")
    return hits.get("agent-silent") is not None or (restless is not None and restless.of_host("agent") < 1 / 3)


def _slow(hit: Hit, pending: Pending, _: Edge, now: float) -> None:
    if not isinf(pending.due):
        pending.due = now + (pending.due - now) * float(hit.parameter("factor")) + hit.between("seconds")


def _restless(hit: Hit, pending: Pending, _: Edge, now: float) -> None:
    """At once, after a moment, or after some looks: so that PENDING is seen now and then."""
    way = hit.index(3, "way")
    if way == 1:
        pending.due = now + hit.fraction("seconds") * RESTLESS_SECONDS
    elif way == 2:
        pending.due, pending.polls = inf, 1 + hit.index(RESTLESS_LOOKS, "polls")


def _fail(hit: Hit, pending: Pending, edge: Edge, _: float) -> None:
    if edge.otherwise is not None:
        pending.target, pending.boots = edge.otherwise, False
        pending.failure = f"{edge.trigger} failed (trouble {hit.rule.name})"


def _ignore(hit: Hit, pending: Pending, edge: Edge, now: float) -> None:
    if edge.otherwise is not None:
        _fail(hit, pending, edge, now)
        pending.failure = f"the guest ignored {edge.trigger} (trouble {hit.rule.name})"
        pending.due, pending.polls = now + float(hit.parameter("seconds")), None


_BENDS: Mapping[str, Bend] = {
    "slow-settling": _slow,
    "lawfully-restless": _restless,
    "action-fails": _fail,
    "shutdown-ignored": _ignore,
}
