"""The application factory: assembles contract, world and routes; every error leaves by one door."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from flask import Flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as NoRoute

from contract import load_document
from emulator import control, instances, inventory
from emulator.auth import authorize
from emulator.call import UseCase
from emulator.errors import NO_ANSWER, InDoubt, NotFound, Refusal
from emulator.framework import EmulatorFlask, EmulatorRequest, EmulatorResponse, current_request
from emulator.instances import acts
from emulator.journal import BODY, Entry, pack
from emulator.journal.access_log import AccessLog
from emulator.path_guide import PathGuide
from emulator.router import JSON, bind
from emulator.settings import Settings
from emulator.trouble import answers
from emulator.world import World
from emulator.worlds import PREFIX, Worlds

logger = logging.getLogger(__name__)


WORLD = "emulator.world"
"""Where the environment of a request has the name of its world, when its path names one."""

USE_CASES: Mapping[str, UseCase] = {**instances.USE_CASES, **inventory.USE_CASES}


def create_app(settings: Settings, worlds: Worlds | None = None) -> Flask:
    """The emulator as a WSGI application.

    `worlds` is the state behind it, made from the settings when none is given; it is kept in
    `app.extensions["worlds"]`. StartError and ContractError say what cannot be started.
    """
    worlds = worlds or Worlds(settings)
    app = EmulatorFlask()
    app.extensions["worlds"] = worlds
    documents = [worlds.contract.document, load_document(inventory.DOCUMENT)]
    if settings.control:
        documents.append(load_document(control.DOCUMENT))
    for document in documents:
        bind(
            app,
            document,
            USE_CASES,
            fire=instances.fire,
            performers=control.performers(worlds),
            base_path=settings.base_path,
        )
    operations = [operation for document in documents for operation in document.operations.values()]
    offers = [(operation.method, settings.base_path + operation.path) for operation in operations]
    guard = control.Guard(settings.control_token, settings.base_path) if settings.control else None
    _admit(app, worlds, guard, settings.base_path)
    _refuse(app, PathGuide(offers))
    _record(app, settings)
    app.wsgi_app = WorldPaths(app.wsgi_app, settings.base_path)  # type: ignore[method-assign]  # as Flask's documentation has it
    return app


class WorldPaths:
    """Takes `/w/NAME` off a path, and remembers the name: what follows is a path in that world."""

    def __init__(self, application: Callable[..., Any], base_path: str) -> None:
        self._application = application
        self._base_path = base_path
        self._prefix = base_path + PREFIX

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """As WSGI wants it."""
        path = environ["PATH_INFO"]
        if path.startswith(self._prefix):
            name, slash, rest = path[len(self._prefix) :].partition("/")
            environ[WORLD], environ["PATH_INFO"] = name, self._base_path + slash + rest
        return self._application(environ, start_response)


def _admit(app: Flask, worlds: Worlds, guard: control.Guard | None, base_path: str) -> None:
    """Before anything else: 401, then 403, then a path that names nothing (openapi.yaml: order of refusals)."""

    @app.before_request
    def admit() -> EmulatorResponse | None:
        incoming = current_request()
        incoming.started = time.perf_counter()
        incoming.world = worlds.world()
        if WORLD in incoming.environ:
            incoming.world = worlds.world(incoming.environ[WORLD])
        if guard is not None and guard.guards(incoming.path):
            guard.check(incoming.headers, incoming.remote_addr)
            return None
        incoming.principal = incoming.world.authenticator.principal(incoming.headers)
        names = incoming.view_args or {}
        organization = names.get("org_name") or _named_organization(incoming.path.removeprefix(base_path))
        if organization:
            authorize(incoming.principal, organization)
        check_path(incoming.environ)
        return None if incoming.world.trouble is None else _meet_trouble(incoming, incoming.world)


def _meet_trouble(incoming: EmulatorRequest, world: World) -> EmulatorResponse | None:
    """What the request meets before it is served; an answer that nobody gets when it is not served at all."""
    trouble = world.trouble
    if trouble is None or incoming.endpoint is None or incoming.method == "OPTIONS":
        return None
    names = tuple((incoming.view_args or {}).values())
    hits = incoming.hits = trouble.meet(incoming.endpoint, names, world.clock.as_known())
    if hits is None:
        return None
    incoming.trouble = hits.names
    answers.before(hits, incoming.environ)
    if (gone := hits.get("hypervisor-gone")) is not None:
        acts.lose_sight(world, gone.names, float(gone.parameter("seconds")))
    return EmulatorResponse(status=503) if NO_ANSWER in incoming.environ else None


def _named_organization(path: str) -> str:
    """The organization that a path is about, though no operation is there; empty when it is about none."""
    root, _, rest = path.removeprefix("/").partition("/")
    return rest.partition("/")[0] if root == "organizations" else ""


def check_path(environ: Mapping[str, Any]) -> None:
    """NotFound when a name in the path holds an encoded slash, or when the path is not UTF-8."""
    raw = environ.get("REQUEST_URI", "")
    if "%" in raw and "%2f" in raw.partition("?")[0].lower():
        raise NotFound(f"nothing is at {raw!r}: a name cannot contain a slash, not even as %2F")
    path = environ["PATH_INFO"]
    if path.isascii():
        return
    try:
        path.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise NotFound(f"nothing is at {raw!r}: names are percent-encoded UTF-8, and this is not") from None


def _refuse(app: Flask, guide: PathGuide) -> None:
    """The one door for errors: `{"error": [messages]}`."""

    @app.errorhandler(Refusal)
    def refusal(error: Refusal) -> EmulatorResponse:
        return error_response(error.status, error.messages, error.headers)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> EmulatorResponse:
        path = current_request().path
        if isinstance(error, NoRoute):
            return error_response(404, [guide.advice(path, current_request().method)])
        if isinstance(error, MethodNotAllowed):
            allowed = ", ".join(sorted(error.valid_methods or ()))
            message = f"{current_request().method} is not allowed at {path!r}; allowed are {allowed}"
            return error_response(405, [message], {"Allow": allowed})
        return error_response(error.code or 500, [error.description or error.name])

    @app.errorhandler(InDoubt)
    def in_doubt(error: InDoubt) -> EmulatorResponse:
        logger.warning("a request gets no answer: %s", error)
        current_request().environ[NO_ANSWER] = True
        return EmulatorResponse(status=503)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> EmulatorResponse:
        incoming = current_request()
        incoming.error = "".join(traceback.format_exception(error))
        logger.error("a request broke the emulator: %s", incoming.path, exc_info=error)
        return error_response(
            500, [f"the emulator broke ({type(error).__name__}); its log says where. Please report it"]
        )


def error_response(status: int, messages: Sequence[str], headers: Mapping[str, str] | None = None) -> EmulatorResponse:
    """An error as components/schemas/Error of openapi.yaml has it."""
    current_request().refusal = messages[0]
    return EmulatorResponse(orjson.dumps({"error": list(messages)}), status, headers, content_type=JSON)


def _record(app: Flask, settings: Settings) -> None:
    """Last, before the first byte leaves: what trouble does to an answer, the journal, and the access log."""
    log = AccessLog(sys.stderr, settings.log_format) if settings.log_format else None

    @app.after_request
    def record(response: EmulatorResponse) -> EmulatorResponse:
        incoming = current_request()
        if incoming.hits is not None:
            answers.after(incoming.hits, incoming.environ, response)
        call = incoming.call
        world = incoming.world
        entry = Entry(
            contract=world.contract,
            world=world.name,
            at=call.now if call else world.clock.as_known(),
            duration=time.perf_counter() - incoming.started,
            username=incoming.principal.username,
            method=incoming.method,
            path=incoming.environ.get("REQUEST_URI") or incoming.path,
            operation=incoming.endpoint,
            names=call.names if call else tuple((incoming.view_args or {}).values()),
            status=response.status_code,
            before=call.before if call else None,
            after=call.after if call else None,
            message=incoming.refusal,
            trouble=incoming.trouble,
            error=incoming.error,
            started=incoming.started,
            packed=pack(incoming.environ, response.headers.to_wsgi_list()),
            request_body=_sent(incoming),
            response_body=_given(response),
        )
        world.journal.add(entry)
        if log is not None:
            log.write(entry)
        return response


def _sent(incoming: EmulatorRequest) -> bytes:
    """The beginning of the body of a request; of one that was not read, where it has arrived as a whole."""
    sent = incoming.sent
    if sent is None:
        environ = incoming.environ
        # to wait for what a client only announces would be to answer late, or never
        has_arrived = environ.get("CONTENT_LENGTH") and environ.get("wsgi.input_terminated")
        sent = incoming.stream.read(BODY) if has_arrived else b""
    return sent if len(sent) <= BODY else sent[:BODY]


def _given(response: EmulatorResponse) -> bytes:
    """The beginning of the body of an answer; nothing of one that is still to be made, piece by piece."""
    given = response.response
    if not isinstance(given, list) or not given:
        return b""
    data: bytes = given[0]
    return data if len(data) <= BODY else data[:BODY]
