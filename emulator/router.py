"""From a document to routes: an operation is bound to its use case, its path and its body to the document.

Spec first: a route exists because a document has an operation. What does not change from request to request is
worked out here, once, when the application is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Flask, Request, Response, request

from contract import Body, Document, Operation, Validator
from emulator.auth import ANYBODY, Principal
from emulator.call import Call, UseCase
from emulator.errors import Malformed, Refusal, StartError, TooLarge, UnsupportedMediaType
from emulator.store import Unit
from emulator.world import World

MAX_BODY = 1024 * 1024
"""Bytes of a request body (openapi.yaml: the answer 413)."""

JSON = "application/json"


class EmulatorRequest(Request):
    """A request with what the emulator has learnt of it so far."""

    principal: Principal = ANYBODY
    started: float = 0.0
    call: Call | None = None
    refusal: str | None = None


def current_request() -> EmulatorRequest:
    """The request of this thread itself: each look through Flask's proxy would cost a little."""
    incoming: EmulatorRequest = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - documented, whatever its name
    return incoming


def bind(
    app: Flask,
    document: Document,
    use_cases: Mapping[str, UseCase],
    *,
    world: Callable[[], World],
    fire: UseCase | None = None,
    base_path: str = "",
) -> None:
    """Make a route of every operation of the document, under both slash forms.

    `fire` serves operations with an `x-trigger` that have no use case of their own. StartError names an
    operation that nobody serves.
    """
    for operation in document.operations.values():
        use_case = use_cases.get(operation.id) or (fire if operation.trigger else None)
        if use_case is None:
            raise StartError(
                f"{document.source}: the emulator knows nothing to do for the operation {operation.id!r}; "
                "give it an x-trigger of the lifecycle, or take it out"
            )
        app.add_url_rule(
            base_path + flask_rule(operation.path),
            endpoint=operation.id,
            view_func=_view(document, operation, use_case, world),
            methods=[operation.method],
            strict_slashes=False,
        )


def flask_rule(template: str) -> str:
    """The path of an operation as Flask writes it: `{name}` becomes `<name>`."""
    return template.replace("{", "<").replace("}", ">")


def _view(
    document: Document, operation: Operation, use_case: UseCase, world: Callable[[], World]
) -> Callable[..., Response]:
    order = tuple(parameter.name for parameter in operation.parameters if parameter.location == "path")
    has_query = any(parameter.location == "query" for parameter in operation.parameters)
    read = _body_reader(document, operation.body) if operation.body else None
    status = operation.success

    def view(**names: str) -> Response:
        incoming = current_request()
        here = world()
        call = incoming.call = Call(
            world=here,
            operation=operation,
            principal=incoming.principal,
            names=tuple([names[name] for name in order]),
            body=None,
            query=incoming.args if has_query else {},
            now=here.clock.now(),
        )
        if read is not None:
            call.body = _checked_body(read, incoming, call)
        with here.store.unit() as unit:
            shown = use_case(call, unit)
        if shown is None:
            return Response(status=status)
        return Response(orjson.dumps(shown), status=status, content_type=JSON)

    return view


def _checked_body(read: Callable[[Request], Any], incoming: Request, call: Call) -> Any:
    """The body; a refusal of it comes after 404 (openapi.yaml: order of refusals)."""
    try:
        return read(incoming)
    except Refusal:
        with call.world.store.unit() as unit:
            locate(unit, call.names)
        raise


def locate(unit: Unit, names: tuple[str, ...]) -> None:
    """NotFound unless the organization, the environment and the host that a path names exist."""
    finders: tuple[Callable[..., object], ...] = (
        unit.organizations,
        unit.organization,
        unit.environment,
        unit.host,
    )
    finders[len(names)](*names)


def _body_reader(document: Document, body: Body) -> Callable[[Request], Any]:
    validator = document.validator(body.schema)

    def read(incoming: Request) -> Any:
        if (incoming.content_length or 0) > MAX_BODY:
            raise TooLarge(f"the body is larger than {MAX_BODY} bytes (1 MiB), the most that is taken")
        data = incoming.get_data(cache=False)
        if not data and not body.required:
            return None
        _check_media_type(incoming.mimetype)
        return _parse(data, validator)

    return read


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
