"""Sends, labels, records and judges every request. Nothing leaves the suite but through here.

It refuses to send what was not allowed, so that no check can do harm by mistake: nothing goes to a host that was not
named, and no operation above the level.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

import requests
from schemathesis import Case, Response
from schemathesis.core import NOT_SET
from urllib3.exceptions import HTTPError

from contract import Contract, Operation
from contract_tests import VERSION
from contract_tests.judging.document_rules import Judge
from contract_tests.judging.error_rules import ErrorRules
from contract_tests.running.ledger import Ledger
from contract_tests.running.outcomes import Finding
from contract_tests.running.target import HostName, Level, Target, level_of
from contract_tests.sending.accounts import Accounts
from contract_tests.sending.api import HostApi
from contract_tests.sending.exchanges import (
    Log,
    lost_request,
)
from contract_tests.sending.keeping import kept
from contract_tests.sending.raw import Connection
from contract_tests.sending.replies import (
    BUSY,
    BUSY_TRIES,
    LostReplyError,
    NotAllowedError,
    Reply,
    TargetGoneError,
    put_off,
    reason_of,
    says_when,
)
from contract_tests.sending.stopping import waiting
from contract_tests.sending.together import Answered, Flight
from contract_tests.sending.wire import CONNECT_TIMEOUT, READ_TIMEOUT, Wire

FIRST_TIMEOUT = 10.0
"""Seconds until the first answer of all."""

READ_TRIES = 3
"""How often a request that only reads is sent when the connection fails. A write is sent once, ever."""

RETRY_AFTER = ("errors.retry-after",)

GONE_AFTER = 6
"""Tries in a row without an answer after which the server counts as gone."""

READING = ("GET", "HEAD", "OPTIONS", "TRACE")

_Answer = TypeVar("_Answer", Response, requests.Response)


class Client:
    """The way to the server. `ledger` and `check_id` are those of the check that runs; the runner sets them.

    `statuses` counts the answers of each operation. `written`: the hosts to which a write was sent; `missing`: what the
    server turned out not to have. `accepted_at`: when a trigger that takes its time was last accepted on a host.
    `accounts` has what was made and removed, `server` is what the server calls itself.
    """

    def __init__(self, target: Target, contract: Contract, log: Log, wire: Wire | None = None) -> None:
        self.target = target
        self.contract = contract
        self.ledger = Ledger()
        self.check_id = "start"
        self.statuses: dict[str, Counter[int]] = {}
        self.written: set[HostName] = set()
        self.missing: set[str] = set()
        self.accepted_at: dict[HostName, float] = {}
        self._takes_time = {edge.trigger for edge in contract.lifecycle.edges if edge.via is not None}
        self.server: str | None = None
        self.log = log
        self.clock = log.clock
        self.accounts = Accounts(contract)
        self.errors = ErrorRules(contract)
        self._judge = Judge(contract, target.claims)
        self._levels = {operation.id: level_of(operation, contract) for operation in contract.operations.values()}
        self._apis: dict[HostName, HostApi] = {}
        self._wire = wire or Wire(target.url)
        self._session = self._wire.session
        self._connections = 0
        self._silent = 0

    def take_over(self, other: Client) -> None:
        """Go on after another client of the same server: its answers, writes and accounts count here."""
        self.statuses, self.written, self.missing = other.statuses, other.written, other.missing
        self.accounts.created, self.accounts.removed = other.accounts.created, other.accounts.removed
        self.clock.now = max(self.clock.now, other.clock.now)

    def api(self, host: HostName) -> HostApi:
        """The document bound to a host that was named."""
        if host not in self.target.hosts:
            raise NotAllowedError(f"{host} was not named with --host")
        if host not in self._apis:
            self._apis[host] = HostApi(self.contract, host)
        return self._apis[host]

    def may(self, operation: Operation) -> bool:
        """Whether the level lets this operation be sent."""
        return self._levels[operation.id] <= self.target.level

    def call(
        self,
        operation: Operation,
        host: HostName,
        *,
        body: Any = NOT_SET,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        slash: bool = False,
    ) -> Reply:
        """Send an operation, judge the answer by the document, and return it. LostReplyError without an answer."""
        case = self._case(operation, host, body, query)
        if slash:
            case.path = f"{case.path}/"
        return self.send(case, operation, host, headers=headers)

    def send(
        self,
        case: Case[Any],
        operation: Operation,
        host: HostName,
        *,
        headers: Mapping[str, str] | None = None,
        credentials: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a case that was made for this host. `credentials` None: those of the target."""
        declared = case.method.upper() == operation.method
        self._check(case, operation, host, declared=declared)
        own = self.target.credentials.headers if credentials is None else credentials
        with self.accounts.around(operation, host, case.body, self.check_id) as entry:
            response = self._transmit(case, {**own, **(headers or {})})
            entry.done(response)
        return self._judged(case, operation, host, response)

    def together(self, calls: Sequence[tuple[Operation, Any]], host: HostName) -> list[Answered]:
        """Send operations, each with its body or NOT_SET, at one moment (contract_tests.sending.together).

        Each answer is judged by the document, in a ledger of its own, when all have come. A request whose answer is
        lost is no error here. One that could not be connected is left out; LostReplyError when that is all of them.
        """
        cases = [self._case(operation, host, body) for operation, body in calls]
        for number, ((operation, _), case) in enumerate(zip(calls, cases, strict=True), start=self.log.count + 1):
            self._check(case, operation, host, declared=True)
            case.id = str(number)
        headers = {**self.target.credentials.headers, **self.labels}
        entries = [self.accounts.opened(operation, host, body, self.check_id) for operation, body in calls]
        flights = self._wire.fly([partial(self._call, case, headers) for case in cases], self.clock)
        for entry, flight in zip(entries, flights, strict=True):
            entry.done(flight.response)
        self._heard(flights)
        return [
            self._answered(case, operation, host, flight, place)
            for place, ((operation, _), case, flight) in enumerate(zip(calls, cases, flights, strict=True))
            if flight.start is not None
        ]

    def _heard(self, flights: Sequence[Flight]) -> None:
        """Note whether the server still answers; LostReplyError when nothing was sent."""
        errors = [flight.error for flight in flights if flight.error]
        if errors and all(flight.start is None for flight in flights):
            self._unheard(errors[0])
        if len(errors) < len(flights):
            self._silent = 0

    def _answered(self, case: Case[Any], operation: Operation, host: HostName, flight: Flight, place: int) -> Answered:
        start, response = flight.start or flight.end, flight.response
        row = {"flight": {"place": place, "sent": start, "received": flight.end}}
        if response is None:
            own, reason = self.target.credentials, reason_of(flight.error) if flight.error else "no answer"
            self.log.add(check=self.check_id, **lost_request(flight.error, own), error=reason, **row)
            return Answered(operation, start, flight.end, None, None, reason)
        ledger, reply, reason = Ledger(), None, ""
        try:
            reply = self._judged(case, operation, host, response, ledger, row)
        except LostReplyError as error:
            reason = str(error)
        return Answered(operation, start, flight.end, response.status_code, reply, reason, ledger)

    def send_bytes(self, operation: Operation, host: HostName, data: bytes, media_type: str | None) -> Reply:
        """Send an operation with a body that the engine would not make, byte by byte; judged like any other."""
        case = self.api(host).operations[operation.id].Case()
        self._check(case, operation, host, declared=True)
        headers = {**self.target.credentials.headers, **self.labels}
        if media_type is not None:
            headers["Content-Type"] = media_type
        request = requests.Request(operation.method, self.target.url + case.path, headers=headers, data=data)
        with self.accounts.around(operation, host, None, self.check_id) as entry:
            write = partial(self._write, lambda: self._transport(request.prepare()))
            response = Response.from_any(self._patiently(write))
            entry.done(response)
        return self._judged(case, operation, host, response)

    def _case(
        self, operation: Operation, host: HostName, body: Any, query: Mapping[str, str] | None = None
    ) -> Case[Any]:
        media_type = None
        if body is not NOT_SET:
            media_type = operation.body.media_types[0] if operation.body else "application/json"
        return self.api(host).operations[operation.id].Case(body=body, query=dict(query or {}), media_type=media_type)

    def _call(self, case: Case[Any], headers: Mapping[str, str], session: requests.Session) -> Response:
        return case.call(
            base_url=self.target.url,
            session=session,
            headers=dict(headers),
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
            verify=session.verify,  # the engine has a default of its own, which knows no REQUESTS_CA_BUNDLE
        )

    def _transport(self, prepared: requests.PreparedRequest) -> requests.Response:
        return self._session.send(prepared, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT), allow_redirects=False)

    def _judged(
        self,
        case: Case[Any],
        operation: Operation,
        host: HostName,
        response: Response,
        ledger: Ledger | None = None,
        row: Mapping[str, Any] = MappingProxyType({}),
    ) -> Reply:
        ledger = ledger or self.ledger
        reply = self._keep(response.request, response, operation.id, row)
        declared = case.method.upper() == operation.method
        if declared:
            self.statuses.setdefault(operation.id, Counter())[reply.status] += 1
            if operation.trigger in self._takes_time and reply.accepted:
                self.accepted_at[host] = reply.at
        judgement = self._judge.judge(operation, host, case, response, declared=declared)
        ledger.hold(judgement.held)
        what = f"{case.method.upper()} .../{case.path.rpartition('/instance')[2].lstrip('/') or 'instance'}"
        for broken in judgement.broken:
            ledger.breach(Finding((broken.requirement,), what, broken.expected, broken.got, reply.number, reply.curl))
        if reply.status in BUSY:
            raise LostReplyError(f"{what} was put off {BUSY_TRIES} times with {reply.status}")
        return reply

    def probe(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        credentials: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a reading request that no operation describes; only an error is judged. `path` is encoded already.

        `credentials` come on a fresh connection: some servers let in all that comes over one, once it was let in.
        LostReplyError without an answer, and when the server puts it off again and again.
        """
        if method not in READING:
            raise NotAllowedError(f"{method} {path} is not a reading request")
        if credentials is not None:
            self._session.close()
        own = self.target.credentials.headers if credentials is None else credentials
        sent = {**own, **self.labels, **(headers or {})}
        prepared = requests.Request(method, self.target.url + path, headers=sent, data=data).prepare()
        response = self._patiently(lambda: self._read(lambda: self._transport(prepared)))
        reply = self._keep(prepared, Response.from_any(response), None)
        if method != "HEAD":
            self.errors.judge(reply, f"{method} {path}", self.ledger)
        if reply.status in BUSY:
            raise LostReplyError(f"{method} {path} was put off {BUSY_TRIES} times with {reply.status}")
        return reply

    def first_contact(self, path: str) -> Reply:
        """Read for the first time. Sent once, with little patience: whoever listens there may be somebody else."""
        headers = {**self.target.credentials.headers, **self.labels}
        prepared = requests.Request("GET", self.target.url + path, headers=headers).prepare()
        answer = self._hear(
            lambda: self._session.send(prepared, timeout=(CONNECT_TIMEOUT, FIRST_TIMEOUT), allow_redirects=False)
        )
        return self._keep(prepared, Response.from_any(answer), None)

    @contextmanager
    def connect(self, patience: float) -> Iterator[Connection]:
        """A connection for what no library sends (contract_tests.sending.lines). LostReplyError without."""
        self._connections += 1
        try:
            connection = self._wire.connect(self._connections, patience)
        except OSError as error:
            reason = reason_of(error)
            self.log.add(check=self.check_id, connection=self._connections, error=reason)
            raise LostReplyError(reason) from None
        with connection:
            yield connection

    def _check(self, case: Case[Any], operation: Operation, host: HostName, *, declared: bool) -> None:
        if not case.path.startswith(host.path(operation.path)):
            raise NotAllowedError(f"{case.path} is not of {host}")
        if case.method.upper() in READING:
            return
        self.written.add(host)
        level = self._levels[operation.id] if declared else Level.FULL
        if level > self.target.level:
            raise NotAllowedError(f"{case.method.upper()} {case.path} needs the level {level}")

    @property
    def labels(self) -> dict[str, str]:
        """The headers that say who asks, and why."""
        return {"User-Agent": f"contract-tests/{VERSION} ({self.check_id})"}

    def _transmit(self, case: Case[Any], headers: Mapping[str, str]) -> Response:
        sent = {**headers, **self.labels}
        case.id = str(self.log.count + 1)  # a header of the engine's: the same seed, the same requests
        once = partial(self._call, case, sent, self._session)
        return self._patiently(lambda: (self._read if case.method.upper() in READING else self._write)(once))

    def _patiently(self, transmit: Callable[[], _Answer]) -> _Answer:
        """Come again when the server puts a request off: it did nothing yet."""
        for _ in range(BUSY_TRIES - 1):
            answer = transmit()
            if answer.status_code not in BUSY:
                return answer
            reply = self._keep(answer.request, Response.from_any(answer), None)
            when, what = reply.headers.get("retry-after"), f"{answer.request.method} {answer.request.path_url}"
            expected, got = "Retry-After, in seconds or as a date", f"{reply.status}, Retry-After: {when or 'missing'}"
            self.ledger.require(says_when(when), RETRY_AFTER, what, expected=expected, got=got, reply=reply)
            if answer.request.method != "HEAD":
                self.errors.judge(reply, what, self.ledger)
            self.clock.sleep(put_off(when))
        return transmit()

    def _read(self, once: Callable[[], _Answer]) -> _Answer:
        for _ in range(READ_TRIES - 1):
            try:
                return self._hear(once)
            except LostReplyError:
                self._session.close()
        return self._hear(once)

    def _write(self, once: Callable[[], _Answer]) -> _Answer:
        # on a fresh connection: one that the server just closed would lose a request that was never served
        self._session.close()
        return self._hear(once)

    def _hear(self, once: Callable[[], _Answer]) -> _Answer:
        try:
            with waiting():
                answer = once()
        except (requests.RequestException, HTTPError, OSError) as error:
            self._unheard(error)
        self._silent = 0
        return answer

    def _unheard(self, error: Exception) -> NoReturn:
        self._silent += 1
        reason = reason_of(error)
        self.log.add(check=self.check_id, **lost_request(error, self.target.credentials), error=reason)
        if self._silent >= GONE_AFTER:
            raise TargetGoneError(f"{self.target.url} does not answer any more: {reason}") from None
        raise LostReplyError(reason) from None

    def _keep(
        self,
        request: requests.PreparedRequest,
        response: Response,
        operation: str | None,
        row: Mapping[str, Any] = MappingProxyType({}),
    ) -> Reply:
        self.server = self.server or next(iter(response.headers.get("server") or []), None)
        return kept(
            self.log, request, response, self.target.credentials, check=self.check_id, operation=operation, **row
        )
