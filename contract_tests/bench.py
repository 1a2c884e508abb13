"""What a check is given: the server, the ways to it, a place for findings, and randomness of its own."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from contract import Contract, Operation
from contract_tests.answer_checks import Representations
from contract_tests.client import Client
from contract_tests.ledger import Ledger
from contract_tests.navigator import Navigator
from contract_tests.replies import Reply
from contract_tests.target import HostName, Target
from contract_tests.waiter import Waiter


@dataclass(frozen=True, slots=True)
class Options:
    """How much a run does. `random_seed` makes it repeatable, `max_examples` is for each operation.

    `only` names the checks to run; empty, all are.
    """

    random_seed: int
    max_examples: int
    only: tuple[str, ...] = ()

    def chosen(self, check_id: str) -> bool:
        """Whether a check is to be run: all are, or those that are named with or without their operation."""
        return not self.only or check_id in self.only or check_id.partition("[")[0] in self.only


class Bench:
    """Everything that a check may use."""

    def __init__(self, client: Client, waiter: Waiter, navigator: Navigator, options: Options) -> None:
        self.client = client
        self.waiter = waiter
        self.navigator = navigator
        self.options = options
        self.random = Random(options.random_seed)  # noqa: S311 - repeatable, not secret

    @property
    def target(self) -> Target:
        """The server under test."""
        return self.client.target

    @property
    def contract(self) -> Contract:
        """The contract that it is judged by."""
        return self.client.contract

    @property
    def ledger(self) -> Ledger:
        """Where the check that runs puts what it finds."""
        return self.client.ledger

    @property
    def host(self) -> HostName:
        """The host that checks of one host use."""
        return self.target.hosts[0]

    @property
    def shown(self) -> Representations:
        """How the contract shows an instance."""
        return self.navigator.shown

    @property
    def seed(self) -> int:
        """The seed of the check that runs, a number of its own for each."""
        return self.random.getrandbits(64)

    def claimed(self, operations: Iterable[Operation]) -> list[Operation]:
        """Those of some operations that the server claims, and has, and the level allows."""
        known = [one for one in operations if one.id not in self.client.missing]
        return [one for one in known if self.target.claims(one.feature) and self.client.may(one)]

    def same_without(self, operation: Operation, state: str, reply: Reply) -> bool:
        """Whether the operation as it is gets the same answer: then the fault is not in what was added to it.

        Sent from the same state; what is wrong with the plain operation is judged elsewhere.
        """
        self.navigator.bring(self.host, state)
        return self.navigator.fire(operation, self.host).status == reply.status

    def start(self, check_id: str, ledger: Ledger) -> float:
        """Make ready for a check: its ledger, its label, its random numbers. The time, for figures."""
        self.client.ledger = ledger
        self.client.check_id = check_id
        self.random = Random(f"{self.options.random_seed}:{check_id}")  # noqa: S311
        self.waiter.random = self.random
        return time.monotonic()
