"""Methods that a path does not have: schemathesis tries each of them once on every path."""

from __future__ import annotations

from contract_tests.bench import Bench
from contract_tests.registry import check
from contract_tests.target import Level


@check(
    "methods",
    "methods that a path does not have",
    level=Level.FULL,
    requirements=("errors.method-not-allowed", "refused.others"),
)
def methods(bench: Bench) -> None:
    """Every method that a path does not declare, on a host that has an instance: 405, and nothing changed."""
    host, lifecycle = bench.host, bench.contract.lifecycle
    running = next(name for name, state in lifecycle.states.items() if state.guest_runs)
    by_path = {one.path: one for one in bench.claimed(bench.contract.operations.values())}
    before = bench.navigator.bring(host, running)
    for operation in by_path.values():
        for case in bench.client.api(host).undeclared(host.path(operation.path)):
            if case.method.upper() == "OPTIONS":
                continue  # lawful on every path (http.options)
            reply = bench.client.send(case, operation, host)
            after = bench.navigator.look(host)
            bench.ledger.figures["examples"] += 1
            what = f"{case.method.upper()} at the path of {operation.id}"
            same = after.state == before.state
            bench.ledger.require(
                same, ("refused.others",), what, expected=f"{running} still", got=after.state, reply=reply
            )
            before = after if same else bench.navigator.bring(host, running)
