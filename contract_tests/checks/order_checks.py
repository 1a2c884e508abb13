"""Which refusal comes first when several apply.

The contract (errors.order): 401 before 403, 403 before 404, and 404 before all others but 405. Bad bodies are sent to
names that cannot exist, each with 64 random bits, and to a named host with credentials that nobody has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contract import Operation
from contract_tests.checks.auth_checks import IS_OPEN, is_guarded, wrong
from contract_tests.checks.bodies import MAX_BODY
from contract_tests.checks.http_checks import NOT_OFFERED
from contract_tests.running.bench import Bench
from contract_tests.running.outcomes import Finding
from contract_tests.running.registry import check
from contract_tests.running.target import Credentials, Level
from contract_tests.sending.lines import PLAIN_PATIENCE, Heard, Lines
from contract_tests.sending.spelling import path_of

ORDER, NOT_FOUND, UNCHANGED, NO_5XX = (
    "errors.order",
    "errors.not-found",
    "refused.others",
    "robustness.no-server-error",
)
PLACES = ("organization", "environment", "host")


@dataclass(frozen=True, slots=True)
class BadBody:
    """A body that would be refused, with what it would get."""

    what: str
    data: bytes
    media_type: bytes = b"application/json"


BAD_BODIES = (
    BadBody("a body that is not JSON (400)", b"{]"),
    BadBody("a body that the schema refuses (400)", b'"no"'),
    BadBody("a body of text (415)", b"text", b"text/plain"),
)
TOO_LARGE = BadBody("a body over 1 MiB (413)", b" " * (MAX_BODY + 1))


class Sender:
    """Sends writes that must be refused."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.lines = Lines(bench.client)

    def send(
        self, operation: Operation, names: tuple[str, ...], bad: BadBody | None, credentials: Mapping[str, str] | None
    ) -> Heard:
        """Send an operation to a host by its names, with a bad body or with none."""
        fields = [b"Connection: close", *([b"Content-Type: " + bad.media_type] if bad else [])]
        path, body = path_of(operation.path, names), bad.data if bad else b""
        message = self.lines.message(operation.method, path, *fields, body=body, credentials=credentials)
        self.bench.ledger.figures["answers"] += 1
        return self.lines.once(message, PLAIN_PATIENCE)

    def judge(self, rule: str, what: str, lawful: tuple[int, ...], heard: Heard) -> bool:
        """Note that a rule holds, or is broken by this answer; none at all is a doubt. Whether it holds."""
        expected = " or ".join(map(str, lawful))
        if heard.reply is None:
            self.bench.ledger.doubt((rule,), f"{what}: {heard}")
        elif heard.status in lawful or heard.status == 503:
            self.bench.ledger.hold((rule,))
            self.bench.client.errors.judge(heard.reply, what, self.bench.ledger)
            return True
        else:
            charged = rule if heard.reply.status < 500 else NO_5XX
            self.bench.ledger.breach(Finding((charged,), what, expected, str(heard), heard.number, heard.curl))
        return False


def _made_up(bench: Bench) -> Iterator[tuple[str, tuple[str, ...], tuple[int, ...]]]:
    """Names of which one cannot exist, with words, and what must come for them."""
    for place, kind in enumerate(PLACES):
        names = list(bench.host.names)
        names[place] = f"no-such-{kind}-{bench.random.getrandbits(64):016x}"
        # a user who may not see an organization cannot tell whether it is there
        lawful = (404, 403) if place == 0 and bench.target.credentials.headers else (404,)
        yield f"a made-up {kind}", tuple(names), lawful


@check("missing-first", "writes to what does not exist", level=Level.FULL, requirements=(ORDER, NOT_FOUND))
def missing_first(bench: Bench) -> None:
    """Every writing operation on names that cannot exist: 404, and with a bad body 404 all the same."""
    sender = Sender(bench)
    writing = [one for one in bench.claimed(bench.contract.operations.values()) if one.method != "GET"]
    for where, names, lawful in _made_up(bench):
        for operation in writing:
            what = f"{operation.id} on {where}"
            found = sender.judge(NOT_FOUND, what, lawful, sender.send(operation, names, None, None))
            # who does not say 404 to the plain request breaks another rule
            for bad in _bodies(operation) if found else ():
                heard = sender.send(operation, names, bad, None)
                sender.judge(ORDER, f"{what} with {bad.what}", lawful, heard)


def _bodies(operation: Operation) -> tuple[BadBody, ...]:
    """Bad bodies for an operation that reads one; a large one only where a body is needed, once is enough."""
    if operation.body is None:
        return ()
    return (*BAD_BODIES, TOO_LARGE) if operation.body.required else BAD_BODIES


@check("credentials-first", "bad requests with wrong credentials", level=Level.FULL, requirements=(ORDER, UNCHANGED))
def credentials_first(bench: Bench) -> None:
    """Bad bodies, made-up names and illegal actions with credentials that nobody has: 401, and nothing changed."""
    if not is_guarded(bench):
        bench.ledger.pass_over((ORDER, UNCHANGED), f"no 401 is to be had: {IS_OPEN}")
        return
    sender, absent = Sender(bench), bench.contract.lifecycle.absent
    bench.navigator.bring(bench.host, absent)
    made_up = wrong(bench)
    credentials = Credentials(made_up.user, made_up.password).headers
    _not_offered_without(sender)
    for operation in bench.claimed(bench.contract.operations.values()):
        what = f"{operation.id} with wrong credentials"
        for where, names, _ in _made_up(bench):
            heard = sender.send(operation, names, None, credentials)
            # with some servers those that come without any take another way
            if sender.judge(ORDER, f"{what} on {where}", (401,), heard) and names[-1] != bench.host.host:
                heard = sender.send(operation, names, None, {})
                sender.judge(ORDER, f"{operation.id} with no credentials on {where}", (401,), heard)
        bodies = _bodies(operation) if operation.method != "GET" else ()
        for bad in (*bodies, *([] if operation.body else [None])):
            heard = sender.send(operation, bench.host.names, bad, credentials)
            words = f"{what} and {bad.what if bad else 'no instance (404)'}"
            sender.judge(ORDER, words, (401,), heard)
            _unchanged(bench, words, heard)


def _not_offered_without(sender: Sender) -> None:
    """What is not offered is refused as all else is: those who may not ask are not told so."""
    path = f"{sender.bench.host.path(sender.bench.shown.reading.path)}/{NOT_OFFERED[0]}"
    message = sender.lines.message("GET", path, b"Connection: close", credentials={})
    sender.bench.ledger.figures["answers"] += 1
    heard = sender.lines.once(message, PLAIN_PATIENCE)
    sender.judge(ORDER, f"GET .../instance/{NOT_OFFERED[0]} with no credentials", (401,), heard)


def _unchanged(bench: Bench, what: str, heard: Heard) -> None:
    now, absent = bench.navigator.look(bench.host), bench.contract.lifecycle.absent
    if heard.reply is not None and not heard.reply.accepted:
        same, expected = now.state == absent, "no instance still"
        bench.ledger.require(same, (UNCHANGED,), what, expected=expected, got=now.state, reply=heard.reply)
    if now.state != absent:
        bench.navigator.bring(bench.host, absent)
