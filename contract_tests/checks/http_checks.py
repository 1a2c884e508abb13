"""The rules of HTTP that the API's clients rely on: slashes, headers, HEAD, OPTIONS, paths that are not offered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from contract import Contract, Operation
from contract_tests.judging import cells
from contract_tests.moving.navigator import CannotReachError
from contract_tests.running.bench import Bench
from contract_tests.running.registry import check
from contract_tests.running.target import Level, fill
from contract_tests.sending.lines import PLAIN_PATIENCE, Lines
from contract_tests.sending.raw import Message
from contract_tests.sending.replies import Reply

SAYS_SO = re.compile(r"\b(offer|support|implement|provid|availab|exist|known?\b)", re.IGNORECASE)
"""Words of a message that says that something is not offered; one that names it says so, too."""

NOT_OFFERED = ("alerts", "files", "status", "_create_image")
"""Paths under an instance that the platform's own client knows and the contract leaves out (http.not-offered)."""

JSON = {"Content-Type": "application/json"}
BROWSER = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Charset": "ISO-8859-1,utf-8;q=0.7,*;q=0.7",
    "Accept-Language": "fr-FR,fr;q=0.9",
}
"""What a browser asks for. The contract has JSON in UTF-8 for everybody (representation.media-type)."""

SHAPE, MESSAGES, MEDIA_TYPE = "errors.shape", "errors.messages", "representation.media-type"


@check(
    "reading",
    "reading requests in every manner",
    level=Level.OBSERVE,
    requirements=(
        "http.slash",
        "http.head",
        "http.options",
        "http.no-body",
        "http.plain-headers",
        "http.not-offered",
        "http.not-offered-explained",
        "errors.not-found",
        SHAPE,
        MESSAGES,
        MEDIA_TYPE,
        "operations.get-shows-instance",
    ),
)
def reading(bench: Bench) -> None:
    """The reads, as they are and as clients write them: the same answer each time, where there is something to show."""
    now = bench.navigator.look(bench.host)
    if bench.target.level is Level.FULL:
        running = next(name for name, state in bench.contract.lifecycle.states.items() if state.guest_runs)
        with suppress(CannotReachError):
            now = bench.navigator.bring(bench.host, running)
    for operation in bench.claimed(bench.contract.operations.values()):
        if operation.method == "GET":
            _manners(bench, operation)
        _options(bench, operation)
    _nothing_there(bench)
    if now.body is not None:
        bench.ledger.hold(("operations.get-shows-instance",))


def _manners(bench: Bench, operation: Operation) -> None:
    plain = bench.client.call(operation, bench.host)
    path = bench.host.path(operation.path)
    manners = (
        ("http.slash", "with a slash at the end", bench.client.call(operation, bench.host, slash=True)),
        ("http.no-body", "with Content-Type and no body", bench.client.call(operation, bench.host, headers=JSON)),
        (
            "http.no-body",
            "with Content-Length: 0",
            bench.client.call(operation, bench.host, headers={"Content-Length": "0"}),
        ),
        (
            "http.plain-headers",
            "with Connection: close",
            bench.client.call(operation, bench.host, headers={"Connection": "close"}),
        ),
        ("http.plain-headers", "without Accept", bench.client.probe("GET", path)),
        ("http.head", "as HEAD", bench.client.probe("HEAD", path)),
        ("http.head", "as HEAD with a slash", bench.client.probe("HEAD", f"{path}/")),
    )
    slashed = manners[0][2].status
    for rule, how, reply in manners:
        if slashed != plain.status and how.endswith("slash"):
            continue  # the slash is to blame, not the method
        same = reply.status == plain.status and not (rule == "http.head" and reply.text)
        expected = f"{plain.status}, as without" if rule != "http.head" else f"{plain.status} without a body"
        bench.ledger.require(same, (rule,), f"{operation.id} {how}", expected=expected, got=reply, reply=reply)
    # what comes is judged by the document, as every answer is: JSON, and no status that is not there
    bench.client.call(operation, bench.host, headers={"Accept": "application/xml"})
    bench.ledger.figures["answers"] += len(manners) + 2


def _options(bench: Bench, operation: Operation) -> None:
    path = bench.host.path(operation.path)
    what = f"OPTIONS at the path of {operation.id}"
    if lists(bench, what, bench.client.probe("OPTIONS", path), operation.method):
        reply = bench.client.probe("OPTIONS", f"{path}/")
        same = reply.accepted
        bench.ledger.require(same, ("http.slash",), f"{what}, with a slash", expected="success", got=reply, reply=reply)
    bench.ledger.figures["answers"] += 1


def lists(bench: Bench, what: str, reply: Reply, method: str) -> bool:
    """Judge an answer to OPTIONS: success, and the method in Allow."""
    allowed = {word.strip().upper() for word in reply.headers.get("allow", "").split(",")}
    fine = reply.accepted and method in allowed
    expected = f"success, and {method} in Allow"
    got = f"{reply.status}, Allow: {reply.headers.get('allow', 'missing')}"
    return bench.ledger.require(fine, ("http.options",), what, expected=expected, got=got, reply=reply)


def _nothing_there(bench: Bench) -> None:
    root = bench.shown.reading.path
    for name in NOT_OFFERED:
        path, what = f"{bench.host.path(root)}/{name}", f"GET .../instance/{name}"
        reply = bench.client.probe("GET", path)
        if _is_not_offered(bench, reply, what):
            explains = name in reply.text or SAYS_SO.search(reply.text) is not None
            expected = "a message that says that it is not offered"
            bench.ledger.require(
                explains, ("http.not-offered-explained",), what, expected=expected, got=reply, reply=reply
            )
            slashed = bench.client.probe("GET", f"{path}/")
            if not 300 <= slashed.status < 400:  # a redirect is another fault (http.slash)
                _is_not_offered(bench, slashed, f"{what}/")
    for operation in bench.claimed(bench.contract.operations.values()):
        if operation.method == "GET":
            for names, path in _made_up(bench, operation.path):
                reply = bench.client.probe("GET", path, headers={"Accept": "*/*"})
                _is_not_found(bench, reply, f"{operation.id} of {names}")
    path = fill(root, (*bench.host.names[:2], f"no-such-höst-{bench.random.getrandbits(64):016x}"))
    _is_not_found(bench, bench.client.probe("GET", path, headers=BROWSER), "GET of a made-up host, as a browser asks")


def _is_not_offered(bench: Bench, reply: Reply, what: str) -> bool:
    bench.ledger.require(reply.status == 404, ("http.not-offered",), what, expected="404", got=reply, reply=reply)
    return reply.status == 404


def _is_not_found(bench: Bench, reply: Reply, what: str) -> None:
    # a user who may not see an organization cannot tell whether it is there: 403 comes before 404
    lawful = (404, 403) if bench.target.credentials.headers else (404,)
    expected = " or ".join(map(str, lawful))
    bench.ledger.require(reply.status in lawful, ("errors.not-found",), what, expected=expected, got=reply, reply=reply)


def _made_up(bench: Bench, root: str) -> Iterator[tuple[str, str]]:
    """Paths with one name that cannot exist: it ends in 64 random bits."""
    for place, kind in enumerate(("organization", "environment", "host")):
        names = list(bench.host.names)
        names[place] = f"no-such-{kind}-{bench.random.getrandbits(64):016x}"
        yield f"a made-up {kind}", fill(root, tuple(names))


@check(
    "bodiless",
    "answers that must not have a body",
    level=Level.FULL,
    requirements=("http.head",),
    derived=lambda contract: [rule for one in _without_content(contract) for rule in cells.success(one)],
)
def bodiless(bench: Bench) -> None:
    """HEAD, and what is answered with 204. No library looks for a body there: it would be read as the next answer."""
    lifecycle, lines = bench.contract.lifecycle, Lines(bench.client)
    running = next(name for name, state in lifecycle.states.items() if state.guest_runs)
    for state in (lifecycle.absent, running):
        bench.navigator.bring(bench.host, state)
        for operation in bench.claimed(bench.contract.operations.values()):
            if operation.method == "GET":
                for path in (bench.host.path(operation.path), f"{bench.host.path(operation.path)}/"):
                    _bare(bench, lines.message("HEAD", path, LAST), ("http.head",), f"HEAD {operation.id} in {state}")
    for operation in bench.claimed(_without_content(bench.contract)):
        bench.navigator.bring(bench.host, running)
        message = lines.message(operation.method, bench.host.path(operation.path), LAST)
        _bare(bench, message, cells.success(operation), f"{operation.id} in {running}")


LAST = b"Connection: close"


def _without_content(contract: Contract) -> list[Operation]:
    return [one for one in contract.operations.values() if one.success == 204]


def _bare(bench: Bench, message: Message, rules: tuple[str, ...], what: str) -> None:
    """Nothing follows the head of the answer until the server hangs up, as it was asked to."""
    heard = Lines(bench.client).once(message, PLAIN_PATIENCE, to_the_end=True)
    if heard.reply is None:
        bench.ledger.doubt(rules, f"{what}: {heard}")
        return
    bench.ledger.figures["answers"] += 1
    got = f"{heard.status}, and then {heard.more[:60]!r}"
    bench.ledger.require(not heard.more, rules, what, expected="no body", got=got, reply=heard.reply)


@check(
    "slashes",
    "writing requests as clients write them",
    level=Level.FULL,
    requirements=("http.slash", "http.no-body"),
)
def slashes(bench: Bench) -> None:
    """Each writing operation with a slash at its end, and with a media type and no body.

    Where it is refused, because that costs nothing; those that nothing refuses, for real.
    """
    lifecycle = bench.contract.lifecycle
    stable = [name for name, state in lifecycle.states.items() if state.kind == "stable"]
    left = [one for one in bench.claimed(bench.contract.operations.values()) if one.method != "GET"]
    for state in stable:
        for operation in list(left):
            refused = operation.trigger is not None and lifecycle.edge(state, operation.trigger) is None
            if refused or operation.trigger is None:
                left.remove(operation)
                _with_slash(bench, operation, state, 409 if refused else operation.success)
    for operation in left:
        _with_slash(bench, operation, stable[0], operation.success)


def _with_slash(bench: Bench, operation: Operation, state: str, status: int) -> None:
    bench.navigator.bring(bench.host, state)
    reply: Reply = bench.navigator.fire(operation, bench.host, slash=True)
    _same(bench, operation, state, "http.slash", "with a slash at the end", status, reply)
    if operation.body is None:
        before = bench.navigator.bring(bench.host, state)
        reply = bench.client.call(operation, bench.host, headers=JSON)
        bench.navigator.mover.note(operation, bench.host, before, reply)
        _same(bench, operation, state, "http.no-body", "with Content-Type and no body", status, reply)


def _same(bench: Bench, operation: Operation, state: str, rule: str, how: str, status: int, reply: Reply) -> None:
    if reply.status >= 500:
        return  # charged already, as in every answer
    holds = reply.status == status or bench.same_without(operation, state, reply)
    what = f"{operation.id} in {state}, {how}"
    bench.ledger.require(holds, (rule,), what, expected=str(status), got=reply, reply=reply)
    bench.ledger.figures["answers"] += 1
