"""From a document to routes: an operation is bound to its use case, its path and its body to the document.

Spec first: a route exists because a document has an operation. What does not change from request to request is
worked out here, once, when the application is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Flask, Request

from contract import Body, Document, Operation, Validator
from emulator.call import Call, Performer, UseCase
from emulator.errors import Malformed, Refusal, StartError, TooLarge, UnsupportedMediaType
from emulator.framework import EmulatorRequest, EmulatorResponse, current_request
from emulator.instances import find, settle_due
from emulator.store import Unit
from emulator.trouble import Hits, bodies
from emulator.worlds import MOST_STATE

MAX_BODY = 1024 * 1024
"""Bytes of a request body (openapi.yaml: the answer 413)."""

MAX_TEXT = MOST_STATE
"""Bytes of a body that is no JSON: a whole world, say."""

JSON = "application/json"

IS_GONE = "waitress.client_disconnected"
"""Where the environment has whether nobody waits for the answer any more."""


def bind(
    app: Flask,
    document: Document,
    use_cases: Mapping[str, UseCase],
    *,
    fire: UseCase | None = None,
    performers: Mapping[str, Performer] | None = None,
    base_path: str = "",
) -> None:
    """Make a route of every operation of the document, under both slash forms.

    `performers` serve operations outside of any unit of work; `fire` serves those with an `x-trigger` that have no use
    case of their own. StartError names an operation that nobody serves.
    """
    for operation in document.operations.values():
        use_case = use_cases.get(operation.id) or (fire if operation.trigger else None)
        perform = _in_unit(use_case, operation) if use_case else (performers or {}).get(operation.id)
        if perform is None:
            raise StartError(
                f"{document.source}: the emulator knows nothing to do for the operation {operation.id!r}; "
                "give it an x-trigger of the lifecycle, or take it out"
            )
        app.add_url_rule(
            base_path + flask_rule(operation.path),
            endpoint=operation.id,
            view_func=_view(document, operation, perform),
            methods=[operation.method],
            strict_slashes=False,
        )


def flask_rule(template: str) -> str:
    """The path of an operation as Flask writes it: `{name}` becomes `<name>`."""
    return template.replace("{", "<").replace("}", ">")


def _in_unit(use_case: UseCase, operation: Operation) -> Performer:
    """The use case in a unit of work of the store."""
    writes = operation.method != "GET"

    def perform(call: Call) -> Any:
        def work(unit: Unit) -> Any:
            call.now = call.world.clock.now_in(unit)
            if call.world.outages:
                settle_due(call.world, unit, call.now)
            return use_case(call, unit)

        return call.world.store.run(work, writes=writes)

    return perform


def _view(document: Document, operation: Operation, perform: Performer) -> Callable[..., EmulatorResponse]:
    order = tuple(parameter.name for parameter in operation.parameters if parameter.location == "path")
    has_query = any(parameter.location == "query" for parameter in operation.parameters)
    read = _body_reader(document, operation.body) if operation.body else None
    status = operation.success
    media_type = next(iter(operation.responses[status].media_types), JSON)
    written = orjson.dumps if media_type == JSON else _as_it_is

    def view(**names: str) -> EmulatorResponse:
        incoming = current_request()
        here = incoming.world
        call = incoming.call = Call(
            world=here,
            operation=operation,
            principal=incoming.principal,
            names=tuple([names[name] for name in order]),
            body=None,
            query=incoming.args if has_query else {},
            now=here.clock.as_known(),
            hits=incoming.hits,
        )
        if has_query:
            call.headers, call.is_gone = incoming.headers, incoming.environ.get(IS_GONE, bool)
        if read is not None:
            call.body = _checked_body(read, incoming, call)
        elif incoming.hits is not None and incoming.content_length:
            _refuse_unread(incoming.hits, call)
        shown = perform(call)
        if shown is None:
            return EmulatorResponse(b"", status=status)
        return EmulatorResponse(written(shown), status=status, content_type=media_type)

    return view


def _as_it_is(shown: Any) -> Any:
    """What is no JSON comes from its performer as text, or as an iterator of texts that are sent one by one."""
    return shown


def _checked_body(read: Callable[[EmulatorRequest], Any], incoming: EmulatorRequest, call: Call) -> Any:
    """The body; a refusal of it comes after 404 (openapi.yaml: order of refusals)."""
    try:
        return read(incoming)
    except Refusal:
        if call.operation.path.startswith("/organizations"):
            call.world.store.run(lambda unit: locate(unit, call.names), writes=False)
        raise


def _refuse_unread(hits: Hits, call: Call) -> None:
    """A body that is not read is ignored, or refused: the contract leaves that open. 404 comes first."""
    if call.operation.trigger is not None and (refusal := bodies.unread(hits)) is not None:
        call.world.store.run(lambda unit: find(call, unit), writes=False)
        raise refusal


def locate(unit: Unit, names: tuple[str, ...]) -> None:
    """NotFound unless the organization, the environment and the host that a path names exist."""
    finders: tuple[Callable[..., object], ...] = (
        unit.organizations,
        unit.organization,
        unit.environment,
        unit.host,
    )
    finders[len(names)](*names)


def _body_reader(document: Document, body: Body) -> Callable[[EmulatorRequest], Any]:
    if JSON not in body.media_types:
        return _text_reader(body.media_types)
    validator = document.validator(body.schema)

    def read(incoming: EmulatorRequest) -> Any:
        data = incoming.sent = _read(incoming, MAX_BODY)
        if not data and not body.required:
            return None
        _check_media_type(incoming.mimetype)
        if incoming.hits is not None:
            data = bodies.doubted(incoming.hits, data, incoming.mimetype)
        return _parse(data, validator)

    return read


def _text_reader(media_types: tuple[str, ...]) -> Callable[[Request], Any]:
    """Reads a body of another type than JSON as text, for whoever knows its form; the type must be said."""

    def read(incoming: Request) -> str:
        data = _read(incoming, MAX_TEXT)
        if incoming.mimetype not in media_types:
            raise UnsupportedMediaType(
                f"the body is {incoming.mimetype!r}; this operation reads {' or '.join(media_types)}: "
                "say so in Content-Type"
            )
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise Malformed(f"byte {error.start} of the body is not UTF-8; send UTF-8") from None

    return read


def _read(incoming: Request, most: int) -> bytes:
    """The body. TooLarge when it is larger, by what it says of its length, or by what came in chunks."""
    data = b"" if (incoming.content_length or 0) > most else incoming.get_data(cache=False)
    if max(incoming.content_length or 0, len(data)) > most:
        raise TooLarge(f"the body is larger than {most} bytes ({most >> 20} MiB), the most that is taken")
    return data


def _check_media_type(media_type: str) -> None:
    # a missing type and +json are read as JSON: the contract leaves that to the server
    if media_type not in ("", JSON) and not media_type.endswith("+json"):
        raise UnsupportedMediaType(f"the body is {media_type!r}; this operation reads {JSON}: say so in Content-Type")


def _parse(data: bytes, validator: Validator) -> Any:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"the body is not JSON: {error}") from None
    if not validator.is_valid(value):
        raise Malformed(*validator.problems(value))
    return value
