"""Bodies chosen by hand, one for each rule about bodies: what random ones meet seldom, or engines do not make."""

from __future__ import annotations

from contract import Operation
from contract_tests.checks import body_samples as of
from contract_tests.checks.bodies import UNCHANGED
from contract_tests.checks.body_samples import Sample, samples_of
from contract_tests.judging.body_rules import BODIES, KEPT
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.registry import check
from contract_tests.running.target import Level
from contract_tests.sending.replies import LostReplyError, Reply


@check(
    "chosen-bodies",
    "bodies chosen by hand",
    level=Level.FULL,
    requirements=(
        of.NOT_JSON,
        of.DOUBTFUL,
        of.TYPE_REFUSED,
        of.BOUNDS,
        of.MEMBERS,
        UNCHANGED,
        of.PARAMETERS,
        of.TYPE_DOUBTFUL,
        of.TOO_LARGE,
        of.BAD_BODY,
        of.EMPTY_LIST,
        of.LONGEST,
        of.REPEATED,
        of.READ_ONLY,
        of.NO_5XX,
        BODIES,
        KEPT,
    ),
)
def chosen_bodies(bench: Bench) -> None:
    """Each sample on a host that has no instance, so that nothing but the body can be refused."""
    vacant = False
    for operation in bench.claimed(bench.contract.operations.values()):
        for sample in samples_of(bench, operation):
            vacant = _try(bench, operation, sample, vacant=vacant)


def _try(bench: Bench, operation: Operation, sample: Sample, *, vacant: bool) -> bool:
    """Send a sample; `vacant` and what comes back: whether the last look at the host has shown no instance."""
    absent, host = bench.contract.lifecycle.absent, bench.host
    what = f"{operation.id} with {sample.what}"
    try:
        if not vacant:
            bench.navigator.bring(host, absent)
        reply = bench.client.send_bytes(operation, host, sample.data, sample.media_type)
        after = bench.navigator.rest(host) if reply.accepted and sample.sight else bench.navigator.look(host)
    except LostReplyError as error:
        bench.ledger.doubt((sample.rule,), f"{what}: {error}")
        return False
    bench.ledger.figures["examples"] += 1
    _judge(bench, operation, sample, what, reply, after)
    return after.state == absent


def _judge(bench: Bench, operation: Operation, sample: Sample, what: str, reply: Reply, after: Snapshot) -> None:
    require = bench.ledger.require
    if sample.statuses and reply.status < 500:  # a 5xx was charged already, as in every answer, and so was a wrong 2xx
        expected = " or ".join(str(status or operation.success) for status in sample.statuses)
        holds = reply.status in sample.statuses or (reply.accepted and 0 in sample.statuses)
        require(holds, (sample.rule,), what, expected=expected, got=reply, reply=reply)
    if reply.accepted and sample.sight and after.body is not None:
        wrong = sample.sight.wrong(after)
        require(wrong is None, (sample.sight.rule,), what, expected=sample.sight.expected, got=wrong, reply=reply)
    if not reply.accepted:
        still = after.state == bench.contract.lifecycle.absent
        require(still, (UNCHANGED,), what, expected="no instance still", got=after.state, reply=reply)
