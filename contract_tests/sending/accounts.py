"""Around every request that may make or remove a machine: it is in the journal before it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from schemathesis import Response

from contract import Contract, Operation
from contract_tests.judging.answer_checks import Representations, parse
from contract_tests.running.target import HostName
from contract_tests.sending.journal import Effect, Journal, effect_of
from contract_tests.sending.replies import LostReplyError


class Entry:
    """A request that is about to be sent; `done` says what came of it. Nothing is noted of one that changes nothing."""

    def __init__(self, accounts: Accounts, operation: Operation, host: HostName, body: Any, test: str) -> None:
        self._accounts, self._what = accounts, f"{host} by {operation.id}, {test}"
        self._effect = accounts.effects[operation.id]
        self._intent = None
        if self._effect is not None and accounts.journal is not None:
            machine = accounts.shown.machine(body)
            self._intent = accounts.journal.intend(host, operation.id, self._effect, test, machine=machine)

    def done(self, response: Response | None) -> None:
        """The answer, None when none came."""
        if self._effect is None:
            return
        status = None if response is None else response.status_code
        machine = None if response is None else self._accounts.machine(response)
        if self._intent is not None:
            self._intent.done(status, machine)
        if status is None or 200 <= status < 300:
            made = self._effect in (Effect.MAKES, Effect.IMPORTS)
            words = f"{self._what}{f': {machine}' if machine else ''}{', perhaps' if status is None else ''}"
            (self._accounts.created if made else self._accounts.removed).append(words)


class Accounts:
    """What a run makes and removes. `created` and `removed`: in words, in their order; `journal` may be None."""

    def __init__(self, contract: Contract) -> None:
        self.journal: Journal | None = None
        self.created: list[str] = []
        self.removed: list[str] = []
        self.shown = Representations(contract)
        self.effects = {operation.id: effect_of(operation, contract) for operation in contract.operations.values()}

    def opened(self, operation: Operation, host: HostName, body: Any, test: str) -> Entry:
        """An entry for a request that is about to be sent."""
        return Entry(self, operation, host, body, test)

    @contextmanager
    def around(self, operation: Operation, host: HostName, body: Any, test: str) -> Iterator[Entry]:
        """The same around a request whose answer may be lost."""
        entry = self.opened(operation, host, body, test)
        try:
            yield entry
        except LostReplyError:
            entry.done(None)
            raise

    def saw(self, host: HostName, body: Mapping[str, Any] | None) -> None:
        """A look at a host; `body` is the representation, None without an instance."""
        if self.journal is None:
            return
        if body is None:
            self.journal.absent(host)
        else:
            self.journal.seen(host, self.shown.machine(self.shown.read(body, "properties")))

    def machine(self, response: Response) -> str | None:
        """The machine that an answer shows."""
        return self.shown.machine(self.shown.read(parse(response), "properties"))
