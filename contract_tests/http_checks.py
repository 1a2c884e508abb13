"""The rules of HTTP that the API's clients rely on: slashes, headers, HEAD, OPTIONS, paths that are not offered."""

from __future__ import annotations

from collections.abc import Iterator

from contract import Operation
from contract_tests.bench import Bench
from contract_tests.registry import check
from contract_tests.replies import Reply
from contract_tests.target import Level, fill

NOT_OFFERED = ("alerts", "files", "status", "_create_image")
"""Paths under an instance that the platform's own client knows and the contract leaves out (http.not-offered)."""

JSON = {"Content-Type": "application/json"}


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
        "names.percent-encoded",
        "names.unreadable",
        "operations.get-shows-instance",
    ),
)
def reading(bench: Bench) -> None:
    """The reads, as they are and as clients write them: the same answer each time."""
    now = bench.navigator.look(bench.host)
    for operation in bench.claimed(bench.contract.operations.values()):
        if operation.method == "GET":
            _manners(bench, operation)
        _options(bench, operation)
    _nothing_there(bench)
    if now.body is not None:
        bench.ledger.hold(("operations.get-shows-instance",))
    if " " in "".join(bench.host.names):
        bench.ledger.hold(("names.percent-encoded",))
    else:
        bench.ledger.pass_over(("names.percent-encoded",), "the host's names have nothing to encode")


def _manners(bench: Bench, operation: Operation) -> None:
    plain = bench.client.call(operation, bench.host)
    path = bench.host.path(operation.path)
    manners = (
        ("http.slash", "with a slash at the end", bench.client.call(operation, bench.host, slash=True)),
        ("http.no-body", "with Content-Type and no body", bench.client.call(operation, bench.host, headers=JSON)),
        (
            "http.plain-headers",
            "with Connection: close",
            bench.client.call(operation, bench.host, headers={"Connection": "close"}),
        ),
        ("http.head", "as HEAD", bench.client.probe("HEAD", path)),
    )
    for rule, how, reply in manners:
        same = reply.status == plain.status and not (rule == "http.head" and reply.text)
        expected = f"{plain.status}, as without" if rule != "http.head" else f"{plain.status} without a body"
        bench.ledger.require(same, (rule,), f"{operation.id} {how}", expected=expected, got=reply, reply=reply)
    bench.ledger.figures["answers"] += len(manners) + 1


def _options(bench: Bench, operation: Operation) -> None:
    path = bench.host.path(operation.path)
    what = f"OPTIONS at the path of {operation.id}"
    if _lists(bench, what, bench.client.probe("OPTIONS", path), operation.method):
        reply = bench.client.probe("OPTIONS", f"{path}/")
        same = reply.accepted
        bench.ledger.require(same, ("http.slash",), f"{what}, with a slash", expected="success", got=reply, reply=reply)
    bench.ledger.figures["answers"] += 1


def _lists(bench: Bench, what: str, reply: Reply, method: str) -> bool:
    allowed = {word.strip().upper() for word in reply.headers.get("allow", "").split(",")}
    fine = reply.accepted and method in allowed
    expected = f"success, and {method} in Allow"
    got = f"{reply.status}, Allow: {reply.headers.get('allow', 'missing')}"
    return bench.ledger.require(fine, ("http.options",), what, expected=expected, got=got, reply=reply)


def _nothing_there(bench: Bench) -> None:
    root = bench.shown.reading.path
    for name in NOT_OFFERED:
        reply = bench.client.probe("GET", f"{bench.host.path(root)}/{name}")
        what = f"GET .../instance/{name}"
        bench.ledger.require(reply.status == 404, ("http.not-offered",), what, expected="404", got=reply, reply=reply)
        if reply.status == 404:
            explains = name in reply.text
            expected = f"a message that names {name}"
            bench.ledger.require(
                explains, ("http.not-offered-explained",), what, expected=expected, got=reply, reply=reply
            )
    for names, path in _made_up(bench, root):
        reply = bench.client.probe("GET", path)
        # a user who may not see an organization cannot tell whether it is there: 403 comes before 404
        lawful = (404, 403) if bench.target.credentials.headers else (404,)
        expected = " or ".join(map(str, lawful))
        bench.ledger.require(
            reply.status in lawful, ("errors.not-found",), f"GET {names}", expected=expected, got=reply, reply=reply
        )
    _unreadable(bench, root)


def _made_up(bench: Bench, root: str) -> Iterator[tuple[str, str]]:
    """Paths with one name that cannot exist: it ends in 64 random bits."""
    for place, kind in enumerate(("organization", "environment", "host")):
        names = list(bench.host.names)
        names[place] = f"no-such-{kind}-{bench.random.getrandbits(64):016x}"
        yield f"a made-up {kind}", fill(root, tuple(names))


def _unreadable(bench: Bench, root: str) -> None:
    made_up = f"{bench.random.getrandbits(64):016x}"
    for how, broken in (("%2F", "%2F"), ("a control character", "%01"), ("bytes that are not UTF-8", "%FF%FE")):
        path = bench.host.path(root).replace("/instance", f"{broken}{made_up}/instance")
        reply = bench.client.probe("GET", path)
        lawful = reply.status in (404, 400)
        what = f"GET with {how} in the host's name"
        bench.ledger.require(lawful, ("names.unreadable",), what, expected="404 or 400", got=reply, reply=reply)


@check(
    "slashes",
    "writing requests with a slash at the end",
    level=Level.FULL,
    requirements=("http.slash", "http.no-body"),
)
def slashes(bench: Bench) -> None:
    """Each writing operation with a slash at its end, where it is refused; those that nothing refuses, for real."""
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
    what = f"{operation.id} in {state}, with a slash at the end"
    bench.navigator.bring(bench.host, state)
    reply: Reply = bench.navigator.fire(operation, bench.host, slash=True)
    holds = reply.status == status or bench.same_without(operation, state, reply)
    bench.ledger.require(holds, ("http.slash",), what, expected=str(status), got=reply, reply=reply)
    bench.ledger.figures["answers"] += 1
