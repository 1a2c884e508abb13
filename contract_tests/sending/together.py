"""Sends several requests at one moment: each on a connection of its own, which stands before the first of them leaves.

The wait is inside the connection, between its opening and the first byte. So all that takes time has been done when
the gate opens, and the requests leave within a millisecond; nothing is sent beforehand to warm a connection up. The
gate does not wait for ever: a server that takes one connection after the other has some of them stand in a queue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Condition
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from schemathesis import Response
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool
from urllib3.exceptions import HTTPError

from contract import Operation
from contract_tests.running.ledger import Ledger
from contract_tests.sending.clock import Clock
from contract_tests.sending.replies import Reply

PATIENCE = 1.0
"""Seconds for which those whose connection stands wait for the others."""

Send = Callable[[requests.Session], Response]
"""Sends one request by a session that it is given."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one request of a volley, by the clock of the run.

    It left after `start`, and its answer was read before `end`. `reply` None: none came, for the `reason`; or the
    server put the request off with `status`. `ledger` holds what the document says of the answer.
    """

    operation: Operation
    start: float
    end: float
    status: int | None
    reply: Reply | None
    reason: str = ""
    ledger: Ledger = field(default_factory=Ledger)


@dataclass(slots=True)
class Flight:
    """A request on its way: `start` None until it has left. One of `response` and `error` is there in the end."""

    start: float | None = None
    end: float = 0.0
    response: Response | None = None
    error: Exception | None = None


class _Gate:
    """Opens when all are here, or when somebody has waited for too long."""

    def __init__(self, awaited: int) -> None:
        self._changed = Condition()
        self._awaited = awaited

    def come(self) -> None:
        """Wait until it opens."""
        with self._changed:
            self._awaited -= 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._awaited <= 0, PATIENCE)
            self._awaited = 0
            self._changed.notify_all()

    def stay_away(self) -> None:
        """Nobody waits for this one any more."""
        with self._changed:
            self._awaited -= 1
            self._changed.notify_all()


def fly(sends: Sequence[Send], session: Callable[[], requests.Session], clock: Clock) -> list[Flight]:
    """Send all at one moment, each by a session of its own. One that cannot be connected is not sent."""
    gate = _Gate(len(sends))
    with ThreadPoolExecutor(len(sends)) as pool:
        return list(pool.map(partial(_fly, gate, session, clock), sends))


def _fly(gate: _Gate, session: Callable[[], requests.Session], clock: Clock, send: Send) -> Flight:
    flight = Flight()

    def leave() -> None:
        gate.come()
        flight.start = clock.read()

    try:
        with session() as own:  # closed at once: a server may serve one connection after the other
            for scheme in ("http://", "https://"):
                own.mount(scheme, _GatedAdapter(leave))
            flight.response = send(own)
    except (requests.RequestException, HTTPError, OSError) as error:
        flight.error = error
    finally:
        flight.end = clock.read()
        if flight.start is None:
            gate.stay_away()
    return flight


class _Gated(HTTPConnection):
    """A connection that waits, once it stands, until it may be used."""

    def __init__(self, *arguments: Any, leave: Callable[[], None], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._leave = leave

    def connect(self) -> None:
        """Connect, and wait."""
        super().connect()
        self._leave()


class _GatedTls(_Gated, HTTPSConnection):
    """The same for https."""


class _GatedAdapter(HTTPAdapter):
    """Makes connections that wait."""

    def __init__(self, leave: Callable[[], None]) -> None:
        super().__init__()
        self._leave = leave

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,  # noqa: FBT001 - the signature of the library
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> ConnectionPool:
        """The pool of the library, with another kind of connection."""
        pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
        if isinstance(pool, HTTPConnectionPool):
            pool.ConnectionCls = _GatedTls if pool.scheme == "https" else _Gated
            pool.conn_kw["leave"] = self._leave
        return pool
