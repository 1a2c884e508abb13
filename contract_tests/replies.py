"""What comes back from the server, and what can keep it from coming."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class NotAllowedError(Exception):
    """The suite was about to send what it may not: a fault of the suite."""


class LostReplyError(Exception):
    """No answer came, or none that says anything: what the request did is not known."""


class TargetGoneError(Exception):
    """The server has stopped answering altogether."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `body` is its JSON, None without; `number` that of the exchange; `curl` sends the request again.

    `at` is the time when it was read, by the monotonic clock in seconds.
    """

    number: int
    status: int
    headers: Mapping[str, str]
    body: Any
    text: str
    curl: str
    at: float

    @property
    def accepted(self) -> bool:
        """Whether the server said yes."""
        return 200 <= self.status < 300

    def __str__(self) -> str:
        line = " ".join(self.text.split())
        return f"{self.status} {line[:160] + '…' if len(line) > 160 else line}".rstrip()
