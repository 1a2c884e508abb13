"""The manners of HTTP on a host without an instance, and where the machine does not run: there is less to show there.

What a server answers in a path of its own, such as HEAD, OPTIONS or a request without a body, is easily right for a
running machine only.
"""

from __future__ import annotations

from contract import Operation
from contract_tests.checks.http_checks import JSON, lists
from contract_tests.running.bench import Bench
from contract_tests.running.registry import check
from contract_tests.running.target import Level

HEAD, OPTIONS, NO_BODY = "http.head", "http.options", "http.no-body"


@check(
    "elsewhere",
    "reading requests where there is less to show",
    level=Level.FULL,
    requirements=(HEAD, OPTIONS, NO_BODY),
)
def elsewhere(bench: Bench) -> None:
    """HEAD and OPTIONS without an instance, then a provision that says JSON and has no body, then HEAD once more."""
    absent = bench.contract.lifecycle.absent
    reads = [one for one in bench.claimed(bench.contract.operations.values()) if one.method == "GET"]
    bench.navigator.bring(bench.host, absent)
    _heads(bench, reads, absent)
    _options(bench, absent)
    _provision(bench, absent)
    if (closed := _closed(bench, reads)) is not None:
        bench.navigator.bring(bench.host, closed)
        _heads(bench, reads, closed)


def _heads(bench: Bench, reads: list[Operation], state: str) -> None:
    for operation in reads:
        plain = bench.client.call(operation, bench.host)
        reply = bench.client.probe("HEAD", bench.host.path(operation.path))
        expected = f"{plain.status}, as GET has it"
        same = reply.status == plain.status
        what = f"{operation.id} as HEAD in {state}"
        bench.ledger.require(same, (HEAD,), what, expected=expected, got=reply, reply=reply)
        bench.ledger.figures["answers"] += 2


def _options(bench: Bench, state: str) -> None:
    """One path for each method will do: what a path has does not depend on what its host has."""
    firsts: dict[str, Operation] = {}
    for operation in bench.claimed(bench.contract.operations.values()):
        firsts.setdefault(operation.method, operation)
    for method, operation in firsts.items():
        reply = bench.client.probe("OPTIONS", bench.host.path(operation.path))
        lists(bench, f"OPTIONS at the path of {operation.id} in {state}", reply, method)
        bench.ledger.figures["answers"] += 1


def _provision(bench: Bench, state: str) -> None:
    """The operations that may come without their body, where they are legal; what they make is needed next."""
    bodies = [one for one in bench.claimed(bench.contract.operations.values()) if one.body and not one.body.required]
    for operation in bodies:
        before = bench.navigator.bring(bench.host, state)
        reply = bench.client.call(operation, bench.host, headers=JSON)
        bench.navigator.mover.note(operation, bench.host, before, reply)
        bench.ledger.figures["answers"] += 1
        if reply.status < 500:  # a 5xx was charged already, as in every answer
            holds = reply.status == operation.success or bench.same_without(operation, state, reply)
            what, expected = f"{operation.id} in {state} with Content-Type and no body", str(operation.success)
            bench.ledger.require(holds, (NO_BODY,), what, expected=expected, got=reply, reply=reply)


def _closed(bench: Bench, reads: list[Operation]) -> str | None:
    """A state of rest, with an instance, in which one of these reads is refused."""
    stable = [name for name, state in bench.contract.lifecycle.states.items() if state.kind == "stable"]
    return next((name for name in stable for one in reads if one.legal_in and name not in one.legal_in), None)
