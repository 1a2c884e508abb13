"""What needs two hosts: their machines differ, and what is done to one leaves the other alone."""

from __future__ import annotations

from contract_tests import compare
from contract_tests.bench import Bench
from contract_tests.identity import MAC_KEY
from contract_tests.moves import UUID_KEY
from contract_tests.registry import check
from contract_tests.target import Level


@check(
    "two-hosts",
    "two hosts, side by side",
    level=Level.FULL,
    requirements=("identity.distinct", "isolation.other-hosts"),
    hosts=2,
)
def two_hosts(bench: Bench) -> None:
    """Both get a machine; then the first goes through its states while the second is watched."""
    first, second = bench.target.hosts[:2]
    lifecycle, navigator = bench.contract.lifecycle, bench.navigator
    running = next(name for name, state in lifecycle.states.items() if state.guest_runs)
    for host in (first, second):
        navigator.bring(host, lifecycle.absent)
    looks = [navigator.bring(host, running) for host in (first, second)]
    machines = [dict(bench.shown.properties(look.body)) for look in looks]
    shared = [key for key in (UUID_KEY, MAC_KEY) if machines[0].get(key) == machines[1].get(key)]
    bench.ledger.require(
        not shared,
        ("identity.distinct",),
        f"{first} and {second}, both provisioned",
        expected="a libvirt.uuid and a mac for each",
        got=f"the same {', '.join(shared)}",
        reply=looks[1].reply,
    )
    stable = [name for name, state in lifecycle.states.items() if state.kind == "stable"]
    for goal in (*stable, lifecycle.absent):
        now = navigator.bring(first, goal)
        after = navigator.look(second)
        difference = compare.changed(bench.shown, looks[1], after)
        bench.ledger.require(
            difference is None,
            ("isolation.other-hosts",),
            f"{first} was brought into {goal}",
            expected=f"{second} as it was",
            got=difference,
            reply=now.reply,
        )
        bench.ledger.figures["answers"] += 1
