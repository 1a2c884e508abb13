"""Generated bodies: positive and negative data on every operation that reads a body, each from a known state.

Schemathesis draws them: its coverage cases (boundary values, each missing field, wrong types, wrong media types), then
random ones. Whether a body is acceptable is judged by the contract's own validator, which knows `x-unique-by`; where
the host is, is known too, so it is known exactly what must come.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from schemathesis import Case, GenerationMode
from schemathesis.core import NOT_SET

from contract import Contract, Operation, Validator
from contract_tests.bench import Bench
from contract_tests.generated import draw
from contract_tests.moves import UUID_KEY
from contract_tests.registry import check_each
from contract_tests.replies import LostReplyError, Reply
from contract_tests.target import Level

BAD_BODY, NOT_JSON, MEDIA_TYPE = "errors.refused-by-schema", "errors.not-json", "errors.media-type-refused"
UNCHANGED, TOO_LARGE = "refused.bad-body", "errors.too-large"
KEPT, BODIES = "properties.values-kept", "operations.provision-bodies"

NO_MACHINE = str(UUID(int=0))

MAX_BODY = 1024 * 1024
"""Bytes of a body that a server takes (openapi.yaml: errors.too-large)."""


def _with_body(contract: Contract) -> Iterable[tuple[Operation, Level, Iterable[str]]]:
    for operation in contract.operations.values():
        if operation.body is not None:
            rules = (BAD_BODY, NOT_JSON, MEDIA_TYPE, UNCHANGED, *_accepted(operation))
            yield operation, Level.FULL, rules


def _accepted(operation: Operation) -> tuple[str, ...]:
    required = operation.body is not None and operation.body.required
    return (KEPT,) if required else (BODIES,)


@check_each("bodies", "generated bodies for", operations=_with_body)
def bodies(bench: Bench, operation: Operation) -> None:
    """Coverage cases, then random valid and random invalid bodies, each on a host without an instance."""
    Bodies(bench, operation).run()


class Bodies:
    """Sends bodies to one operation, from the state in which it is legal, and judges what comes."""

    def __init__(self, bench: Bench, operation: Operation) -> None:
        if operation.body is None:
            raise ValueError(f"{operation.id} has no body")
        self._bench = bench
        self._operation = operation
        self._body = operation.body
        self._home = bench.contract.lifecycle.legal_from(str(operation.trigger))[0]
        self._validator: Validator = bench.contract.document.validator(operation.body.schema)

    def run(self) -> None:
        """All examples; a lost reply spoils one example, not the check."""
        bench = self._bench
        api = bench.client.api(bench.host)
        for case in api.coverage(self._operation.id):
            self._try(case)
        definition = api.operations[self._operation.id]
        for mode in GenerationMode:
            draw(definition.as_strategy(generation_mode=mode), self._try, bench)
        self._go_home()

    def _try(self, case: Case[Any]) -> None:
        case.body = self._of_no_machine(case.body)
        try:
            self._go_home()
            reply = self._bench.client.send(case, self._operation, self._bench.host)
            self._bench.ledger.figures["examples"] += 1
            self._judge(case, reply)
        except LostReplyError as error:
            self._bench.ledger.doubt((UNCHANGED,), str(error))

    def _of_no_machine(self, body: Any) -> Any:
        """The body, naming no machine: one that it names (as a document's example does) may be somebody else's."""
        key, value = (self._bench.shown.property_members[role] for role in ("key", "value"))

        def names_one(item: Any) -> bool:
            return isinstance(item, dict) and item.get(key) == UUID_KEY and isinstance(item.get(value), str)

        if not isinstance(body, list):
            return body
        return [item | {value: NO_MACHINE} if names_one(item) else item for item in body]

    def _go_home(self) -> None:
        self._bench.navigator.bring(self._bench.host, self._home)

    def _judge(self, case: Case[Any], reply: Reply) -> None:
        what = f"{self._operation.id} in {self._home}"
        statuses, rule, why = self._expected(case)
        if reply.status >= 500:
            return  # charged already, as in every answer
        if not reply.accepted:
            self._refused(what, reply)
        # which 2xx it is, is judged in every answer
        holds = reply.status in statuses or (reply.accepted and self._operation.success in statuses)
        expected = f"{' or '.join(map(str, statuses))}: {why}"
        if (
            self._bench.ledger.require(holds, (rule,), what, expected=expected, got=reply, reply=reply)
            and reply.accepted
        ):
            self._shown(case, what, reply)

    def _expected(self, case: Case[Any]) -> tuple[tuple[int, ...], str, str]:
        """The statuses that may come, the requirement, and a reason in words."""
        sent = case.body is not NOT_SET and case.body != b""
        media_type = case.headers.get("Content-Type", case.media_type if sent else None)
        if media_type not in (None, *self._body.media_types):
            return (415,), MEDIA_TYPE, f"the body is {media_type}"
        if sent:
            return self._expected_of(case.body)
        if self._body.required:
            return (400, 415), BAD_BODY, "the body is missing"
        return (self._operation.success,), BODIES, "no body is needed"

    def _expected_of(self, body: Any) -> tuple[tuple[int, ...], str, str]:
        try:
            value = _value(body)
        except ValueError as error:
            return (400,), NOT_JSON, f"the body is not JSON ({error})"
        problems = self._validator.problems(value)
        if not isinstance(body, bytes) and len(json.dumps(value)) > MAX_BODY:
            return (413, 400) if problems else (413,), TOO_LARGE, "the body is larger than 1 MiB"
        if problems:
            return (400,), BAD_BODY, problems[0]
        return (self._operation.success,), _accepted(self._operation)[0], "the body is valid"

    def _refused(self, what: str, reply: Reply) -> None:
        now = self._bench.navigator.look(self._bench.host)
        expected = f"{self._home} still"
        self._bench.ledger.require(
            now.state == self._home, (UNCHANGED,), what, expected=expected, got=now.state, reply=reply
        )

    def _shown(self, case: Case[Any], what: str, reply: Reply) -> None:
        sent = sorted(self._bench.shown.pairs(case.body))
        if not self._body.required or not isinstance(case.body, list):
            return
        shown = sorted(self._bench.shown.properties(reply.body))
        missing = [pair for pair in sent if pair not in shown]
        got = f"without {missing[0]!r}" if missing else ""
        expected = "every property as it was sent"
        self._bench.ledger.require(not missing, (KEPT,), what, expected=expected, got=got, reply=reply)


def _value(body: Any) -> Any:
    """The value that a body says. ValueError when it is not JSON as the contract has it."""
    return json.loads(body.decode(), parse_constant=_no_constant) if isinstance(body, bytes) else body


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no value of JSON")
