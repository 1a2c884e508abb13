"""Who is let in: with the credentials given, without any, and with wrong ones.

The contract (auth.*): HTTP Basic with user and password in UTF-8 or ISO-8859-1, or an application key alone, header
names in any case; 401 for what is missing or wrong, 403 for an organization of others. An open server takes and ignores
whatever credentials it is shown.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import suppress

from contract import Operation
from contract_tests.judging import compare
from contract_tests.running.bench import Bench
from contract_tests.running.near_misses import in_other_case, near_misses
from contract_tests.running.registry import check
from contract_tests.running.summary import NO_FOREIGN
from contract_tests.running.target import APP_KEY_HEADER, Credentials, Level
from contract_tests.sending.lines import PLAIN_PATIENCE, Lines
from contract_tests.sending.replies import LostReplyError, Reply
from contract_tests.sending.spelling import path_of

BASIC, KEY, REFUSED, CHALLENGE, OPEN = (
    "auth.basic",
    "auth.application-key",
    "auth.refused",
    "auth.challenge",
    "auth.open-takes-credentials",
)
ENCODINGS, OTHERS, ORDER, UNCHANGED = (
    "auth.basic-encodings",
    "auth.other-organization",
    "errors.order",
    "refused.others",
)
NO_5XX = "robustness.no-server-error"

IS_OPEN = "the server is open"


def wrong(bench: Bench) -> Credentials:
    """Credentials that nobody has: they hold 64 random bits."""
    made_up = f"{bench.random.getrandbits(64):016x}"
    return Credentials(f"nobody-{made_up}", made_up, made_up)


def is_guarded(bench: Bench) -> bool:
    """Whether the server asks for credentials: to read, or to write at least."""
    return bool(bench.target.credentials.headers) and (_read(bench, {}).status == 401 or _guards_writes(bench))


def _guards_writes(bench: Bench) -> bool:
    """Whether a trigger that is refused in the present state needs credentials, where triggers may be sent."""
    triggers = [one for one in bench.claimed(bench.contract.operations.values()) if one.trigger and one.body is None]
    if not triggers or not bench.target.credentials.headers:
        return False
    lifecycle, state = bench.contract.lifecycle, bench.navigator.rest(bench.host).state
    refused = next((one for one in triggers if lifecycle.edge(state, str(one.trigger)) is None), None)
    if refused is None:
        return False
    bench.ledger.figures["answers"] += 1
    case = bench.client.api(bench.host).operations[refused.id].Case()
    return bench.client.send(case, refused, bench.host, credentials={}).status == 401


@check(
    "credentials",
    "credentials: given, missing, wrong",
    level=Level.OBSERVE,
    requirements=(BASIC, KEY, REFUSED, CHALLENGE, OPEN, ENCODINGS),
)
def credentials(bench: Bench) -> None:
    """An open server takes what it is shown; another lets in the right credentials and nothing else."""
    without = _read(bench, {})
    if without.status != 401 and not _guards_writes(bench):
        _open(bench, without)
        return
    bench.ledger.pass_over((OPEN,), "the server is not open")
    _let_in(bench)
    if _judge_kept_out(bench, "GET with no credentials", without):
        _kept_out(bench)


def _read(
    bench: Bench,
    headers: Mapping[str, str],
    operation: Operation | None = None,
    method: str = "GET",
    end: str = "",
) -> Reply:
    path = bench.host.path((operation or bench.shown.reading).path)
    bench.ledger.figures["answers"] += 1
    return bench.client.probe(method, f"{path}{end}", credentials=headers)


def _let_in(bench: Bench) -> None:
    """What is right, each kind of it alone, under header names in any case."""
    own = bench.target.credentials
    kinds = (
        (BASIC, "user and password", Credentials(own.user, own.password).headers),
        (KEY, "the application key", Credentials(app_key=own.app_key).headers),
    )
    for rule, words, headers in kinds:
        if not headers:
            bench.ledger.pass_over((rule,), "no such credentials were given")
            continue
        for how, shown in _in_any_case(headers):
            _judge_let_in(bench, rule, f"{words}{how}", _read(bench, shown))
    for spelled in in_other_case(own):
        _judge_let_in(bench, BASIC, spelled.words, _read(bench, spelled.headers))
    if own.user is None:
        bench.ledger.pass_over((ENCODINGS,), "no user was given")
    else:
        _encodings(bench, f"{own.user}:{own.password or ''}")


def _judge_let_in(bench: Bench, rule: str, what: str, reply: Reply) -> None:
    let_in = reply.status in (200, 404)
    bench.ledger.require(let_in, (rule,), f"GET with {what}", expected="200 or 404", got=reply, reply=reply)


def _in_any_case(headers: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "", headers
    yield ", header name in capitals", {name.upper(): value for name, value in headers.items()}
    yield ", header name in small letters", {name.lower(): value for name, value in headers.items()}


def _encodings(bench: Bench, pair: str) -> None:
    """User and password in both encodings, when they look different there."""
    try:
        forms = {"UTF-8": pair.encode(), "ISO-8859-1": pair.encode("iso-8859-1")}
    except UnicodeEncodeError:
        bench.ledger.pass_over((ENCODINGS,), "the user or the password cannot be said in ISO-8859-1")
        return
    if len(set(forms.values())) == 1:
        bench.ledger.pass_over((ENCODINGS,), "the user and the password are the same in UTF-8 and in ISO-8859-1")
        return
    for name, data in forms.items():
        _judge_let_in(bench, ENCODINGS, f"user and password in {name}", _read(bench, _basic(data)))


def _basic(data: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(data).decode()}"}


def _kept_out(bench: Bench) -> None:
    """What is missing or wrong, at every path that can be read."""
    for operation in bench.claimed(bench.contract.operations.values()):
        if operation.method == "GET":
            for how, headers in attempts(bench):
                _judge_kept_out(bench, f"GET with {how} at {operation.id}", _read(bench, headers, operation))
            for method, end in MANNERS:
                what = f"{method} with no credentials at {operation.id}{', a slash at the end' if end else ''}"
                _judge_kept_out(bench, what, _read(bench, {}, operation, method, end))
    for near in near_misses(bench.target.credentials):
        _judge_kept_out(bench, f"GET with {near.words}", _read(bench, near.headers))
    for how, headers in MALFORMED.items():
        reply = _read(bench, headers)
        # what is no credentials at all may be called a bad request; it must not let in, and must not break the server
        if reply.status != 400:
            _judge_kept_out(bench, f"GET with {how}", reply)
    for how, headers in BEYOND_ASCII.items():
        _judge_kept_out(bench, f"GET with {how}", _read(bench, headers))
    _on_one_connection(bench)


def _on_one_connection(bench: Bench) -> None:
    """Who was let in shows credentials again with the next request, on the same connection too."""
    lines, path = Lines(bench.client), bench.host.path(bench.shown.reading.path)
    with suppress(LostReplyError), lines.open(PLAIN_PATIENCE) as line:
        if line.ask(lines.message("GET", path)).closes:
            return
        heard = line.ask(lines.message("GET", path, credentials={}))
        if heard.reply is not None:
            what = "GET with no credentials, on the connection of a request that had them"
            bench.ledger.figures["answers"] += 2
            _judge_kept_out(bench, what, heard.reply)


MANNERS = (("GET", "/"), ("HEAD", ""), ("HEAD", "/"))
"""Other ways to read what GET shows, each a method with what ends the path."""

MALFORMED = {
    "a scheme without credentials": {"Authorization": "Basic"},
    "credentials that are not base64": {"Authorization": "Basic !!!"},
    "credentials without a colon": _basic(b"nobody"),
    "credentials that are no text": _basic(bytes([0xFF, 0xFE, 0x3A, 0x80])),
    "an unknown scheme": {"Authorization": "Contract-Tests a-miracle"},
    "an application key beyond ASCII": {APP_KEY_HEADER: "schl\xfcssel"},
}
"""Headers that are no credentials, by words."""

BEYOND_ASCII = {
    f"an unknown user and a password beyond ASCII, in {name}": _basic("nobody-ü:contraseña".encode(name))
    for name in ("UTF-8", "ISO-8859-1")
}


def attempts(bench: Bench) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Ways to come without the right credentials, with words."""
    own, made_up = bench.target.credentials, wrong(bench)
    yield "no credentials", {}
    yield "an unknown user", Credentials(made_up.user, made_up.password).headers
    if own.user is not None:
        yield "a wrong password", Credentials(own.user, made_up.password).headers
    if own.user is not None and own.password:
        yield "no password", Credentials(own.user, "").headers
    yield "an unknown application key", {APP_KEY_HEADER: str(made_up.app_key)}
    yield "an empty application key", {APP_KEY_HEADER: ""}


def _judge_kept_out(bench: Bench, what: str, reply: Reply) -> bool:
    if _is_server_error(bench, what, reply):
        return False
    refused = reply.status == 401
    bench.ledger.require(refused, (REFUSED,), what, expected="401", got=reply, reply=reply)
    if refused:
        challenge = bool(reply.headers.get("www-authenticate", ""))
        expected = "401 with WWW-Authenticate"
        bench.ledger.require(challenge, (CHALLENGE,), what, expected=expected, got=reply, reply=reply)
    return refused


def _is_server_error(bench: Bench, what: str, reply: Reply) -> bool:
    broken = reply.status >= 500 and reply.status != 503
    bench.ledger.require(not broken, (NO_5XX,), what, expected="no 5xx, whatever is sent", got=reply, reply=reply)
    return broken


def _open(bench: Bench, without: Reply) -> None:
    bench.ledger.pass_over((BASIC, KEY, REFUSED, CHALLENGE, ENCODINGS), IS_OPEN)
    made_up = wrong(bench)
    shown = {
        "user and password": Credentials(made_up.user, "x").headers,
        "a key": Credentials(app_key="x").headers,
        "both": made_up.headers,
        "a user in ISO-8859-1": _basic(b"\xfc:\xfc"),
    }
    for how, headers in shown.items():
        reply = _read(bench, headers)
        taken = reply.status == without.status
        expected = f"{without.status}, as without credentials"
        bench.ledger.require(taken, (OPEN,), f"GET with {how}", expected=expected, got=reply, reply=reply)
    for how, headers in {**MALFORMED, **BEYOND_ASCII}.items():
        _is_server_error(bench, f"GET with {how}", _read(bench, headers))


@check(
    "uninvited-writes",
    "writes without the right credentials",
    level=Level.FULL,
    requirements=(REFUSED, UNCHANGED),
)
def uninvited_writes(bench: Bench) -> None:
    """Every writing operation with no and with wrong credentials, where it would be accepted: 401, nothing changed."""
    if not is_guarded(bench):
        bench.ledger.pass_over((REFUSED,), IS_OPEN)
        bench.ledger.pass_over((UNCHANGED,), f"no 401 is to be had: {IS_OPEN}")
        return
    lifecycle = bench.contract.lifecycle
    running = next(name for name, state in lifecycle.states.items() if state.guest_runs)
    for operation in bench.claimed(bench.contract.operations.values()):
        if operation.method != "GET":
            legal = lifecycle.legal_from(str(operation.trigger)) if operation.trigger else (running,)
            _uninvited(bench, operation, running if running in legal else legal[0])


def _uninvited(bench: Bench, operation: Operation, state: str) -> None:
    for how, headers in list(attempts(bench))[:2]:
        before = bench.navigator.bring(bench.host, state)
        case = bench.client.api(bench.host).operations[operation.id].Case()
        reply = bench.client.send(case, operation, bench.host, credentials=headers)
        what = f"{operation.id} in {state} with {how}"
        bench.ledger.figures["answers"] += 1
        if reply.status < 500:
            refused = reply.status == 401
            bench.ledger.require(refused, (REFUSED,), what, expected="401", got=reply, reply=reply)
        after = bench.navigator.rest(bench.host)
        if not reply.accepted:
            difference = compare.changed(bench.shown, before, after)
            expected = "the instance as it was"
            bench.ledger.require(difference is None, (UNCHANGED,), what, expected=expected, got=difference, reply=reply)


@check(
    "other-organization",
    "an organization of others",
    level=Level.OBSERVE,
    requirements=(OTHERS, ORDER),
)
def other_organization(bench: Bench) -> None:
    """Reads in an organization that the user must not see: 403, before 404 and after 401."""
    foreign = bench.target.foreign
    if not is_guarded(bench):
        bench.ledger.pass_over((OTHERS,), IS_OPEN)
        return
    if foreign is None:
        bench.ledger.leave_out((OTHERS,), NO_FOREIGN)
        return
    missing = f"no-such-host-{bench.random.getrandbits(64):016x}"
    _, environment, host = bench.host.names
    for operation in bench.claimed(bench.contract.operations.values()):
        if operation.method == "GET":
            path = path_of(operation.path, (foreign, environment, host))
            nowhere = path_of(operation.path, (foreign, environment, missing))
            if _foreign(bench, OTHERS, operation.id, 403, bench.client.probe("GET", path)):
                for method, end in MANNERS:
                    what = f"{method} at {operation.id}{', a slash at the end' if end else ''}"
                    _foreign(bench, OTHERS, what, 403, bench.client.probe(method, f"{path}{end}"))
                _foreign(bench, ORDER, f"{operation.id} of a made-up host", 403, bench.client.probe("GET", nowhere))
            reply = bench.client.probe("GET", path, credentials=wrong(bench).headers)
            _foreign(bench, ORDER, f"{operation.id} with wrong credentials", 401, reply)


def _foreign(bench: Bench, rule: str, how: str, status: int, reply: Reply) -> bool:
    what = f"{how}, in the organization of others"
    bench.ledger.figures["answers"] += 1
    return bench.ledger.require(reply.status == status, (rule,), what, expected=str(status), got=reply, reply=reply)
