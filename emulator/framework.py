"""Flask, spared what it does on each request for applications of another kind, and what it need not do twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import NullSession, SessionInterface
from werkzeug.datastructures import Headers
from werkzeug.routing import Map, MapAdapter, Rule

from emulator.auth import ANYBODY, Principal
from emulator.call import Call
from emulator.trouble import Hits
from emulator.world import World

PATHS = 4096
"""What was found at so many paths, the latest, is remembered: a client asks at the same ones again and again."""

LONGEST = 512
"""Characters of a path that is remembered."""

NO_CONTENT = 204

Found = tuple[Rule, Mapping[str, Any]]
"""What is at a path: a route, and the names in the path."""


class EmulatorRequest(Request):
    """A request with what the emulator has learnt of it so far; `world` is the one of its path, at its beginning.

    `sent` is its body, None until it is read; `trouble` and `error` are for the journal (see Entry).
    """

    world: World
    principal: Principal = ANYBODY
    started: float = 0.0
    call: Call | None = None
    sent: bytes | None = None
    refusal: str | None = None
    trouble: tuple[str, ...] = ()
    hits: Hits | None = None
    error: str | None = None


class EmulatorResponse(Response):
    """An answer that leads nowhere else, so that its headers need no completion once its length is among them."""

    default_mimetype = None

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """The headers themselves where werkzeug would copy them and change nothing."""
        is_complete = self.status_code != NO_CONTENT and "Content-Length" in self.headers
        return self.headers if is_complete else super().get_wsgi_headers(environ)


def current_request() -> EmulatorRequest:
    """The request of this thread itself: each look through Flask's proxy would cost a little."""
    incoming: EmulatorRequest = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - documented, whatever its name
    return incoming


class EmulatorFlask(Flask):
    """Flask with our request and answer; OPTIONS answers with Allow and nothing else."""

    request_class = EmulatorRequest

    def __init__(self) -> None:
        super().__init__("emulator", static_folder=None)
        self.response_class = EmulatorResponse
        self.session_interface = _NoSessions()
        self.url_map.merge_slashes = False
        self._routes = self.url_map.bind("")
        self._remembered = lru_cache(PATHS)(self._look)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What Flask asks for the route of a request. Which host it names does not matter."""
        return None if request is None else _Place(self.url_map, request.environ, self._find)

    def _find(self, method: str, path: str) -> Found:
        return self._remembered(method, path) if len(path) <= LONGEST else self._look(method, path)

    def _look(self, method: str, path: str) -> Found:
        found: Found = self._routes.match(path, method, return_rule=True)
        return found

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none here is a coroutine, and to find that out takes longer than some of them."""
        return func

    def make_default_options_response(self) -> Response:
        """204 with Allow (openapi.yaml: requirement http.options)."""
        response = super().make_default_options_response()
        response.status_code = NO_CONTENT
        return response


class _NoSessions(SessionInterface):
    """Nobody has a session here."""

    _none = NullSession()

    def open_session(self, *_: Any) -> NullSession:
        return self._none


class _Place(MapAdapter):
    """The path of one request, and the method with which it is asked there."""

    def __init__(self, routes: Map, environ: dict[str, Any], find: Callable[[str, str], Found]) -> None:
        path: str = environ["PATH_INFO"]
        if not path.isascii():
            path = path.encode("latin-1").decode(errors="replace")  # as WSGI has it
        super().__init__(routes, "", "", "", "http", path, environ["REQUEST_METHOD"])
        self._find = find

    def match(self, *path: Any, **how: Any) -> Any:
        """The route, as it was found when this was asked for the last time."""
        if path or "method" in how:
            return super().match(*path, **how)
        return self._find(self.default_method, self.path_info)
