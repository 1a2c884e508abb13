"""A server that is the emulator with one thing changed: what a fault sees of a call, and how it passes it on."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request: `path` decoded as WSGI has it, `action` what comes after the instance in it, without slashes."""

    method: str
    path: str
    query: str
    body: bytes
    environ: Mapping[str, Any] = field(repr=False)

    @property
    def action(self) -> str:
        """`_pause`, `properties`, empty for the root of the instance."""
        return self.path.rpartition("/instance")[2].strip("/")

    @property
    def root(self) -> str:
        """The path of the instance."""
        return self.path.rpartition("/instance")[0] + "/instance"

    def at(self, action: str, method: str | None = None) -> Call:
        """The same call with another action, and with another method."""
        path = f"{self.root}/{action}" if action else self.root
        return replace(self, path=path, method=method or self.method)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a call."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def value(self) -> Any:
        """The JSON of its body; None without."""
        return json.loads(self.body) if self.body else None

    def saying(self, value: Any, status: int | None = None) -> Answer:
        """The same with another body."""
        return replace(self, body=json.dumps(value).encode(), status=status or self.status)

    def without(self, header: str) -> Answer:
        """The same without a header."""
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].lower() != header.lower()))


Forward = Callable[[Call], Answer]
Change = Callable[[Call, Forward], Answer]

JSON = (("Content-Type", "application/json"),)


def refusal(status: int, message: str) -> Answer:
    """An error as the contract has it."""
    return Answer(status, json.dumps({"error": [message]}).encode(), JSON)


class Changed:
    """A WSGI application: the given one, with a change in the middle."""

    def __init__(self, application: Application, change: Change) -> None:
        self._application = application
        self._change = change

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """Serve one request."""
        call = Call(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"],
            query=environ.get("QUERY_STRING", ""),
            body=environ["wsgi.input"].read(),
            environ=environ,
        )
        answer = self._change(call, self._forward)
        headers = [pair for pair in answer.headers if pair[0].lower() != "content-length"]
        if answer.body or answer.status not in (202, 204):
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [answer.body]

    def _forward(self, call: Call) -> Answer:
        environ = {
            **call.environ,
            "REQUEST_METHOD": call.method,
            "PATH_INFO": call.path,
            "QUERY_STRING": call.query,
            "CONTENT_LENGTH": str(len(call.body)),
            "wsgi.input": io.BytesIO(call.body),
        }
        if call.path != call.environ["PATH_INFO"]:
            environ.pop("REQUEST_URI", None)
        if not call.body:
            environ.pop("CONTENT_TYPE", None)
        started: list[tuple[str, list[tuple[str, str]]]] = []
        parts = self._application(environ, lambda status, headers, *_: started.append((status, headers)))
        body = b"".join(parts)
        status, headers = started[0]
        return Answer(int(status.split()[0]), body, tuple(headers))
