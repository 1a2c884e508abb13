"""A server that is wrong in one way until it is mended, for what repeats a failure."""

from __future__ import annotations

from typing import Any

from tests.faulty_servers.middle import Answer, Call, Changed, Forward


class Mended:
    """A server that accepts a pause of a machine that is switched off, until it is mended; it notes the requests."""

    def __init__(self) -> None:
        self.is_mended = False
        self.calls: list[Call] = []

    def around(self, application: Any) -> Changed:
        """Put it around an application."""
        return Changed(application, self._answer)

    def _answer(self, call: Call, forward: Forward) -> Answer:
        self.calls.append(call)
        honest = forward(call)
        if self.is_mended or honest.status != 409 or call.action != "_pause":
            return honest
        return Answer(202) if forward(call.at("", "GET")).value.get("state") == "STOPPED" else honest
