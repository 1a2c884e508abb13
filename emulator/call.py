"""One request, past the door: what a use case needs to know of it, and what the journal wants to know after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract import Operation
from emulator.auth import Headers, Principal
from emulator.store import Unit
from emulator.trouble import Hits
from emulator.world import World


@dataclass(slots=True)
class Call:
    """An authenticated request to one operation, its body parsed and checked against the document.

    `names` are the decoded names in the path, outermost first; `now` is the one time of this request, in seconds
    since the epoch. `before` and `after` are filled in on the way: the states of the instance that it is about.
    `hits` is the trouble that it meets. An operation with a query gets the `headers`, too, and `is_gone`, which says
    whether nobody waits for the answer any more: the client has gone, or the server stops.
    """

    world: World
    operation: Operation
    principal: Principal
    names: tuple[str, ...]
    body: Any
    query: Mapping[str, str]
    now: float
    before: str | None = field(default=None)
    after: str | None = field(default=None)
    hits: Hits | None = None
    headers: Headers | None = None
    is_gone: Callable[[], bool] = bool


Performer = Callable[[Call], Any]
"""What an operation does that is about no instance: it opens the units of work that it needs by itself."""

UseCase = Callable[[Call, Unit], Any]
"""What an operation does, inside a unit of work: answers what is shown, or None for an empty body."""
