"""What comes back from the server, and what can keep it from coming."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contract_tests.running.summary import CheckOutcome


BUSY = (429, 503)
BUSY_TRIES, BUSY_WAIT = 3, 10.0
"""How often a request is sent that the server puts off, and the longest wait in seconds that it may ask for."""


class NotAllowedError(Exception):
    """The suite was about to send what it may not: a fault of the suite."""


class LostReplyError(Exception):
    """No answer came, or none that says anything: what the request did is not known."""


class TargetGoneError(Exception):
    """The server has stopped answering altogether. `outcome`: what came of the check that met it, if one ran."""

    outcome: CheckOutcome | None = None


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM came. `outcome`: what came of the check that it stopped, if one ran."""

    outcome: CheckOutcome | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `body` is its JSON, None without; `number` that of the exchange; `curl` sends the request again.

    `at` is the time when it was read, by the clock of the run.
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


def put_off(retry_after: str | None) -> float:
    """Seconds to wait, by the header Retry-After, which may hold a date too."""
    value = retry_after or "1"
    return min(float(value), BUSY_WAIT) if value.isdecimal() else 1.0


def says_when(retry_after: str | None) -> bool:
    """Whether a header Retry-After is there, and tells seconds or a date (RFC 9110 section 10.2.3)."""
    try:
        return retry_after is not None and (retry_after.isdecimal() or bool(parsedate_to_datetime(retry_after)))
    except ValueError:
        return False


def reason_of(error: Exception) -> str:
    """The bottom of what the libraries wrapped, in one line."""
    inner: BaseException = error
    while (cause := inner.__cause__ or inner.__context__) is not None:
        inner = cause
    words = " ".join(str(inner).split()) or type(inner).__name__
    return words if len(words) <= 160 else f"{words[:160]}…"
