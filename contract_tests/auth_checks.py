"""Who is let in. Reading requests only, with the credentials given, without any, and with wrong ones."""

from __future__ import annotations

from collections.abc import Mapping

from contract_tests.bench import Bench
from contract_tests.registry import check
from contract_tests.replies import Reply
from contract_tests.target import APP_KEY_HEADER, Credentials, Level

BASIC, KEY, REFUSED, CHALLENGE, OPEN = (
    "auth.basic",
    "auth.application-key",
    "auth.refused",
    "auth.challenge",
    "auth.open-takes-credentials",
)


@check(
    "credentials",
    "credentials: given, missing, wrong",
    level=Level.OBSERVE,
    requirements=(BASIC, KEY, REFUSED, CHALLENGE, OPEN),
)
def credentials(bench: Bench) -> None:
    """An open server takes what it is shown; another lets in the right credentials and nothing else."""
    own = bench.target.credentials
    given = _read(bench, own.headers)
    without = _read(bench, {}) if own.headers else given
    if without.status == 401:
        _guarded(bench, own, given, without)
    else:
        _open(bench, without)


def _read(bench: Bench, headers: Mapping[str, str]) -> Reply:
    bench.ledger.figures["answers"] += 1
    return bench.client.probe("GET", bench.host.path(bench.shown.reading.path), credentials=headers)


def _wrong(bench: Bench) -> Credentials:
    made_up = f"{bench.random.getrandbits(64):016x}"
    return Credentials(f"nobody-{made_up}", made_up, made_up)


def _guarded(bench: Bench, own: Credentials, given: Reply, without: Reply) -> None:
    let_in = given.status in (200, 404)
    for rule, shown in ((BASIC, own.user is not None), (KEY, own.app_key is not None)):
        if shown and not (own.user is not None and own.app_key is not None):
            bench.ledger.require(
                let_in, (rule,), "the credentials given", expected="200 or 404", got=given, reply=given
            )
        else:
            bench.ledger.pass_over((rule,), "no such credentials were given, or not alone")
    made_up = _wrong(bench)
    attempts = [("no credentials", without)]
    attempts += [("an unknown user", _read(bench, Credentials(made_up.user, made_up.password).headers))]
    if own.user is not None:
        attempts += [("a wrong password", _read(bench, Credentials(own.user, made_up.password).headers))]
    attempts += [("an unknown application key", _read(bench, {APP_KEY_HEADER: str(made_up.app_key)}))]
    for how, reply in attempts:
        refused = reply.status == 401
        bench.ledger.require(refused, (REFUSED,), f"GET with {how}", expected="401", got=reply, reply=reply)
        if refused:
            challenge = reply.headers.get("www-authenticate", "")
            expected = "401 with WWW-Authenticate"
            bench.ledger.require(
                bool(challenge), (CHALLENGE,), f"GET with {how}", expected=expected, got=reply, reply=reply
            )
    bench.ledger.pass_over((OPEN,), "the server is not open")


def _open(bench: Bench, without: Reply) -> None:
    bench.ledger.pass_over((BASIC, KEY, REFUSED, CHALLENGE), "the server is open")
    for how, shown in (
        ("user and password", Credentials(_wrong(bench).user, "x")),
        ("a key", Credentials(app_key="x")),
    ):
        reply = _read(bench, shown.headers)
        taken = reply.status == without.status
        expected = f"{without.status}, as without credentials"
        bench.ledger.require(taken, (OPEN,), f"GET with {how}", expected=expected, got=reply, reply=reply)
