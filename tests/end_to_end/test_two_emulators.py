"""Two emulators over one database, asked in turn, are one server of the contract, though one of them keeps dying."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.emulator.conftest import database_server as database_server  # noqa: PLC0414 - a fixture
from tests.emulator.processes import Process, serving
from tests.patience import PATIENCE
from tests.postgresql import Postgresql
from tests.suite.judging import VACANT, judge
from tests.suite.serving import serving as served

LIFE = 400
"""After so many requests one of the two is killed, and started anew."""


class InTurn:
    """A WSGI application that passes requests on to two emulators in turn, and kills one of them now and then.

    It is killed between two of its requests, or an answer would be lost with it: that is what tests of crashes look at.
    """

    def __init__(self, store: str) -> None:
        self._store = store
        self._stack = ExitStack()
        self._emulators = [self._start(), self._start()]
        self._busy = [0, 0]
        self._changing = threading.Condition()
        self._away: int | None = None
        self._requests = 0
        self.deaths = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        """Pass one request on, and its answer back."""
        chosen = self._choose()
        try:
            status, headers, content = _forward(self._emulators[chosen].port, environ)
        finally:
            with self._changing:
                self._busy[chosen] -= 1
                self._changing.notify_all()
        start_response(status, headers)
        return iter([content])

    def close(self) -> None:
        """Stop both."""
        with self._changing:
            self._changing.wait_for(lambda: self._away is None, 30)
        self._stack.close()

    def _start(self, port: int = 0) -> Process:
        options = ("--store", self._store, "--log-format", "none", "--port", str(port))
        return self._stack.enter_context(serving(*options))

    def _choose(self) -> int:
        with self._changing:
            self._requests += 1
            if self._requests % LIFE == 0 and self._away is None:
                self._away = self._requests // LIFE % 2
                threading.Thread(target=self._replace, args=(self._away,)).start()
            chosen = self._requests % 2 if self._away is None else 1 - self._away
            self._busy[chosen] += 1
            return chosen

    def _replace(self, number: int) -> None:
        with self._changing:
            self._changing.wait_for(lambda: self._busy[number] == 0)
        old = self._emulators[number]
        old.popen.send_signal(signal.SIGKILL)
        old.popen.wait(PATIENCE)
        self._emulators[number] = self._start()
        with self._changing:
            self._away = None
            self.deaths += 1
            self._changing.notify_all()


def _forward(port: int, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.putrequest(
            environ["REQUEST_METHOD"], environ["REQUEST_URI"], skip_host=True, skip_accept_encoding=True
        )
        for name, value in environ.items():
            if name.startswith("HTTP_") and name != "HTTP_CONNECTION":
                connection.putheader(name[5:].replace("_", "-"), value)
        body = environ["wsgi.input"].read()
        if "CONTENT_TYPE" in environ:
            connection.putheader("Content-Type", environ["CONTENT_TYPE"])
        if body or "CONTENT_LENGTH" in environ:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        hop_by_hop = ("connection", "date", "server")
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in hop_by_hop]
        return f"{answer.status} {answer.reason}", headers, answer.read()
    finally:
        connection.close()


@contextmanager
def in_turn(store: str) -> Iterator[InTurn]:
    """Such an application, until the block ends."""
    application = InTurn(store)
    try:
        yield application
    finally:
        application.close()


def test_two_emulators_in_turn_pass_the_whole_suite(database_server: Postgresql, tmp_path: Path) -> None:
    """Every rule holds on the two together, as if they were one, and one that never died."""
    with in_turn(database_server.database()) as application, served(application) as url:
        verdict = judge(url, tmp_path / "report", hosts=(VACANT,))
    assert application.deaths > 1
    assert (verdict.exit_code, verdict.failed()) == (0, set()), verdict.text
