"""What the hooks for `st run` know while it runs: the host, where its instance is, what was seen before each call.

The engine draws and sends; this brings the host into a known state before each call, so that it is known what must
come, and looks again afterwards.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from schemathesis import Case, Response

from contract import Contract, Operation, load_contract
from contract_tests.judging.answer_checks import parse, text_of
from contract_tests.judging.body_rules import naming_no_machine
from contract_tests.judging.document_rules import Judge
from contract_tests.moving.navigator import CannotReachError, Navigator
from contract_tests.moving.waiter import Snapshot, Timeouts, Waiter
from contract_tests.running.outcomes import Finding
from contract_tests.running.preflight import Preflight
from contract_tests.running.target import (
    Credentials,
    HostName,
    Level,
    Target,
    TargetError,
    is_loopback,
    parse_host,
    parse_url,
)
from contract_tests.sending.client import Client
from contract_tests.sending.exchanges import ExchangeLog
from contract_tests.sending.replies import LostReplyError, Reply


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is made: `before` is the instance as it was, None when the host could not be brought anywhere."""

    operation: Operation
    declared: bool
    before: Snapshot | None


class Visit:
    """One run of `st` on one host. TargetError says what is wrong with the environment, in one line.

    `contract` is the built-in one, or that of CONTRACT_CONTRACT.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        path = environment.get("CONTRACT_CONTRACT")
        self.contract: Contract = load_contract(Path(path) if path else None)
        self.host: HostName = _host(environment.get("CONTRACT_HOST", ""), self.contract)
        self.credentials = Credentials(
            environment.get("CONTRACT_USER"), environment.get("CONTRACT_PASSWORD"), environment.get("CONTRACT_APP_KEY")
        )
        self._allowed = environment.get("CONTRACT_ALLOW")
        self._without = frozenset(environment.get("CONTRACT_WITHOUT", "").split())
        self._settle = _seconds(environment.get("CONTRACT_SETTLE_TIMEOUT", "180"))
        self._busy = False
        self._calls: dict[str, Call] = {}
        self._tried: Counter[str] = Counter()
        self._said: set[str] = set()
        self.navigator: Navigator | None = None

    @contextmanager
    def own(self) -> Iterator[None]:
        """While this lasts requests are the suite's own, and no hook looks at them."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    @property
    def busy(self) -> bool:
        """Whether a request that is made just now is the suite's own."""
        return self._busy

    def claims(self, feature: str | None) -> bool:
        """Whether the server is expected to offer a feature."""
        return feature not in self._without

    def meet(self, url: str) -> None:
        """See that there is a server of the contract, and that it may be used. TargetError, NoVerdictError."""
        url = parse_url(url)
        if self._allowed != "full" and (self._allowed or not is_loopback(url)):
            raise TargetError(
                f"st makes and deletes instances of {self.host}; say CONTRACT_ALLOW=full when it may do so at {url}"
            )
        target = Target(url, (self.host,), self.credentials, Level.FULL, self._without)
        client = Client(target, self.contract, ExchangeLog(Path(os.devnull)))
        client.check_id = "st"
        waiter = Waiter(client, Timeouts.for_settling(self._settle), Random(0))  # noqa: S311 - jitter
        self.navigator = Navigator(client, waiter)
        self.judge = Judge(self.contract, target.claims)
        with self.own():
            preflight = Preflight(client, self.navigator)
            preflight.look()
            preflight.provision()

    def before(self, case: Case[Any]) -> None:
        """Bring the host where this call is legal, and every other time where it is not."""
        operation = self._operation(case)
        if self.navigator is None or operation is None:
            raise TargetError("the hooks met no server of the contract; nothing is sent")
        if not case.path.startswith(self.host.path(operation.path)):
            raise TargetError(f"{case.path} is not of {self.host}; nothing is sent to another host")
        case.body = naming_no_machine(self.navigator.shown, case.body)
        self.navigator.client.written.add(self.host)
        declared = case.method.upper() == operation.method
        goal = self._goal(operation, declared=declared)
        try:
            with self.own():
                before = self.navigator.bring(self.host, goal)
        except (CannotReachError, LostReplyError):
            before = None  # what keeps it from getting there is told by the ledger
        self._calls[case.id] = Call(operation, declared, before)

    def after(self, case: Case[Any], response: Response) -> None:
        """Keep the books of what this call left behind."""
        call = self._calls.get(case.id)
        if call is None or call.before is None or self.navigator is None or not call.declared:
            return
        self.navigator.mover.note(call.operation, self.host, call.before, _reply(response))

    def call_of(self, case: Case[Any]) -> Call | None:
        """What is known of the call that a case made; None for one that these hooks did not see."""
        return self._calls.get(case.id)

    def look(self) -> Snapshot | None:
        """The instance, once it rests; None when that cannot be told."""
        try:
            with self.own():
                return self.navigator.rest(self.host) if self.navigator else None
        except LostReplyError:
            return None

    def new_findings(self) -> list[Finding]:
        """What was found on the way from state to state since the last time, each fault once."""
        if self.navigator is None:
            return []
        ledger = self.navigator.client.ledger
        found, ledger.findings = ledger.findings, []
        fresh = [finding for finding in found if finding.requirements[0] not in self._said]
        self._said.update(finding.requirements[0] for finding in fresh)
        return fresh

    def leave(self) -> None:
        """Delete what was made. What is left behind is said in one line."""
        if self.navigator is None or self.host not in self.navigator.client.written:
            return
        with self.own():
            left = self.navigator.settle(self.host, self.contract.lifecycle.absent)
        self.navigator.client.log.close()
        for sentence in [*([left] if left else []), *self.navigator.lost]:
            print(f"left behind: {sentence}", file=sys.stderr)  # noqa: T201 - the engine's report is closed already

    def _operation(self, case: Case[Any]) -> Operation | None:
        return self.contract.operations.get(str(case.operation.definition.raw.get("operationId")))

    def _goal(self, operation: Operation, *, declared: bool) -> str:
        """Where to bring the host: bodies are read where nothing else can be refused, the rest is tried by turns."""
        lifecycle = self.contract.lifecycle
        settled = [name for name, state in lifecycle.states.items() if state.kind in ("stable", "absent")]
        if operation.trigger:
            legal = [name for name in settled if lifecycle.edge(name, operation.trigger)]
        else:
            legal = [name for name in settled if name in (operation.legal_in or settled) and name != lifecycle.absent]
        if operation.body is not None and declared:
            return legal[0]
        if not declared:
            return next(name for name, state in lifecycle.states.items() if state.guest_runs)
        number = self._tried[operation.id]
        self._tried[operation.id] += 1
        others = [name for name in settled if name not in legal] or legal
        turn = others if number % 2 else legal
        return turn[number // 2 % len(turn)]


def _host(text: str, contract: Contract) -> HostName:
    names = [line for line in text.splitlines() if line]
    if len(names) != 1:
        raise TargetError("no host is named; set CONTRACT_HOST=ORG/ENV/HOST, one host: nothing is sent to any other")
    return parse_host(names[0], contract)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise TargetError(f"CONTRACT_SETTLE_TIMEOUT={text}: expected seconds, such as 180") from None


def _reply(response: Response) -> Reply:
    headers = {name: ", ".join(values) for name, values in response.headers.items()}
    return Reply(0, response.status_code, headers, parse(response), text_of(response), "", 0.0)
