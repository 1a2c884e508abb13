"""Which part of the rack a request is for, and how what it answers is put."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.from_scratch.rack import Answer, Conflict, Locked, Missing, NoConsole, Rack
from tests.from_scratch.reading import ACTIONS, METHODS, BadName, Refused, json_of, properties_of, route

Answered = tuple[int, Any, dict[str, str]]


class Dispatcher:
    """The API of a rack that has these hosts."""

    def __init__(self, rack: Rack, hosts: tuple[tuple[str, ...], ...], flaws: frozenset[str]) -> None:
        self._rack = rack
        self._hosts = set(hosts)
        self._flaws = flaws

    def answer(self, method: str, target: str, media_type: str | None, body: bytes) -> Answered:
        """Status, value of the body, headers."""
        found = self._route(target)
        if isinstance(found, str):
            return self._error(404, found)
        host, action = found
        methods = METHODS[action]
        if method == "OPTIONS":
            return 204, None, {"Allow": ", ".join([*methods, "OPTIONS"])}
        if method not in methods:
            return self._error(405, f"{method} is not for this", {"Allow": ", ".join(methods)})
        return self._done(self._job("GET" if method == "HEAD" else method, host, action, media_type, body))

    def _route(self, target: str) -> tuple[tuple[str, ...], str] | str:
        """The host and the action that a path names; why there is nothing otherwise."""
        if "no slash at the end" in self._flaws and target.partition("?")[0].endswith("/"):
            return "no such page"
        try:
            found = route(target)
        except BadName as error:
            return str(error)
        if found is None or found[0] not in self._hosts:
            return f"nothing is known of {target}"
        if found[1] not in METHODS or ("no alias" in self._flaws and found[1] == "_stop"):
            return f"{found[1]} is not offered here"
        return found

    def _job(
        self, method: str, host: tuple[str, ...], action: str, media_type: str | None, body: bytes
    ) -> Callable[[], Answer]:
        rack = self._rack
        if action in ACTIONS:
            return lambda: rack.forget(host) if action == "_forget" else rack.act(host, action)
        if action in ("lock", "unlock"):
            return lambda: rack.lock(host, locked=action == "lock")
        if action == "vnc":
            return lambda: rack.vnc(host)
        if action == "properties":
            return lambda: rack.take(host, properties_of(json_of(body, media_type, self._flaws)))
        if method == "POST":
            return lambda: self._provision(host, media_type, body)
        return (lambda: rack.delete(host)) if method == "DELETE" else (lambda: rack.get(host))

    def _provision(self, host: tuple[str, ...], media_type: str | None, body: bytes) -> Answer:
        if body and not isinstance(json_of(body, media_type, self._flaws), dict):
            raise Refused(400, "an object is expected")
        return self._rack.provision(host)

    def _done(self, job: Callable[[], Answer]) -> Answered:
        try:
            with self._rack.mutex:
                status, value = job()
        except Missing:
            return self._error(404, "there is no instance on this host")
        except Conflict as error:
            return self._error(self._status(error), str(error))
        except Refused as error:
            return self._error(error.status, error.why)
        return status, value, {}

    def _status(self, error: Conflict) -> int:
        if isinstance(error, Locked) and "a lock is forbidden ground" in self._flaws:
            return 403
        return 400 if isinstance(error, NoConsole) and "no console is a bad request" in self._flaws else 409

    def _error(self, status: int, message: str, headers: dict[str, str] | None = None) -> Answered:
        if "errors are pages" in self._flaws and status == 404:
            return status, f"<h1>{message}</h1>".encode(), {"content-type": "text/html"}
        if "an error is a message" in self._flaws:
            return status, {"message": message}, headers or {}
        return status, {"error": [message], "status": status}, headers or {}
