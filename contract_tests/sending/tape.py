"""A run that is over, as a server: it gives the answers that were recorded to the requests that were recorded.

Whoever asks for anything else than was asked for then is told so. Nothing is sent, and nothing is waited for.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from contract_tests.sending.clock import Clock
from contract_tests.sending.exchanges import CLEANING
from contract_tests.sending.raw import Answer, Connection, End
from contract_tests.sending.replies import Interrupted
from contract_tests.sending.together import Flight, Send
from contract_tests.sending.wire import Wire

MEASURED = ("number", "at")
"""Members of an exchange that come from the clock and the counter."""


class DisagreementError(BaseException):
    """What was recorded is not what the plan does. Its text names the exchange. No check may take it for its own."""


class Tape:
    """The exchanges of a run, in their order; `next` is the one that comes.

    `stopped`: the run was stopped by a signal, and cleaned up at once. `asking` tells the check that asks. `first`: how
    many exchanges the run had before these.
    """

    def __init__(self, rows: Iterator[dict[str, Any]], *, first: int = 0, stopped: bool = False) -> None:
        self._rows = list(rows)
        self.first = first
        self._place = 0
        self._stopped = stopped
        self.asking: Callable[[], str] = lambda: CLEANING

    @property
    def is_over(self) -> bool:
        """Whether all of it was asked for."""
        return self._place >= len(self._rows)

    def must_be_over(self) -> None:
        """DisagreementError when not all of it was asked for."""
        if not self.is_over:
            raise DisagreementError(f"exchange {self.next().get('number')} is one more than the plan asks")

    def next(self, ahead: int = 0) -> dict[str, Any]:
        """The exchange that comes, or one after it, without taking it.

        DisagreementError behind the last; Interrupted where a signal stopped the check that asks, or the cleaning.
        """
        row = self._rows[self._place + ahead] if ahead < self.few() else None
        if self._stopped and (row is None or (self.asking() != CLEANING and row.get("check") == CLEANING)):
            raise Interrupted
        if row is None:
            raise DisagreementError(f"exchange {self.first + self._place + ahead + 1} is missing: the plan asks more")
        return row

    def take(self) -> dict[str, Any]:
        """The exchange that comes; it is past then."""
        row = self.next()
        self._place += 1
        return row

    def few(self) -> int:
        """How many exchanges are left."""
        return len(self._rows) - self._place


class TapeClock(Clock):
    """The time of the exchanges; nobody waits."""

    def sleep(self, seconds: float) -> None:
        """Time passes at once."""
        self.now += seconds


class TapeLog:
    """Stands for the file of exchanges: what would be written must be what is on the tape. `count`: see ExchangeLog."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self.clock: Clock = TapeClock(0.0)
        self.count = tape.first

    def add(self, **what: Any) -> int:
        """Compare an exchange with the next of the tape; its number. DisagreementError when they differ."""
        row = self._tape.take()
        self.count += 1
        if row.get("number") != self.count:
            raise DisagreementError(f"exchange {self.count} is numbered {row.get('number')}")
        place = _difference(_told(json.loads(json.dumps(what))), _told(row))
        if place:
            raise DisagreementError(f"exchange {self.count}: {place}")
        if not row["at"] >= self.clock.now - SLACK:
            raise DisagreementError(f"exchange {self.count}: at {row['at']} s, which is before what came before it")
        self.clock.now = row["at"]
        return self.count

    def close(self) -> None:
        """There is no file."""


SLACK = 0.001
"""Seconds by which a nap may have been shorter than it was asked to be."""


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """An exchange without what was measured."""
    told = {name: value for name, value in row.items() if name not in MEASURED}
    if isinstance(told.get("response"), dict):
        told["response"] = {name: value for name, value in told["response"].items() if name != "seconds"}
    return told


def _difference(now: Any, then: Any, place: str = "") -> str | None:
    """Where two values differ, in words; None when they do not."""
    if isinstance(now, dict) and isinstance(then, dict):
        for name in [*now, *(name for name in then if name not in now)]:
            found = _difference(now.get(name), then.get(name), f"{place}.{name}" if place else name)
            if found:
                return found
        return None
    return None if now == then else f"{place} was {_short(then)}, and the plan has {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:120]}…"


class TapeWire(Wire):
    """The ways to a tape."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self.session = self._further()

    def _further(self) -> requests.Session:
        session = requests.Session()
        self._shape(session)
        return session

    def _shape(self, session: requests.Session) -> None:
        super()._shape(session)
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter(self._tape.next))

    def fly(self, sends: Sequence[Send], clock: Clock) -> list[Flight]:
        """Hear the next answers; those that have no place among them were never sent."""
        del clock
        row = self._tape.next()
        if "flight" not in row:  # not one of them was sent
            return [Flight(error=requests.ConnectionError(row.get("error"))) for _ in sends]
        flights, ahead = [Flight() for _ in sends], 0
        for place, send in enumerate(sends):
            row = self._tape.next(ahead) if ahead < self._tape.few() else {}
            told = row.get("flight", {})
            if told.get("place") != place:
                continue
            flights[place] = _flown(send, row)
            ahead += 1
        return flights

    def connect(self, number: int, patience: float) -> Connection:
        """A connection to the tape."""
        del patience
        row = {} if self._tape.is_over else self._tape.next()
        if row.get("connection") == number:
            raise OSError(row["error"])
        return TapeConnection(self._tape)


class TapeConnection(Connection):
    """Whatever is sent, the answer is the next of the tape."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def close(self) -> None:
        """There is nothing to hang up."""

    def send(self, data: bytes) -> None:
        """Nobody listens; what would be sent is compared when the answer is written down."""

    def hear(self, method: str) -> Answer:
        """The answer that was recorded."""
        del method
        row = self._tape.next()
        line, response = row.get("line", {}), row.get("response")
        end = End(line.get("end", End.CLOSED))
        if response is None:
            return Answer(end, closes=bool(line.get("closes", True)), why=str(row.get("error")))
        headers, body = response["headers"], unshown(response["body"])
        return Answer(end, response["status"], headers, body, bool(line.get("closes")))

    def rest(self, seconds: float) -> bytes:
        """What was recorded to have come after the answer."""
        del seconds
        return unshown(self._tape.next().get("line", {}).get("more"))


class _Adapter(HTTPAdapter):
    """Answers a request with an exchange, or fails as it failed."""

    def __init__(self, row: Callable[[], Mapping[str, Any]]) -> None:
        super().__init__()
        self._row = row

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """The recorded answer."""
        row = self._row()
        if "response" not in row:
            raise requests.ConnectionError(row.get("error"), request=request if "request" in row else None)
        said = row["response"]
        headers = HTTPHeaderDict(said["headers"])
        body = unshown(said["body"])
        raw = HTTPResponse(BytesIO(body), headers, said["status"], version=11, reason="", preload_content=False)
        response = self.build_response(request, raw)
        response._content = body  # noqa: SLF001 - decoded already, whatever the headers say of its encoding
        response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
        return response


def _flown(send: Send, row: Mapping[str, Any]) -> Flight:
    told = row["flight"]
    flight = Flight(start=told["sent"], end=told["received"])
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter(lambda: row))
        try:
            flight.response = send(session)
        except requests.RequestException as error:
            flight.error = error
    return flight


def unshown(kept: Any) -> bytes:
    """A body from what is kept of it (contract_tests.sending.exchanges.shown). DisagreementError when it was cut."""
    if isinstance(kept, dict) and "beginning" in kept:
        raise DisagreementError(
            f"a body of {kept.get('length')} bytes was too long to be kept: nobody can judge it again"
        )
    try:
        return base64.b64decode(kept["base64"]) if isinstance(kept, dict) else (kept or "").encode()
    except ValueError as error:
        raise DisagreementError(f"a body is none: {error}") from None
