"""Faults in who is let in, in the order of refusals, and in what keeps hosts apart."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from contract_tests.running.target import Credentials
from tests.faulty_servers.faults import fault, is_shown
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal
from tests.suite.judging import EXAMPLE, HOST, VACANT

USERS = EXAMPLE.with_name("users.yaml")
GUARDED = {"seeds": (EXAMPLE, USERS)}
ACCESS = ("credentials", "uninvited-writes", "other-organization", "missing-first", "credentials-first")
ANN = {"only": ACCESS, "credentials": Credentials("ann", "s3cret: ü"), "foreign": "Acme"}
ADMIN = {"only": ACCESS, "credentials": Credentials("admin", "admin", "admin-key")}
OPEN = {"only": ACCESS}
RIGHT = base64.b64encode(b"ann:s3cret: \xfc").decode()


def let_in(call: Call) -> Call:
    """The same call with the right credentials, and no others."""
    others = {name: value for name, value in call.environ.items() if name != "HTTP_X_COMODIT_APPKEY"}
    return replace(call, environ={**others, "HTTP_AUTHORIZATION": f"Basic {RIGHT}"})


def kept_out(change: Callable[[Call, Forward, Answer], Answer]) -> Change:
    """A fault in what gets 401."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return change(call, forward, honest) if honest.status == 401 else honest

    return answer


def shown_in(call: Call) -> bytes | None:
    """The Basic credentials of a call, decoded; None without, or when they are none."""
    scheme, _, token = str(call.environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
    try:
        return base64.b64decode(token, validate=True) if scheme == "Basic" else None
    except ValueError:
        return None


@fault("auth.basic-encodings", settings=GUARDED, options=ANN)
def only_utf_8_is_understood() -> Change:
    """401 for a password in ISO-8859-1."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        try:
            (shown_in(call) or b"").decode()
        except UnicodeDecodeError:
            return Answer(401, b'{"error": ["no"]}', (*_JSON, ("WWW-Authenticate", "Basic")))
        return honest

    return answer


_JSON = (("Content-Type", "application/json"),)


@fault("auth.basic", settings=GUARDED, options=ADMIN)
def a_user_needs_a_key() -> Change:
    """401 for user and password without an application key."""

    def answer(call: Call, forward: Forward) -> Answer:
        if "HTTP_X_COMODIT_APPKEY" in call.environ:
            return forward(call)
        return Answer(401, b'{"error": ["no key"]}', (*_JSON, ("WWW-Authenticate", "Basic")))

    return answer


@fault("auth.application-key", settings=GUARDED, options=ADMIN)
def a_key_needs_a_user() -> Change:
    """401 for an application key without user and password."""

    def answer(call: Call, forward: Forward) -> Answer:
        if "HTTP_AUTHORIZATION" in call.environ:
            return forward(call)
        return Answer(401, b'{"error": ["no user"]}', (*_JSON, ("WWW-Authenticate", "Basic")))

    return answer


@fault("auth.refused", "errors.order", settings=GUARDED, options=ANN)
def actions_are_not_guarded() -> Change:
    """PUT needs no credentials."""
    return kept_out(lambda call, forward, honest: forward(let_in(call)) if call.method == "PUT" else honest)


@fault("auth.refused", settings=GUARDED, options=ANN)
def the_console_is_not_guarded() -> Change:
    """The console of a host is shown to everybody; what is not there is kept secret."""

    def change(call: Call, forward: Forward, honest: Answer) -> Answer:
        shown = forward(let_in(call)) if call.action == "vnc" and call.method == "GET" else honest
        return shown if shown.status == 200 else honest

    return kept_out(change)


@fault("auth.challenge", settings=GUARDED, options=ANN)
def nobody_is_asked_for_credentials() -> Change:
    """401 without WWW-Authenticate."""
    return kept_out(lambda _, __, honest: honest.without("WWW-Authenticate"))


@fault("refused.others", settings=GUARDED, options=ANN)
def what_is_kept_out_takes_effect() -> Change:
    """401 for an action, which happens all the same."""

    def change(call: Call, forward: Forward, honest: Answer) -> Answer:
        if call.method == "PUT":
            forward(let_in(call))
        return honest

    return kept_out(change)


@fault("robustness.no-server-error", settings=GUARDED, options=ANN)
def odd_credentials_break_the_server() -> Change:
    """500 for credentials without a colon."""

    def answer(call: Call, forward: Forward) -> Answer:
        shown = shown_in(call)
        return refusal(500, "no") if shown is not None and b":" not in shown else forward(call)

    return answer


@fault("auth.other-organization", settings=GUARDED, options=ANN)
def what_is_forbidden_is_hidden() -> Change:
    """404 for an organization of others."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return refusal(404, "no such organization") if honest.status == 403 else honest

    return answer


@fault("errors.order", settings=GUARDED, options=ANN)
def what_is_missing_comes_before_what_is_forbidden() -> Change:
    """404 for a host that is not there, in an organization of others."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        hidden = honest.status == 403 and "no-such-host" in call.path
        return refusal(404, "no such host") if hidden else honest

    return answer


@fault("errors.order", settings=GUARDED, options=ANN)
def what_is_missing_comes_before_credentials() -> Change:
    """404 for a host that is not there, whoever asks."""
    return kept_out(
        lambda call, _, honest: refusal(404, "no such host") if "no-such-" in call.path else honest,
    )


@fault("errors.order", options=OPEN)
def bodies_are_read_first() -> Change:
    """400 for a bad body, before it is known whether the host is there."""

    def answer(call: Call, forward: Forward) -> Answer:
        try:
            json.loads(call.body or b"{}")
        except ValueError:
            return refusal(400, "no JSON") if call.environ.get("CONTENT_TYPE") == "application/json" else forward(call)
        return forward(call)

    return answer


@fault("errors.order", options=OPEN)
def media_types_are_looked_at_first() -> Change:
    """415 for a body of text, before it is known whether the host is there."""
    return lambda call, forward: (
        refusal(415, "no text") if call.environ.get("CONTENT_TYPE") == "text/plain" else forward(call)
    )


@fault("auth.open-takes-credentials", options=OPEN)
def an_open_server_knows_nobody() -> Change:
    """401 for credentials, though none are needed."""

    def answer(call: Call, forward: Forward) -> Answer:
        if "HTTP_AUTHORIZATION" in call.environ:
            return Answer(401, b'{"error": ["who?"]}', (*_JSON, ("WWW-Authenticate", "Basic")))
        return forward(call)

    return answer


TWO = {"only": ("two-hosts",), "hosts": (HOST, VACANT)}


@fault("isolation.other-hosts", options=TWO)
def a_pause_holds_them_all() -> Change:
    """A pause of one host pauses the other, too."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 202 and call.action == "_pause":
            one, other = (text.rpartition("/")[2] for text in (HOST, VACANT))
            names = (one, other) if one in call.path else (other, one)
            forward(replace(call, path=call.path.replace(*names)))
        return honest

    return answer


@fault("isolation.other-hosts", options=TWO)
def a_delete_takes_the_neighbour() -> Change:
    """A delete of the second host takes the instance of the first with it."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        one, other = (text.rpartition("/")[2] for text in (HOST, VACANT))
        if honest.status == 204 and call.method == "DELETE" and other in call.path:
            forward(replace(call, path=call.path.replace(other, one)))
        return honest

    return answer


ENVIRONMENTS = FIRST, SECOND = ("Test Environment", "Other Environment")


@fault(
    "isolation.other-hosts",
    "identity.distinct",
    settings={"seeds": (Path(__file__).with_name("two-environments.yaml"),)},
    options={"only": ("two-hosts",), "hosts": tuple(f"Guardis Test/{name}/web-1" for name in ENVIRONMENTS)},
)
def environments_do_not_count() -> Change:
    """A host is known by its own name only: that of its environment is shown, and makes no difference."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(replace(call, path=call.path.replace(SECOND, FIRST)))
        if is_shown(honest) and SECOND in call.path:
            return honest.saying({**honest.value, "environment": SECOND})
        return honest

    return answer
