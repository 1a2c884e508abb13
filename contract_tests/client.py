"""Sends, labels, records and judges every request. Nothing leaves the suite but through here.

It refuses to send what was not allowed, so that no check can do harm by mistake: nothing goes to a host that was not
named, and no operation above the level.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import requests
from requests.utils import get_environ_proxies
from schemathesis import Case, Response
from schemathesis.core import NOT_SET
from urllib3.exceptions import HTTPError

from contract import Contract, Operation
from contract_tests import VERSION
from contract_tests.answer_checks import parse
from contract_tests.api import HostApi
from contract_tests.document_rules import Judge
from contract_tests.exchanges import ExchangeLog, curl, redacted, shown
from contract_tests.ledger import Ledger
from contract_tests.outcomes import Finding
from contract_tests.replies import LostReplyError, NotAllowedError, Reply, TargetGoneError
from contract_tests.target import HostName, Level, Target, level_of

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 30.0
"""Seconds until a connection stands, and between two parts of an answer."""

FIRST_TIMEOUT = 10.0
"""Seconds until the first answer of all."""

READ_TRIES = 3
"""How often a request that only reads is sent when the connection fails. A write is sent once, ever."""

BUSY = (429, 503)
BUSY_TRIES, BUSY_WAIT = 3, 10.0
"""How often a request is sent that the server puts off, and the longest wait in seconds that it may ask for."""

GONE_AFTER = 6
"""Tries in a row without an answer after which the server counts as gone."""

READING = ("GET", "HEAD", "OPTIONS", "TRACE")

_Answer = TypeVar("_Answer", Response, requests.Response)


class Client:
    """The way to the server. `ledger` and `check_id` are those of the check that runs; the runner sets them.

    `statuses` counts the answers of each operation. `written` holds the hosts to which a write was sent, `missing` the
    operations that the server turned out not to have: nobody needs to be told twice.
    """

    def __init__(self, target: Target, contract: Contract, log: ExchangeLog) -> None:
        self.target = target
        self.contract = contract
        self.ledger = Ledger()
        self.check_id = "start"
        self.statuses: dict[str, Counter[int]] = {}
        self.written: set[HostName] = set()
        self.missing: set[str] = set()
        self.log = log
        self._judge = Judge(contract, target.claims)
        self._levels = {operation.id: level_of(operation, contract) for operation in contract.operations.values()}
        self._apis: dict[HostName, HostApi] = {}
        self._session = _session(target.url)
        self._silent = 0

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
        media_type = None
        if body is not NOT_SET:
            media_type = operation.body.media_types[0] if operation.body else "application/json"
        case = self.api(host).operations[operation.id].Case(body=body, query=dict(query or {}), media_type=media_type)
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
        response = self._transmit(case, {**own, **(headers or {})})
        return self._judged(case, operation, host, response)

    def send_bytes(self, operation: Operation, host: HostName, data: bytes, media_type: str | None) -> Reply:
        """Send an operation with a body that the engine would not make, byte by byte; judged like any other."""
        case = self.api(host).operations[operation.id].Case()
        self._check(case, operation, host, declared=True)
        headers = {**self.target.credentials.headers, **self._labels()}
        if media_type is not None:
            headers["Content-Type"] = media_type
        request = requests.Request(operation.method, self.target.url + case.path, headers=headers, data=data)
        answer = self._write(lambda: self._transport(request.prepare()))
        return self._judged(case, operation, host, Response.from_any(answer))

    def _transport(self, prepared: requests.PreparedRequest) -> requests.Response:
        return self._session.send(prepared, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT), allow_redirects=False)

    def _judged(self, case: Case[Any], operation: Operation, host: HostName, response: Response) -> Reply:
        reply = self._keep(response.request, response, operation.id)
        declared = case.method.upper() == operation.method
        if declared:
            self.statuses.setdefault(operation.id, Counter())[reply.status] += 1
        judgement = self._judge.judge(operation, host, case, response, declared=declared)
        self.ledger.hold(judgement.held)
        what = f"{case.method.upper()} .../{case.path.rpartition('/instance')[2].lstrip('/') or 'instance'}"
        for broken in judgement.broken:
            self.ledger.breach(
                Finding((broken.requirement,), what, broken.expected, broken.got, reply.number, reply.curl)
            )
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
        """Send a reading request that no operation describes, and judge nothing. `path` is encoded already."""
        if method not in READING:
            raise NotAllowedError(f"{method} {path} is not a reading request")
        own = self.target.credentials.headers if credentials is None else credentials
        sent = {**own, **self._labels(), **(headers or {})}
        prepared = requests.Request(method, self.target.url + path, headers=sent, data=data).prepare()
        response = self._read(lambda: self._transport(prepared))
        return self._keep(prepared, Response.from_any(response), None)

    def first_contact(self, path: str) -> Reply:
        """Read for the first time. Sent once, with little patience: whoever listens there may be somebody else."""
        headers = {**self.target.credentials.headers, **self._labels()}
        prepared = requests.Request("GET", self.target.url + path, headers=headers).prepare()
        answer = self._hear(
            lambda: self._session.send(prepared, timeout=(CONNECT_TIMEOUT, FIRST_TIMEOUT), allow_redirects=False)
        )
        return self._keep(prepared, Response.from_any(answer), None)

    def _check(self, case: Case[Any], operation: Operation, host: HostName, *, declared: bool) -> None:
        if not case.path.startswith(host.path(operation.path)):
            raise NotAllowedError(f"{case.path} is not of {host}")
        if case.method.upper() in READING:
            return
        self.written.add(host)
        level = self._levels[operation.id] if declared else Level.FULL
        if level > self.target.level:
            raise NotAllowedError(f"{case.method.upper()} {case.path} needs the level {level}")

    def _labels(self) -> dict[str, str]:
        return {"User-Agent": f"contract-tests/{VERSION} ({self.check_id})"}

    def _transmit(self, case: Case[Any], headers: Mapping[str, str]) -> Response:
        sent = {**headers, **self._labels()}
        case.id = str(self.log.count + 1)  # a header of the engine's: the same seed, the same requests

        def once() -> Response:
            return case.call(
                base_url=self.target.url,
                session=self._session,
                headers=dict(sent),
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                allow_redirects=False,
            )

        transmit = self._read if case.method.upper() in READING else self._write
        for _ in range(BUSY_TRIES - 1):
            response = transmit(once)
            if response.status_code not in BUSY:
                return response
            time.sleep(_put_off(response))
        return transmit(once)

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
            answer = once()
        except (requests.RequestException, HTTPError, OSError) as error:
            self._silent += 1
            reason = _reason(error)
            self.log.add(check=self.check_id, error=reason)
            if self._silent >= GONE_AFTER:
                raise TargetGoneError(f"{self.target.url} does not answer any more: {reason}") from None
            raise LostReplyError(reason) from None
        self._silent = 0
        return answer

    def _keep(self, request: requests.PreparedRequest, response: Response, operation: str | None) -> Reply:
        headers = {name: ", ".join(values) for name, values in response.headers.items()}
        number = self.log.add(
            check=self.check_id,
            operation=operation,
            request={
                "method": request.method,
                "url": request.url,
                "headers": redacted(request.headers),
                "body": shown(_bytes(request.body)),
            },
            response={
                "status": response.status_code,
                "headers": redacted(headers),
                "body": shown(response.content),
                "seconds": round(response.elapsed, 6),
            },
        )
        return Reply(
            number=number,
            status=response.status_code,
            headers=headers,
            body=parse(response),
            text=response.text,
            curl=curl(str(request.method), str(request.url), request.headers, _bytes(request.body)),
            at=time.monotonic(),
        )


def _session(url: str) -> requests.Session:
    """A session that reads the environment once, and no credentials from ~/.netrc."""
    session = requests.Session()
    session.proxies = get_environ_proxies(url)
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.trust_env = False
    return session


def _put_off(response: Response) -> float:
    value = (response.headers.get("retry-after") or ["1"])[0]
    return min(float(value), BUSY_WAIT) if value.isdecimal() else 1.0


def _reason(error: Exception) -> str:
    """The bottom of what the libraries wrapped, in one line."""
    inner: BaseException = error
    while (cause := inner.__cause__ or inner.__context__) is not None:
        inner = cause
    words = " ".join(str(inner).split()) or type(inner).__name__
    return words if len(words) <= 160 else f"{words[:160]}…"


def _bytes(body: Any) -> bytes:
    """The body of a request; the suite makes none that is a stream."""
    return body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""
