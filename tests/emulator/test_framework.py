"""What is left out of Flask, or remembered, changes no answer: werkzeug itself is asked the same."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from flask import Response
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.test import create_environ

from emulator.app import create_app
from emulator.framework import LONGEST, PATHS, EmulatorFlask, EmulatorRequest, EmulatorResponse
from emulator.settings import Settings
from tests.emulator.conftest import DOCUMENTED

METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE", "PATCH")
WORDS = ("organizations", "environments", "hosts", "instance", "_reboot", "instances", "", "ä", "a b", "x" * LONGEST)
PATHS_ASKED = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=9).map("/".join)


@pytest.fixture(scope="module")
def app() -> EmulatorFlask:
    """The application, with all of its routes."""
    made = create_app(Settings())
    assert isinstance(made, EmulatorFlask)
    return made


def asked(method: str, path: str) -> dict[str, Any]:
    """The environ of a request, as a server makes it: bytes of the path as characters."""
    return create_environ(method=method) | {"PATH_INFO": "/" + path.encode(errors="replace").decode("latin-1")}


def found(match: Any) -> Any:
    """What a match comes to: the route and the names, or the refusal and the methods that it names."""
    try:
        rule, names = match(return_rule=True)
    except HTTPException as error:
        return error.code, sorted(getattr(error, "valid_methods", None) or ())
    return rule, dict(names)


@given(method=st.sampled_from(METHODS), path=PATHS_ASKED)
@example(method="GET", path=DOCUMENTED.removeprefix("/"))
@example(method="GET", path="organizations/ä/environments")
@example(method="PATCH", path=DOCUMENTED.removeprefix("/"))
def test_a_route_is_found_as_werkzeug_finds_it(app: EmulatorFlask, method: str, path: str) -> None:
    """Asked for the first time and for the second."""
    environ = asked(method, path)
    usual = app.url_map.bind_to_environ(environ)
    for _ in range(2):
        here = app.create_url_adapter(EmulatorRequest(environ))
        assert here is not None
        assert found(here.match) == found(usual.match)
        assert found(partial(here.match, method="--")) == found(partial(usual.match, method="--"))
        assert set(here.allowed_methods()) == set(usual.allowed_methods())


def test_what_is_remembered_is_bounded() -> None:
    """No path is long, and there are not many."""
    app = create_app(Settings())
    assert isinstance(app, EmulatorFlask)

    def ask(path: str) -> int:
        here = app.create_url_adapter(EmulatorRequest(asked("GET", f"organizations/{path}")))
        assert here is not None
        assert found(here.match)[1] == {"org_name": path}
        return app._remembered.cache_info().currsize

    assert [ask("x" * (LONGEST - len("/organizations/"))), ask("x" * LONGEST)] == [1, 1]
    assert [ask(f"x{number}") for number in range(PATHS + 1)][-1] == PATHS


@given(
    status=st.sampled_from([200, 202, 204, 404, 503]),
    body=st.none() | st.binary(max_size=5),
    content_type=st.none() | st.just("application/json"),
)
def test_headers_are_what_werkzeug_would_send(status: int, body: bytes | None, content_type: str | None) -> None:
    """Also where they are not copied; but an answer of nothing has no type."""
    environ = create_environ()
    answer = EmulatorResponse(body, status, content_type=content_type)
    usual = Response(body, status, content_type=content_type)
    if content_type is None:
        del usual.headers["Content-Type"]
    assert answer.get_wsgi_headers(environ) == usual.get_wsgi_headers(environ)
