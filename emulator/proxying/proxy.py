"""The proxy as a WSGI application: pass on, judge the answer, note it, and only then answer."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, TextIO
from urllib.parse import unquote_to_bytes

import orjson

from contract import Contract, Operation
from emulator.clock import Clock
from emulator.journal import BODY, Entry, Journal, pack
from emulator.judging import Case, Finding, Terms, Verdict, judge
from emulator.judging.serving import server_rules
from emulator.judging.verdict import findings_in
from emulator.proxying.sights import Sights
from emulator.proxying.upstream import Answer, NoAnswer, Upstream

CAPACITY = 256 * 1024 * 1024
"""Bytes of the journal of a proxy: it is what the archive and the verdict on the client are made from."""

LARGEST = 2 * 1024 * 1024
"""Bytes of a body that are passed on; the server before the proxy keeps no more."""

MOST = 10_000
"""So many findings about the server are kept; all are told when they come."""

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Proxy:
    """Passes requests to a server, and has the journal of all of them."""

    def __init__(self, contract: Contract, upstream: Upstream, told: TextIO = sys.stderr) -> None:
        self.journal = Journal(CAPACITY)
        self.sights = Sights(contract)
        self._contract = contract
        self._upstream = upstream
        self._terms = Terms(contract, (contract.document,), is_open=False)
        self._rules = server_rules(contract)
        self._findings: list[Finding] = []
        self._clock = Clock()
        self._told = told
        self._templates = [(it.path.strip("/").split("/"), it) for it in contract.operations.values()]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """As WSGI wants it."""
        at, started = self._clock.now(), time.perf_counter()
        target = environ.get("REQUEST_URI") or environ["PATH_INFO"]
        body = environ["wsgi.input"].read()
        try:
            answer = self._answer(environ, target, body)
            message = None
        except NoAnswer as error:
            message = str(error)
            answer = refusal(502, message)
        operation, names = self._operation(environ["REQUEST_METHOD"], target)
        states: tuple[str | None, str | None] = (None, None)
        if operation is not None and message is None:
            times = at, self._clock.now()
            states = self.sights.see(operation, names, answer.status, answer.body, *times)
        entry = Entry(
            contract=self._contract,
            world=self._upstream.url,
            at=at,
            duration=time.perf_counter() - started,
            username="",
            method=environ["REQUEST_METHOD"],
            path=target,
            operation=operation.id if operation else None,
            names=names,
            status=answer.status,
            before=states[0],
            after=states[1],
            message=message,
            started=started,
            packed=pack(environ, answer.headers),
            request_body=body[:BODY],
            response_body=answer.body,
        )
        self.journal.add(entry)
        if message is None:
            self._judge(entry)
        entry.response_body = answer.body[:BODY]
        start_response(f"{answer.status} {answer.reason}", [*answer.headers])
        return [answer.body]

    def server_verdict(self) -> Verdict:
        """What was found about the server."""
        number = self.journal.number
        return Verdict("Server", self._rules, (self._upstream.url,), number, 0, tuple(self._findings))

    def client_verdict(self) -> Verdict:
        """What is found about the clients, by what the journal has kept."""
        return judge(self.journal, self._terms, self.journal.let_go)

    def _answer(self, environ: Mapping[str, Any], target: str, body: bytes) -> Answer:
        if int(environ.get("CONTENT_LENGTH") or 0) > LARGEST:
            return refusal(413, f"the proxy passes on bodies of at most {LARGEST} bytes")
        return self._upstream.send(environ["REQUEST_METHOD"], target, _headers(environ), body)

    def _operation(self, method: str, target: str) -> tuple[Operation | None, tuple[str, ...]]:
        """The operation of the contract that a request meant, with the decoded names of its path."""
        segments = target.partition("?")[0].strip("/").split("/")
        for template, operation in self._templates:
            names = _names(template, segments)
            if names is not None and operation.method == ("GET" if method == "HEAD" else method):
                return operation, names
        return None, ()

    def _judge(self, entry: Entry) -> None:
        for finding in findings_in(Case(self._upstream.url, [entry], self._terms), self._rules):
            if len(self._findings) < MOST:
                self._findings.append(finding)
            line = f"#{entry.number} {finding.shown}: {finding.rule.id}: {finding.what}"
            self._told.write("".join(letter if letter.isprintable() else "?" for letter in line) + "\n")
            self._told.flush()


def refusal(status: int, message: str) -> Answer:
    """An error of the proxy itself, in the shape of the API's."""
    body = orjson.dumps({"error": [message]})
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return Answer(status, _PHRASES[status], headers, body)


def _headers(environ: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The headers of a request as a WSGI environ has them; a length only where there is a body, or is said to be."""
    named = [(key[5:].replace("_", "-").title(), value) for key, value in environ.items() if key.startswith("HTTP_")]
    rest = [("Content-Type", environ.get("CONTENT_TYPE")), ("Content-Length", environ.get("CONTENT_LENGTH"))]
    return [*named, *((name, value) for name, value in rest if value is not None and value != "")]


def _names(template: list[str], segments: list[str]) -> tuple[str, ...] | None:
    """The decoded names where a path fits a template; None where it does not."""
    if len(template) != len(segments):
        return None
    names: list[str] = []
    for wanted, found in zip(template, segments, strict=True):
        if wanted.startswith("{"):
            names.append(unquote_to_bytes(found).decode(errors="replace"))
        elif wanted != found:
            return None
    return tuple(names)
