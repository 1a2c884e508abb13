"""Faults in codes, headers, media types and the shape of errors."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

from tests.faulty_servers.faults import add, fault, in_refusals, on, once_done, put
from tests.faulty_servers.middle import JSON, Answer, Call, Change, Forward, refusal

NO_MESSAGE = ("errors.messages", "http.not-offered-explained", "console.refusal-reads-well")

# ---- codes of what is accepted: operation, status instead, requirement

CODES = (
    ("start answers 200", "PUT", "_start", 200, "operations.action-code"),
    ("pause answers 204", "PUT", "_pause", 204, "operations.action-code"),
    ("off answers 201", "PUT", "_off", 201, "operations.action-code"),
    ("reboot answers 200", "PUT", "_reboot", 200, "operations.action-code-by-analogy"),
    ("shutdown answers 204", "PUT", "_shutdown", 204, "operations.action-code-by-analogy"),
    ("stop answers 200", "PUT", "_stop", 200, "operations.stop-is-shutdown"),
    ("forget answers 204", "PUT", "_forget", 204, "operations.forget-code"),
    ("delete answers 202", "DELETE", "", 202, "operations.delete-code"),
    ("import answers 201", "POST", "properties", 201, "operations.import-code"),
    ("provision answers 202", "POST", "", 202, "operations.provision-code"),
    ("lock answers 204", "POST", "lock", 204, "lock.sets"),
    ("unlock answers 202", "POST", "unlock", 202, "lock.sets"),
)


def _with_status(method: str, action: str, status: int) -> Change:
    def other(honest: Answer) -> Answer:
        return Answer(status) if status == 204 or not honest.body else honest.saying(honest.value, status)

    return once_done(method, action, other)


for _name, _method, _action, _status, _rule in CODES:
    add(
        _name.replace(" ", "-"),
        f"{_method} .../{_action or 'instance'} is accepted with {_status}.",
        (_rule,),
        partial(_with_status, _method, _action, _status),
    )


@fault(
    "operations.action-code",
    "operations.action-code-by-analogy",
    "operations.forget-code",
    "operations.stop-is-shutdown",
)
def actions_answer_200() -> Change:
    """200 and an object instead of 202."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return Answer(200, b"{}", JSON) if honest.status == 202 else honest

    return answer


@fault("operations.action-code")
def pause_answers_the_instance() -> Change:
    """202 with the representation of the instance."""

    def answer(call: Call, forward: Forward) -> Answer:
        shown = forward(call.at("", "GET"))
        honest = forward(call)
        return shown.saying(shown.value, 202) if honest.status == 202 else honest

    return on("PUT", "_pause", answer)


@fault("operations.delete-code")
def delete_answers_200() -> Change:
    """200 and a word instead of 204."""
    return once_done("DELETE", "", lambda honest: honest.saying({"deleted": True}, 200))


@fault("operations.provision-code")
def provision_answers_201() -> Change:
    """201 instead of 200."""
    return once_done("POST", "", lambda honest: honest.saying(honest.value, 201))


@fault("operations.provision-answers-representation")
def provision_answers_nothing() -> Change:
    """200 with an empty body; the instance is there."""
    return once_done("POST", "", lambda honest: replace(honest, body=b""))


@fault("operations.provision-code")
def provision_answers_stopped() -> Change:
    """A provision answers with an instance that is STOPPED; it runs afterwards."""
    return once_done("POST", "", lambda honest: _in_state(honest, "STOPPED"))


@fault("operations.import-code")
def import_answers_pending() -> Change:
    """An import answers with an instance that is PENDING; it is UNDEFINED afterwards."""
    return once_done("POST", "properties", lambda honest: _in_state(honest, "PENDING"))


def _in_state(answer: Answer, state: str) -> Answer:
    shown = answer.value
    put(shown, state)
    return answer.saying(shown)


@fault("operations.get-shows-instance")
def get_of_a_paused_machine_answers_203() -> Change:
    """203 instead of 200, while PAUSED."""
    return once_done("GET", "", lambda honest: honest.saying(honest.value, 203 if b'"PAUSED"' in honest.body else 200))


@fault("operations.documented-answers")
def everything_conflicts() -> Change:
    """409, whatever is asked."""
    return lambda _, __: refusal(409, "no")


# ---- the shape of errors


def _error(change: Any, *statuses: int) -> Change:
    """Every error, or those with these statuses, with another body made of its message."""

    def other(honest: Answer) -> Answer:
        return honest.saying(change(honest.value["error"][0])) if honest.body else honest

    return in_refusals(other, *statuses)


SHAPES: tuple[tuple[str, str, tuple[str, ...], Any], ...] = (
    ("error-is-a-string", "the client would print it letter by letter", ("errors.shape",), lambda m: {"error": m}),
    ("error-is-an-object", "a message in an object", ("errors.shape",), lambda m: {"error": {"message": m}}),
    ("error-is-called-message", "as some frameworks have it", ("errors.shape",), lambda m: {"message": m}),
    ("error-is-called-errors", "one letter too many", ("errors.shape",), lambda m: {"errors": [m]}),
    ("error-is-a-bare-list", "no object around it", ("errors.shape",), lambda m: [m]),
    ("error-says-nothing", "a list of no messages", NO_MESSAGE, lambda _: {"error": []}),
    ("error-has-an-empty-message", "a message without letters", NO_MESSAGE, lambda _: {"error": [""]}),
    ("error-has-a-number", "a code instead of a message", NO_MESSAGE, lambda _: {"error": [17]}),
    ("error-has-null-behind-it", "a second message that is null", ("errors.messages",), lambda m: {"error": [m, None]}),
    ("error-is-a-list-of-objects", "objects", ("errors.messages",), lambda m: {"error": [{"message": m}]}),
)

for _name, _says, _rules, _change in SHAPES:
    add(
        _name,
        f"The body of an error is {_change('a message')}: {_says}.",
        _rules,
        partial(_error, _change),
    )


@fault("errors.shape")
def only_conflicts_have_another_shape() -> Change:
    """A 409 that is a string, while every other error is right."""
    return _error(lambda message: {"error": message}, 409)


# ---- media types


def _as_media_type(answer: Answer, media_type: str, body: bytes | None = None) -> Answer:
    content = answer.body if body is None else body
    return Answer(answer.status, content, (*answer.without("Content-Type").headers, ("Content-Type", media_type)))


@fault("representation.media-type")
def json_is_called_html() -> Change:
    """JSON as text/html."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return _as_media_type(honest, "text/html; charset=utf-8") if honest.body else honest

    return answer


@fault("representation.media-type", options={"only": ("methods",)})
def errors_are_pages() -> Change:
    """405 with the HTML page of a framework."""
    page = b"<!doctype html><title>405 Method Not Allowed</title>"
    return in_refusals(lambda answer: _as_media_type(answer, "text/html", page), 405)


@fault("representation.media-type")
def missing_is_plain_text() -> Change:
    """404 as text/plain."""
    return in_refusals(lambda answer: _as_media_type(answer, "text/plain", answer.body), 404)


@fault("representation.media-type")
def media_type_is_missing() -> Change:
    """A representation without Content-Type."""
    return once_done("GET", "", lambda honest: honest.without("Content-Type"))


@fault("representation.media-type")
def problems_have_their_own_media_type() -> Change:
    """Errors as application/problem+json."""
    return in_refusals(lambda answer: _as_media_type(answer, "application/problem+json") if answer.body else answer)


@fault("representation.media-type")
def json_is_not_utf8() -> Change:
    """A note to a paused machine in ISO-8859-1."""

    def latin(honest: Answer) -> Answer:
        noted = honest.body.replace(b'"PAUSED"', b'"PAUSED", "note": "caf\xe9"')
        return Answer(honest.status, noted, honest.headers)

    return once_done("GET", "", latin)


# ---- headers


@fault("errors.method-not-allowed")
def allow_is_missing() -> Change:
    """405 without Allow."""
    return in_refusals(lambda answer: answer.without("Allow"), 405)


@fault("errors.method-not-allowed")
def allow_lists_what_is_not_there() -> Change:
    """405 with an Allow that names PATCH only."""
    return in_refusals(
        lambda answer: Answer(405, answer.body, (*answer.without("Allow").headers, ("Allow", "PATCH"))), 405
    )


@fault("errors.method-not-allowed")
def wrong_method_is_404() -> Change:
    """404 for a method that a path does not have."""
    return in_refusals(lambda _: refusal(404, "no such path"), 405)


@fault("errors.method-not-allowed")
def wrong_method_is_400() -> Change:
    """400 for a method that a path does not have."""
    return in_refusals(lambda _: refusal(400, "bad method"), 405)


def _busy_now_and_then(busy: Answer) -> Change:
    """A fault in what every fortieth GET gets, which is not served then."""
    reads = count(1)

    def answer(call: Call, forward: Forward) -> Answer:
        return busy if call.method == "GET" and next(reads) % 40 == 0 else forward(call)

    return answer


_SOON = (*JSON, ("Retry-After", "in a while"))

for _name, _how, _rule, _busy in (
    ("busy-for-a-while", "in words", "errors.retry-after", Answer(503, b'{"error": ["busy"]}', _SOON)),
    (
        "busy-with-a-page",
        "0, with a page",
        "representation.media-type",
        Answer(503, b"<p>busy", (("Retry-After", "0"),)),
    ),
):
    _says = f"Every fortieth GET gets 503 with Retry-After {_how}."
    add(_name, _says, (_rule,), partial(_busy_now_and_then, _busy))


@fault("errors.retry-after")
def busy_without_retry_after() -> Change:
    """The console of a paused machine is put off with 503, and nobody knows for how long."""

    def answer(call: Call, forward: Forward) -> Answer:
        paused = b'"PAUSED"' in forward(call.at("", "GET")).body
        return refusal(503, "busy: the machine is PAUSED") if paused else forward(call)

    return on("GET", "vnc", answer)
