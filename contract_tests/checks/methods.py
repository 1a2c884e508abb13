"""Methods that a path does not have.

The contract (errors.method-not-allowed): 405 with an Allow header that lists those it has, or 404 where the path leads
to nothing, as it does on a host without an instance. Schemathesis tries each standard method once on every path. A
method that no library knows may be refused before the API: with 400 as no HTTP, or with 501, which HTTP has for it; the
latter is noted, not blamed. So is an Allow that lists more than the path has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contract import Operation
from contract_tests.judging import compare
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.outcomes import Finding
from contract_tests.running.registry import check
from contract_tests.running.target import Level
from contract_tests.sending.lines import PLAIN_PATIENCE, Heard, Lines
from contract_tests.sending.replies import Reply

RULE, UNCHANGED, NO_5XX = "errors.method-not-allowed", "refused.others", "robustness.no-server-error"
NOT_OFFERED = "http.not-offered"
SAYS = ("errors.shape", "representation.media-type")
"""What a refusal is like, here too."""

UNKNOWN = ("FOO", "QUERY")
"""Methods that libraries do not know: one that is none, and one that is new."""

FREE = ("OPTIONS", "HEAD")
"""Methods that are lawful on every path, whether a document has them or not (http.options, http.head)."""


def _paths(bench: Bench) -> Mapping[str, list[Operation]]:
    """The paths of the host, each with the operations that it has."""
    paths: dict[str, list[Operation]] = {}
    for operation in bench.claimed(bench.contract.operations.values()):
        paths.setdefault(operation.path, []).append(operation)
    return paths


@check("methods", "methods that a path does not have", level=Level.FULL, requirements=(RULE, UNCHANGED, *SAYS))
def methods(bench: Bench) -> None:
    """Every method that a path does not declare, on a host that has an instance: 405, and nothing changed."""
    host, lifecycle = bench.host, bench.contract.lifecycle
    running = next(name for name, state in lifecycle.states.items() if state.guest_runs)
    before = bench.navigator.bring(host, running)
    for path, operations in _paths(bench).items():
        for case in bench.client.api(host).undeclared(host.path(path)):
            method = case.method.upper()
            if method in (*FREE, *UNKNOWN):
                continue
            reply = bench.client.send(case, operations[0], host)
            what = f"{method} at the path of {operations[0].id}"
            if reply.status == 405 and "allow" in reply.headers:  # that it is missing is charged as in every answer
                _allows(bench, what, method, operations, reply)
            before = _unchanged(bench, what, before, reply)


def _allows(bench: Bench, what: str, method: str, operations: list[Operation], reply: Reply) -> None:
    """Allow lists the methods of the path."""
    shown = reply.headers.get("allow", "missing")
    allowed = {word.strip().upper() for word in shown.split(",")}
    wanted = {operation.method for operation in operations}
    expected, got = f"Allow with {', '.join(sorted(wanted))}", f"Allow: {shown}"
    holds = bench.ledger.require(wanted <= allowed, (RULE,), what, expected=expected, got=got, reply=reply)
    if holds and method in allowed:
        bench.ledger.notes.append(f"{what}: 405, although Allow lists it ({shown})")


def _unchanged(bench: Bench, what: str, before: Snapshot, reply: Reply) -> Snapshot:
    """The instance after a request that must not have changed it, brought back when it did."""
    after = bench.navigator.look(bench.host)
    bench.ledger.figures["examples"] += 1
    difference = compare.changed(bench.shown, before, after)
    rules, expected = (UNCHANGED,), "the instance as it was"
    bench.ledger.require(difference is None, rules, what, expected=expected, got=difference, reply=reply)
    return after if difference is None else bench.navigator.bring(bench.host, before.state)


@check(
    "unknown-methods",
    "methods that nobody knows, and any method where nothing is",
    level=Level.FULL,
    requirements=(RULE, UNCHANGED, NO_5XX, NOT_OFFERED, *SAYS),
)
def unknown_methods(bench: Bench) -> None:
    """Methods that no library knows, on a host with an instance; every wrong method on a host without one."""
    lifecycle = bench.contract.lifecycle
    running = next(name for name, state in lifecycle.states.items() if state.guest_runs)
    for state in (running, lifecycle.absent):
        before = bench.navigator.bring(bench.host, state)
        for method, path, operations in _wrong(bench, state):
            what = f"{method} at the path of {operations[0].id} in {state}"
            heard = Lines(bench.client).once(
                Lines(bench.client).message(method, path, b"Connection: close"), PLAIN_PATIENCE
            )
            _judge(bench, what, method, operations, heard, is_absent=state == lifecycle.absent)
            if heard.reply and 400 <= heard.reply.status < 500:
                before = _unchanged(bench, what, before, heard.reply)
            else:
                before = bench.navigator.bring(bench.host, state)
    _create_image(bench)


def _create_image(bench: Bench) -> None:
    """What the platform's own client writes and the contract does not offer, where there is no machine to be hurt.

    405 is lawful too: it may come before 404 (errors.order).
    """
    lines, path = Lines(bench.client), f"{bench.host.path(bench.shown.reading.path)}/_create_image"
    what = f"PUT .../instance/_create_image in {bench.contract.lifecycle.absent}"
    heard = lines.once(lines.message("PUT", path, b"Content-Length: 0", b"Connection: close"), PLAIN_PATIENCE)
    if heard.reply is None:
        bench.ledger.notes.append(f"{what}: {heard}")
    else:
        rule = NOT_OFFERED if heard.reply.status < 500 else NO_5XX
        fine = heard.reply.status in (404, 405)
        bench.ledger.require(fine, (rule,), what, expected="404", got=heard, reply=heard.reply)


def _wrong(bench: Bench, state: str) -> Iterator[tuple[str, str, list[Operation]]]:
    known = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE") if state == bench.contract.lifecycle.absent else ()
    for path, operations in _paths(bench).items():
        for method in (*known, *UNKNOWN):
            if method not in {operation.method for operation in operations}:
                yield method, bench.host.path(path), operations


def _judge(bench: Bench, what: str, method: str, operations: list[Operation], heard: Heard, *, is_absent: bool) -> None:
    if heard.reply:
        bench.client.errors.judge(heard.reply, what, bench.ledger, strange=method in UNKNOWN)
    if heard.reply is None or (heard.status == 501 and method in UNKNOWN):
        bench.ledger.notes.append(f"{what}: {heard}")
    elif heard.reply.status >= 500 and heard.reply.status != 503:
        expected = "no 5xx, whatever is sent"
        bench.ledger.breach(Finding((NO_5XX,), what, expected, str(heard), heard.number, heard.curl))
    elif heard.reply.status == 405:
        _allows(bench, what, method, operations, heard.reply)
    else:
        lawful = [405, *([404] if is_absent else []), *([400] if method in UNKNOWN else []), 503]
        fine = heard.reply.status in lawful
        expected = " or ".join(map(str, lawful))
        bench.ledger.require(fine, (RULE,), what, expected=expected, got=heard, reply=heard.reply)
