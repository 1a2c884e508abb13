"""What a proxy learns of the instances behind it from the answers that pass: their states, and how long they take."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from contract import Contract, Operation
from emulator.wire import Wire

Names = tuple[str, ...]


@dataclass(slots=True)
class Sight:
    """An instance as it was last seen. `began`: since when an action is on its way, `still` until when it was."""

    state: str | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    trigger: str | None = None
    goals: tuple[str, ...] = ()
    began: float = 0.0
    still: float = 0.0


class Sights:
    """All instances of which an answer has passed. Safe for many threads."""

    def __init__(self, contract: Contract) -> None:
        self._lifecycle = contract.lifecycle
        self._members = Wire(contract).instance
        self._sights: dict[Names, Sight] = {}
        self._durations: dict[str, list[float]] = {}
        self._seeing = threading.Lock()

    def see(
        self, operation: Operation, names: Names, status: int, body: bytes, sent: float, now: float
    ) -> tuple[str | None, str | None]:
        """Learn from an answer; gives the states before and after the request, as far as they are known.

        `sent` and `now` are when the request came and when its answer did, in seconds.
        """
        with self._seeing:
            sight = self._sights.setdefault(names, Sight())
            before = sight.state
            if shown := self._representation(status, body):
                sight.state, sight.shown = str(shown[self._members["state"]]), shown
            if operation.trigger is None:
                if operation.id == "getInstance":
                    self._look(sight, status, sent, now)
                return sight.state, sight.state
            if status < 300:
                self._begin(sight, operation.trigger, before, is_shown=bool(shown), now=now)
            return before, sight.state

    def durations(self) -> Mapping[str, list[float]]:
        """The settling times that were measured, in seconds, by trigger."""
        with self._seeing:
            return {trigger: [*seconds] for trigger, seconds in self._durations.items()}

    def representations(self) -> Mapping[Names, Mapping[str, Any]]:
        """The last representation of every instance that was there when it was last seen, with its state."""
        with self._seeing:
            return {
                names: {**sight.shown, self._members["state"]: sight.state}
                for names, sight in self._sights.items()
                if sight.shown and sight.state not in (None, self._lifecycle.absent)
            }

    def _representation(self, status: int, body: bytes) -> Mapping[str, Any]:
        if status != 200:
            return {}
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            return {}
        state = value.get(self._members["state"]) if isinstance(value, dict) else None
        return value if state in self._lifecycle.states else {}

    def _look(self, sight: Sight, status: int, sent: float, now: float) -> None:
        if status == 404:
            sight.state, sight.trigger = self._lifecycle.absent, None
        if sight.trigger is None or sight.state is None or status != 200:
            return
        if sight.state in self._lifecycle.transient:
            sight.still = now
        elif sight.state in sight.goals:
            # somewhere between the last look that did not show it and this one
            self._durations.setdefault(sight.trigger, []).append(max((sight.still + sent) / 2 - sight.began, 0.0))
            sight.trigger = None

    def _begin(self, sight: Sight, trigger: str, before: str | None, *, is_shown: bool, now: float) -> None:
        edges = [edge for edge in self._lifecycle.edges if edge.trigger == trigger and before in (None, edge.state)]
        edge = edges[0] if edges else None
        if edge is None or edge.via is None:
            sight.trigger = None
            sight.state = edge.to[0] if edge else None
            return
        sight.trigger, sight.goals, sight.began, sight.still = trigger, edge.to, now, now
        if not is_shown:
            sight.state = edge.via
