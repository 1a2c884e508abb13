"""What a check is given: the server, the ways to it, a place for findings, and randomness of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from contract import Contract, Operation
from contract_tests.judging.answer_checks import Representations
from contract_tests.moving.navigator import Navigator
from contract_tests.moving.waiter import Waiter
from contract_tests.running.baseline import NOTHING_KNOWN, Baseline
from contract_tests.running.ledger import Ledger
from contract_tests.running.selection import EVERYTHING, Choice
from contract_tests.running.target import HostName, Target
from contract_tests.sending.client import Client
from contract_tests.sending.replies import Reply


@dataclass(frozen=True, slots=True)
class Options:
    """How much a run does. `random_seed` makes it repeatable, `max_examples` is for each operation.

    `choice` says what is left out, `baseline` what is known to fail. `workers` run at once, each with a host of its
    own.
    """

    random_seed: int
    max_examples: int
    choice: Choice = EVERYTHING
    baseline: Baseline = NOTHING_KNOWN
    workers: int = 1


class Bench:
    """Everything that a check may use. `tried_on_way`: how often an operation was sent to an instance on its way.

    `without_address`: an address was waited for in vain; nobody waits again for what is not there.
    """

    def __init__(self, client: Client, waiter: Waiter, navigator: Navigator, options: Options) -> None:
        self.client = client
        self.waiter = waiter
        self.navigator = navigator
        self.options = options
        self.tried_on_way: Counter[str] = Counter()
        self.without_address = False
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

    def affordable(self, wanted: int, seconds: float) -> int:
        """How many of the `wanted` actions there is time for on this server, when each has to settle; one at least."""
        pace = self.waiter.pace
        return wanted if pace * wanted <= seconds else max(1, int(seconds / pace))

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
        # three streams: how often it is waited must not change what is drawn
        own, jitter, machines = (
            Random(f"{self.options.random_seed}:{check_id}{stream}")  # noqa: S311 - repeatable, not secret
            for stream in ("", ":jitter", ":machines")
        )
        self.random, self.waiter.random, self.navigator.mover.random = own, jitter, machines
        return self.client.clock.now
