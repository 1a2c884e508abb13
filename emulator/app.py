"""The application factory: assembles contract, world and routes; every error leaves by one door."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as NoRoute

from contract import Document, load_document
from emulator import control, history, instances, inventory
from emulator.auth import authorize
from emulator.call import UseCase
from emulator.errors import NotFound, Refusal
from emulator.journal import Entry
from emulator.log import AccessLog
from emulator.near_miss import PathGuide
from emulator.router import JSON, EmulatorRequest, bind, current_request
from emulator.settings import Settings
from emulator.worlds import Worlds

logger = logging.getLogger(__name__)


class EmulatorFlask(Flask):
    """Flask with our request; OPTIONS answers with Allow and nothing else."""

    request_class = EmulatorRequest

    def make_default_options_response(self) -> Response:
        """204 with Allow (openapi.yaml: requirement http.options)."""
        response = super().make_default_options_response()
        del response.headers["Content-Type"]
        response.status_code = 204
        return response


def create_app(settings: Settings, worlds: Worlds | None = None) -> Flask:
    """The emulator as a WSGI application.

    `worlds` is the state behind it, made from the settings when none is given; it is kept in
    `app.extensions["worlds"]`. StartError and ContractError say what cannot be started.
    """
    worlds = worlds or Worlds(settings)
    app = EmulatorFlask("emulator", static_folder=None)
    app.extensions["worlds"] = worlds
    app.url_map.merge_slashes = False
    documents: list[tuple[Document, Mapping[str, UseCase], UseCase | None]] = [
        (worlds.contract.document, instances.USE_CASES, instances.fire),
        (load_document(inventory.DOCUMENT), {**inventory.USE_CASES, **history.USE_CASES}, None),
    ]
    if settings.control:
        documents.append((load_document(control.DOCUMENT), control.use_cases(worlds), None))
    for document, use_cases, fire in documents:
        bind(app, document, use_cases, world=worlds.world, fire=fire, base_path=settings.base_path)
    operations = [operation for document, *_ in documents for operation in document.operations.values()]
    templates = [settings.base_path + operation.path for operation in operations]
    guard = control.Guard(settings.control_token, settings.base_path) if settings.control else None
    _admit(app, worlds, guard, settings.base_path)
    _refuse(app, PathGuide(templates))
    _record(app, worlds, settings)
    return app


def _admit(app: Flask, worlds: Worlds, guard: control.Guard | None, base_path: str) -> None:
    """Before anything else: 401, then 403, then a path that names nothing (openapi.yaml: order of refusals)."""
    authenticator = worlds.authenticator

    @app.before_request
    def admit() -> None:
        incoming = current_request()
        incoming.started = time.perf_counter()
        if guard is not None and guard.guards(incoming.path):
            guard.check(incoming.headers, incoming.remote_addr)
            return
        incoming.principal = authenticator.principal(incoming.headers)
        names = incoming.view_args or {}
        organization = names.get("org_name") or _named_organization(incoming.path.removeprefix(base_path))
        if organization:
            authorize(incoming.principal, organization)
        check_path(incoming.environ)


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
    def refusal(error: Refusal) -> Response:
        return error_response(error.status, error.messages, error.headers)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        path = current_request().path
        if isinstance(error, NoRoute):
            return error_response(404, [guide.advice(path)])
        if isinstance(error, MethodNotAllowed):
            allowed = ", ".join(sorted(error.valid_methods or ()))
            message = f"{current_request().method} is not allowed at {path!r}; allowed are {allowed}"
            return error_response(405, [message], {"Allow": allowed})
        return error_response(error.code or 500, [error.description or error.name])

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        logger.error("a request broke the emulator: %s", current_request().path, exc_info=error)
        return error_response(
            500, [f"the emulator broke ({type(error).__name__}); its log says where. Please report it"]
        )


def error_response(status: int, messages: Sequence[str], headers: Mapping[str, str] | None = None) -> Response:
    """An error as components/schemas/Error of openapi.yaml has it."""
    current_request().refusal = messages[0]
    return Response(orjson.dumps({"error": list(messages)}), status, headers, content_type=JSON)


def _record(app: Flask, worlds: Worlds, settings: Settings) -> None:
    """Last, before the first byte leaves: the journal, and the access log."""
    log = AccessLog(sys.stderr, settings.log_format) if settings.log_format else None

    @app.after_request
    def record(response: Response) -> Response:
        incoming = current_request()
        call = incoming.call
        world = call.world if call else worlds.world()
        entry = Entry(
            at=call.now if call else world.clock.now(),
            duration=time.perf_counter() - incoming.started,
            username=incoming.principal.username,
            method=incoming.method,
            path=incoming.environ.get("REQUEST_URI") or incoming.path,
            operation=incoming.endpoint,
            status=response.status_code,
            before=call.before if call else None,
            after=call.after if call else None,
            message=incoming.refusal,
        )
        world.journal.add(entry)
        if log is not None:
            log.write(entry)
        return response
