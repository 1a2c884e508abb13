"""Generated bodies: positive and negative data on every operation that reads a body, each from a known state.

Schemathesis draws them: its coverage cases (boundary values, each missing field, wrong types, wrong media types), then
random ones. Where the host is, is known, so it is known exactly what must come.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemathesis import Case, GenerationMode

from contract import Contract, Operation
from contract_tests.judging import cells, compare
from contract_tests.judging.body_rules import (
    BAD_BODY,
    BODIES,
    KEPT,
    MAX_BODY,
    MEDIA_TYPE,
    NOT_JSON,
    BodyRules,
    naming_no_machine,
)
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.registry import check_each
from contract_tests.running.target import Level
from contract_tests.sending.generated import draw
from contract_tests.sending.replies import LostReplyError, Reply

UNCHANGED = "refused.bad-body"

__all__ = ["MAX_BODY", "UNCHANGED", "bodies"]


def _with_body(contract: Contract) -> Iterable[tuple[Operation, Level, Iterable[str]]]:
    for operation in contract.operations.values():
        if operation.body is not None:
            accepted = (KEPT,) if operation.body.required else (BODIES,)
            yield operation, Level.FULL, (BAD_BODY, NOT_JSON, MEDIA_TYPE, UNCHANGED, *accepted)


@check_each("bodies", "generated bodies for", operations=_with_body)
def bodies(bench: Bench, operation: Operation) -> None:
    """Coverage cases and random bodies, valid and invalid, on a host without an instance; some on one with."""
    Bodies(bench, operation).run()


class Bodies:
    """Sends bodies to one operation, and judges what comes."""

    def __init__(self, bench: Bench, operation: Operation) -> None:
        lifecycle = bench.contract.lifecycle
        self._bench = bench
        self._operation = operation
        self._rules = BodyRules(bench.contract, operation)
        self._home = lifecycle.legal_from(str(operation.trigger))[0]
        self._running = next(name for name, state in lifecycle.states.items() if state.guest_runs)

    def run(self) -> None:
        """All examples; a lost reply spoils one example, not the check."""
        bench = self._bench
        api = bench.client.api(bench.host)
        numbers = [bench.seed for _ in GenerationMode]  # before any waiting, which draws for its jitter
        coverage = api.coverage(self._operation.id)
        for case in coverage:
            self._try(case, self._home)
        definition = api.operations[self._operation.id]
        for mode, number in zip(GenerationMode, numbers, strict=True):
            strategy = definition.as_strategy(generation_mode=mode)
            draw(strategy, lambda case: self._try(case, self._home), bench, number=number)
        if bench.contract.lifecycle.edge(self._running, str(self._operation.trigger)) is None:
            for case in coverage:
                self._try(case, self._running)
        bench.navigator.bring(bench.host, self._home)

    def _try(self, case: Case[Any], state: str) -> None:
        bench = self._bench
        case.body = naming_no_machine(bench.shown, case.body)
        try:
            before = bench.navigator.bring(bench.host, state)
            reply = bench.client.send(case, self._operation, bench.host)
            bench.ledger.figures["examples"] += 1
            if reply.status < 500:  # others are charged already, as in every answer
                self._judge(case, before, reply)
        except LostReplyError as error:
            bench.ledger.doubt((UNCHANGED,), str(error))

    def _judge(self, case: Case[Any], before: Snapshot, reply: Reply) -> None:
        what = f"{self._operation.id} in {before.state}"
        if not reply.accepted:
            self._unchanged(what, before, reply)
        expected = self._rules.expected(case)
        rules: tuple[str, ...] = (expected.rule,)
        statuses, words = expected.statuses, expected.words
        if before.state != self._home:
            if not reply.accepted and self._operation.success not in statuses:
                return  # several refusals apply, and any of them will do
            rules = cells.refused(self._bench.contract, self._operation, before.state)
            statuses, words = (409,), "409: there is an instance already"
        # which 2xx it is, is judged in every answer
        holds = reply.status in statuses or (reply.accepted and self._operation.success in statuses)
        require = self._bench.ledger.require
        if require(holds, rules, what, expected=words, got=reply, reply=reply) and reply.accepted:
            self._shown(case, what, reply)

    def _unchanged(self, what: str, before: Snapshot, reply: Reply) -> None:
        after = self._bench.navigator.look(self._bench.host)
        difference = compare.changed(self._bench.shown, before, after)
        rule = cells.UNCHANGED if reply.status == 409 else UNCHANGED
        expected = "the instance as it was" if before.body else f"{self._home} still"
        self._bench.ledger.require(difference is None, (rule,), what, expected=expected, got=difference, reply=reply)

    def _shown(self, case: Case[Any], what: str, reply: Reply) -> None:
        """Every property is shown as it was sent: in the answer; by GET too, but for those that may change by then."""
        if not isinstance(case.body, list):
            return
        sent = dict(self._bench.shown.pairs(case.body))
        lasting = {key: value for key, value in sent.items() if not key.startswith(compare.VOLATILE)}
        after = self._bench.navigator.rest(self._bench.host)
        for expected, body, where in ((sent, reply.body, "the answer"), (lasting, after.body, "then GET")):
            shown = self._bench.shown.properties(body)
            missing = [pair for pair in expected.items() if pair not in shown]
            got = f"without {missing[0]!r}" if missing else ""
            self._bench.ledger.require(
                not missing, (KEPT,), f"{what}, {where}", expected="every property as it was sent", got=got, reply=reply
            )
