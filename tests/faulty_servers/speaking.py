"""Faults in the manners of HTTP: slashes, headers, queries, HEAD, OPTIONS, paths that lead nowhere."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tests.faulty_servers.faults import add, fault, in_refusals, on, state_of
from tests.faulty_servers.middle import JSON, Answer, Call, Change, Forward, refusal

# ---- slashes


@fault("http.slash")
def slash_is_redirected() -> Change:
    """308 for a path with a slash at its end."""

    def answer(call: Call, forward: Forward) -> Answer:
        if call.path.endswith("/"):
            return Answer(308, b"", (("Location", call.path.rstrip("/")),))
        return forward(call)

    return answer


def _slash_missing(method: str, action: str) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        return refusal(404, "no such path") if call.path.endswith("/") else forward(call)

    return on(method, action, answer)


for _method, _action in (("GET", ""), ("GET", "vnc"), ("PUT", "_pause"), ("DELETE", ""), ("POST", "lock")):
    add(
        f"slash-is-missing-on-{_method.lower()}-{_action.strip('_') or 'instance'}",
        f"{_method} .../{_action or 'instance'}/ gets 404, without the slash it does not.",
        ("http.slash",),
        partial(_slash_missing, _method, _action),
    )


# ---- requests without a body, headers


def _header(call: Call, name: str) -> str:
    return str(call.environ.get(name) or "")


@fault("http.no-body")
def media_type_without_a_body_breaks_a_read() -> Change:
    """400 for a GET that says Content-Type and has no body."""

    def answer(call: Call, forward: Forward) -> Answer:
        bad = call.method == "GET" and _header(call, "CONTENT_TYPE") and not call.body
        return refusal(400, "the body is not JSON") if bad else forward(call)

    return answer


@fault("http.no-body")
def media_type_without_a_body_breaks_an_action() -> Change:
    """400 for a PUT that says Content-Type: application/json and has no body, as the public client sends it."""

    def answer(call: Call, forward: Forward) -> Answer:
        bad = call.method == "PUT" and _header(call, "CONTENT_TYPE") and not call.body
        return refusal(400, "the body is not JSON") if bad else forward(call)

    return answer


@fault("http.plain-headers")
def accept_is_wanted() -> Change:
    """406 for the console without Accept."""

    def answer(call: Call, forward: Forward) -> Answer:
        bad = call.action == "vnc" and call.method == "GET" and not _header(call, "HTTP_ACCEPT")
        return refusal(406, "say what you accept") if bad else forward(call)

    return answer


@fault("http.plain-headers")
def closing_clients_are_turned_away() -> Change:
    """400 for a look at the console that says Connection: close."""

    def answer(call: Call, forward: Forward) -> Answer:
        bad = call.action == "vnc" and call.method == "GET" and _header(call, "HTTP_CONNECTION").lower() == "close"
        return refusal(400, "stay, please") if bad else forward(call)

    return answer


# ---- queries

NOISE = {"only": ("noise",)}


@fault("http.unknown-query", options=NOISE)
def unknown_queries_are_refused() -> Change:
    """400 for a query parameter."""
    return lambda call, forward: refusal(400, "no parameters, please") if call.query else forward(call)


@fault("http.unknown-query", options=NOISE)
def unknown_queries_are_refused_in_actions() -> Change:
    """400 for a query parameter of an action."""

    def answer(call: Call, forward: Forward) -> Answer:
        return refusal(400, "no parameters, please") if call.query and call.method == "PUT" else forward(call)

    return answer


@fault("robustness.no-server-error", options=NOISE)
def a_query_breaks_the_server() -> Change:
    """500 for a query parameter."""
    return lambda call, forward: refusal(500, "Internal Server Error") if call.query else forward(call)


@fault("http.unknown-query", options=NOISE)
def a_query_leads_elsewhere() -> Change:
    """A GET with a query finds nothing: it is part of the name that is looked up."""

    def answer(call: Call, forward: Forward) -> Answer:
        is_look = (call.method, call.action) == ("GET", "vnc")
        return refusal(404, f"nothing at {call.path}?{call.query}") if call.query and is_look else forward(call)

    return answer


# ---- HEAD, OPTIONS


def _always(method: str, instead: Answer) -> Change:
    return lambda call, forward: instead if call.method == method else forward(call)


HEADS = (
    ("head-is-refused", "405 for HEAD", Answer(405, b"", (("Allow", "GET"),))),
    ("head-is-missing", "404 for HEAD, whatever GET answers", Answer(404)),
    ("head-has-no-content", "204 for HEAD", Answer(204)),
)

for _name, _says, _instead in HEADS:
    add(_name, f"{_says}.", ("http.head",), partial(_always, "HEAD", _instead))


@fault("http.head")
def head_finds_everything() -> Change:
    """200 for HEAD, whether there is an instance or not: it asks nobody."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_missing = call.method == "HEAD" and honest.status == 404 and call.action in ("", "vnc")
        return Answer(200, b"", JSON) if is_missing else honest

    return answer


@fault("http.head")
def head_opens_every_console() -> Change:
    """200 for HEAD of a console that is refused with 409."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_refused = (call.method, call.action, honest.status) == ("HEAD", "vnc", 409)
        return Answer(200, b"", JSON) if is_refused else honest

    return answer


OPTIONS = (
    ("options-are-refused", "405 for OPTIONS", refusal(405, "no OPTIONS here")),
    ("options-are-not-found", "404 for OPTIONS", refusal(404, "no such path")),
    ("options-list-nothing", "204 for OPTIONS without Allow", Answer(204)),
    ("options-list-reads-only", "OPTIONS lists GET alone", Answer(204, b"", (("Allow", "GET, HEAD, OPTIONS"),))),
)

for _name, _says, _instead in OPTIONS:
    add(_name, f"{_says}.", ("http.options",), partial(_always, "OPTIONS", _instead))


@fault("http.options")
def options_want_an_instance() -> Change:
    """404 for OPTIONS on a host without an instance: it is loaded first."""

    def answer(call: Call, forward: Forward) -> Answer:
        is_vacant = call.method == "OPTIONS" and state_of(call, forward) is None
        return refusal(404, "there is no instance") if is_vacant else forward(call)

    return answer


# ---- what leads nowhere


@fault("http.not-offered")
def lists_at_a_slash_are_empty() -> Change:
    """GET .../alerts/ and .../files/, with the slash that the public client sends, get an empty list."""

    def answer(call: Call, forward: Forward) -> Answer:
        is_list = call.method == "GET" and call.path.endswith(("/alerts/", "/files/"))
        return Answer(200, b'{"items": [], "count": 0}', JSON) if is_list else forward(call)

    return answer


@fault("http.not-offered")
def images_are_promised() -> Change:
    """202 for PUT .../_create_image, and nothing happens."""
    return on("PUT", "_create_image", lambda _, __: Answer(202))


def _offered(action: str, instead: Answer) -> Change:
    return on("GET", action, lambda _, __: instead)


for _number, (_action, _instead, _rule) in enumerate(
    (
        ("files", Answer(200, b"[]", JSON), "http.not-offered"),
        ("alerts", Answer(200, b'{"items": [], "count": 0}', JSON), "http.not-offered"),
        ("status", refusal(400, "status is not offered yet"), "http.not-offered"),
        ("_create_image", refusal(405, "_create_image is not offered"), "http.not-offered"),
        ("files", refusal(404, "Not Found"), "http.not-offered-explained"),
        (
            "alerts",
            Answer(404, b"<h1>alerts: Not Found</h1>", (("Content-Type", "text/html"),)),
            "representation.media-type",
        ),
        ("alerts", Answer(404, b'{"detail": "alerts: Not Found"}', JSON), "errors.shape"),
    )
):
    add(
        f"unknown-path-{_number + 1}-{_action.strip('_').replace('_', '-')}-gets-{_instead.status}",
        f"GET .../{_action} gets {_instead.status} {_instead.body.decode()}",
        (_rule,),
        partial(_offered, _action, _instead),
    )


def _of_nobody(words: bytes, status: int) -> Change:
    """Another status where a part of the path names nothing; `words` are those of the honest message about it."""
    return in_refusals(lambda answer: replace(answer, status=status) if words in answer.body else answer, 404)


for _name, _words, _status in (
    ("unknown-organization-conflicts", b"there is no organization", 409),
    ("unknown-organization-is-a-bad-request", b"there is no organization", 400),
    ("unknown-environment-is-gone", b"has no environment", 409),
    ("unknown-host-is-a-bad-request", b"has no host", 400),
):
    add(
        _name,
        f"{_status} where {_words.decode()} of that name.",
        ("errors.not-found",),
        partial(_of_nobody, _words, _status),
    )


@fault("errors.not-found", "names.bounds")
def unknown_host_has_an_instance() -> Change:
    """A host that does not exist is shown as an instance that is UNDEFINED."""
    shown = b'{"state": "UNDEFINED", "properties": [], "synapseState": "Down"}'

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return Answer(200, shown, JSON) if b"has no host" in honest.body and call.method == "GET" else honest

    return answer
