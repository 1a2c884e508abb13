"""The machine behind an instance: what a provision must give it, and what an import must show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from contract_tests.judging.answer_checks import UUID_KEY
from contract_tests.judging.compare import VOLATILE
from contract_tests.moving.moves import Made
from contract_tests.moving.tour import Move
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.registry import check
from contract_tests.running.target import Level
from contract_tests.sending.replies import Reply

MAC_KEY, ADDRESS_KEY = "mac", "ip.eth0"
COMPLETE = (UUID_KEY, MAC_KEY, "libvirt.hostUuid", "amqp.user_queue")
"""The properties that every provisioned machine has (openapi.yaml: identity.complete)."""


NEW = "identity.new-on-provision"


def provisioned(bench: Bench, move: Move, made: Made) -> None:
    """A machine was provisioned and runs."""
    where, reply, course = str(move), made.reply, made.course
    bench.ledger.hold(("operations.provision-makes-instance",))
    _answered(bench, where, reply, course.last)
    complete(bench, where, course.last)
    if bench.contract.lifecycle.states[course.last.state].guest_runs:
        address(bench)


def complete(bench: Bench, where: str, look: Snapshot) -> None:
    """Judge whether a machine that was provisioned has all its names."""
    properties = dict(bench.shown.properties(look.body))
    missing = [key for key in COMPLETE if not properties.get(key)]
    bench.ledger.require(
        not missing,
        ("identity.complete",),
        where,
        expected=f"the properties {', '.join(COMPLETE)}",
        got=f"without {', '.join(missing)}",
        reply=look.reply,
    )


def _answered(bench: Bench, where: str, reply: Reply, look: Snapshot) -> None:
    """The answer shows an instance, and what it says of the machine is what GET says."""
    said, shows = (dict(bench.shown.properties(body)) for body in (reply.body, look.body))
    others = [key for key in (UUID_KEY, MAC_KEY) if said.get(key) and said[key] != shows.get(key)]
    got = f"another {others[0]}, {said[others[0]]}, than GET shows, {shows.get(others[0])}" if others else reply
    bench.ledger.require(
        bench.shown.read(reply.body, "state") is not None and not others,
        ("operations.provision-answers-representation",),
        where,
        expected="the representation of the new instance",
        got=got,
        reply=reply,
    )


def imported(bench: Bench, move: Move, made: Made) -> None:
    """An import was accepted and has settled."""
    where, reply, course = str(move), made.reply, made.course
    bench.ledger.hold(("operations.import-makes-instance",))
    sent = dict(bench.shown.pairs(made.sent))
    _shows(bench, sent, bench.shown.properties(reply.body), f"{where}, the answer", reply)
    lasting = {key: value for key, value in sent.items() if not key.startswith(VOLATILE)}
    _shows(bench, lasting, bench.shown.properties(course.last.body), f"{where}, then GET", course.last.reply)


@check(
    "new-machine",
    "the machines that provisions made, compared",
    level=Level.FULL,
    requirements=(NEW,),
)
def new_machine(bench: Bench) -> None:
    """Every provision of the run made another machine; two are made when the run has not made as many."""
    host, navigator, lifecycle = bench.host, bench.navigator, bench.contract.lifecycle
    running = next(name for name, state in lifecycle.states.items() if state.guest_runs)
    while len(navigator.mover.machines.get(host, ())) < 2:
        for goal in (lifecycle.absent, running):
            navigator.bring(host, goal)
    machines = navigator.mover.machines[host]
    for key in (UUID_KEY, MAC_KEY):
        shown = [look for look in machines if _value(bench, look, key)]
        counts = Counter(_value(bench, look, key) for look in shown)
        twice = [look for look in shown if counts[_value(bench, look, key)] > 1]
        if len(shown) > 1:
            bench.ledger.require(
                not twice,
                (NEW,),
                f"{len(shown)} provisions of {host}, one after another",
                expected=f"another {key} each time",
                got=f"{_value(bench, twice[-1], key)} again" if twice else "",
                reply=(twice or shown)[-1].reply,
            )


def _value(bench: Bench, look: Snapshot, key: str) -> str | None:
    return dict(bench.shown.properties(look.body)).get(key)


def address(bench: Bench) -> None:
    """Judge whether a machine that runs gets an address, in the time that there is for it."""

    def has_address(look: Snapshot) -> bool:
        return bool(dict(bench.shown.properties(look.body)).get(ADDRESS_KEY))

    seconds = bench.waiter.timeouts.address
    last = bench.waiter.until(bench.host, has_address, 0 if bench.without_address else seconds)
    bench.without_address = not has_address(last)
    bench.ledger.require(
        not bench.without_address,
        ("identity.address",),
        "a machine that runs",
        expected=f"the property {ADDRESS_KEY} within {seconds:g} s; clients wait for it without end",
        got="no such property",
        reply=last.reply,
    )


def _shows(bench: Bench, sent: Mapping[str, str], shown: list[tuple[str, str]], where: str, reply: Reply) -> None:
    wrong = [key for key, value in sent.items() if (key, value) not in shown]
    bench.ledger.require(
        not wrong,
        ("properties.values-kept",),
        where,
        expected="every property as it was sent",
        got=f"without {', '.join(wrong)}, or with another value",
        reply=reply,
    )
