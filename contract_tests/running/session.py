"""A session with a server: the preflight, one check after another, the clean-up. All checks run through this.

The command line (contract_tests.running.runner), the worker processes and the pytest plugin differ only in who asks
for the next check.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from contract_tests.moving.navigator import CannotReachError, Navigator
from contract_tests.moving.waiter import Waiter
from contract_tests.running.bench import Bench
from contract_tests.running.ledger import Ledger
from contract_tests.running.outcomes import Judged, Verdict
from contract_tests.running.preflight import Preflight
from contract_tests.running.registry import Check
from contract_tests.running.setting import Setting
from contract_tests.running.summary import ONE_HOST, CheckOutcome
from contract_tests.running.target import Level
from contract_tests.sending.client import Client
from contract_tests.sending.exchanges import CLEANING, Log
from contract_tests.sending.replies import Interrupted, LostReplyError, TargetGoneError
from contract_tests.sending.stopping import heard
from contract_tests.sending.wire import Wire


@dataclass(frozen=True, slots=True)
class Sightings:
    """What was seen in all checks: states with the number of looks, statuses of each operation, what is not there."""

    states: Counter[str]
    statuses: Mapping[str, Counter[int]]
    missing: frozenset[str]


def merged(several: Iterable[Sightings]) -> Sightings:
    """What several sessions saw, added up."""
    states: Counter[str] = Counter()
    statuses: dict[str, Counter[int]] = {}
    missing: set[str] = set()
    for one in several:
        states += one.states
        missing |= one.missing
        for name, seen in one.statuses.items():
            statuses[name] = statuses.get(name, Counter()) + seen
    return Sightings(states, statuses, frozenset(missing))


class Session:
    """One client with one server. Exchanges go to `log`; `earlier` is the session that this one goes on after."""

    def __init__(self, setting: Setting, log: Log, wire: Wire | None = None, *, earlier: Session | None = None) -> None:
        self.contract, self.target = setting.contract, setting.target
        self.client = Client(self.target, self.contract, log, wire)
        self._log = log
        jitter = Random(setting.options.random_seed)  # noqa: S311 - repeatable, not secret
        self._waiter = Waiter(self.client, setting.timeouts, jitter)
        self._navigator = Navigator(self.client, self._waiter)
        self._bench = Bench(self.client, self._waiter, self._navigator, setting.options)
        self._home: str | None = None
        if earlier is not None:
            self._take_over(earlier)

    def _take_over(self, earlier: Session) -> None:
        """What was seen counts, and what was learnt of the server's pace; where its hosts are now is not believed."""
        self.client.take_over(earlier.client)
        self._waiter.take_over(earlier._waiter)
        self._home = earlier._home

    def prepare(self) -> list[str]:
        """Look whether there is a server to judge. Remarks for the user; NoVerdictError when there is none."""
        preflight = Preflight(self.client, self._navigator)
        remarks = preflight.look()
        preflight.provision()
        self.settle_in()
        return remarks

    def settle_in(self) -> None:
        """Remember how the host was found, where the level promises to leave it so."""
        if self.target.level is Level.POWER and self._home is None:
            self._home = self._navigator.rest(self._bench.host).state

    @property
    def sightings(self) -> Sightings:
        """What was seen so far."""
        return Sightings(self._waiter.seen, self.client.statuses, frozenset(self.client.missing))

    def outcome(self, check: Check) -> CheckOutcome:
        """What comes of a check. TargetGoneError when the server stopped answering: there is no use in going on."""
        unclaimed = [feature for feature in check.features if not self.target.claims(feature)]
        if unclaimed:
            reason = f"the server does not claim the feature {unclaimed[0]}"
            return CheckOutcome(check, Verdict.NOT_APPLICABLE, reason)
        if check.level > self.target.level:
            return CheckOutcome(check, Verdict.NOT_RUN, f"needs --allow {check.level}")
        if check.hosts > len(self.target.hosts):
            return CheckOutcome(check, Verdict.NOT_RUN, ONE_HOST)
        return self._executed(check)

    def _executed(self, check: Check) -> CheckOutcome:
        trial = _Trial(check, self._log.count, self._bench.start(check.id, Ledger()), Counter(self._waiter.seen))
        ledger = self._bench.ledger
        try:
            check.run(self._bench)
        except (CannotReachError, LostReplyError) as error:
            if isinstance(error, CannotReachError) and self.target.level is not Level.FULL and not ledger.findings:
                return self._made(trial, Verdict.NOT_RUN, f"{error}; needs --allow {Level.FULL}")
            ledger.doubt((name for name in check.requirements if name not in ledger.judged()), str(error))
            return self._made(trial, None, str(error))
        except TargetGoneError as error:
            error.outcome = self._made(trial, Verdict.ERROR, "the server stopped answering")
            raise
        except Interrupted as stop:
            stop.outcome = self._made(trial, Verdict.NOT_RUN, "stopped by a signal")
            raise
        except Exception as error:  # noqa: BLE001 - a fault of the suite must not look like one of the server
            ledger.notes.append(traceback.format_exc())
            return self._made(trial, Verdict.ERROR, f"the suite broke: {type(error).__name__}: {error}")
        return self._made(trial, None, "")

    def _made(self, trial: _Trial, verdict: Verdict | None, reason: str) -> CheckOutcome:
        ledger, requirements = self._bench.ledger, self.contract.requirements
        known = {name: row for name, row in ledger.judged().items() if name in requirements}
        verdict = verdict or _of_its_own(trial.check, known) or ledger.verdict()
        levels = {requirements[name].level for name, row in known.items() if row.verdict is verdict}
        if verdict is Verdict.FAILED and levels == {"SHOULD"}:
            verdict = Verdict.PASSED  # with a warning: the requirement keeps its verdict
        if not reason and verdict is not Verdict.PASSED:
            reason = next((row.reason for row in known.values() if row.verdict is verdict), "")
        last = self._log.count
        return CheckOutcome(
            check=trial.check,
            verdict=verdict,
            reason=reason,
            judged=known,
            findings=tuple(ledger.findings),
            notes=tuple(ledger.notes),
            figures=dict(ledger.figures),
            seconds=self.client.clock.now - trial.start,
            exchanges=(trial.before + 1, last) if last > trial.before else None,
            states_seen=tuple((self._waiter.seen - trial.seen).keys()),
        )

    def clean(self) -> list[str]:
        """Leave the hosts as the level promises: without what was made, or in the state in which they were found.

        What is left behind, in words.
        """
        heard()
        self._bench.start(CLEANING, Ledger())
        try:
            if self.target.level is Level.POWER and self._home is not None:
                return [sentence for sentence in [self._navigator.settle(self._bench.host, self._home)] if sentence]
            if self.target.level is not Level.FULL:
                return []
            absent = self.contract.lifecycle.absent
            hosts = [host for host in self.target.hosts if host in self.client.written]
            left = [self._navigator.settle(host, absent) for host in hosts]
        except TargetGoneError as error:
            return [str(error)]
        except Interrupted:
            return [f"clean-up was stopped; look at {', '.join(map(str, self.client.written))}"]
        return [*(sentence for sentence in left if sentence), *self._navigator.lost]


def _of_its_own(check: Check, known: Mapping[str, Judged]) -> Verdict | None:
    """Not applicable, where nothing of what the check is for applies, whatever its other answers have shown."""
    own = [known[name].verdict for name in check.requirements if name in known]
    others = {row.verdict for row in known.values()} - {Verdict.PASSED, Verdict.NOT_APPLICABLE}
    return Verdict.NOT_APPLICABLE if own and set(own) == {Verdict.NOT_APPLICABLE} and not others else None


@dataclass(frozen=True, slots=True)
class _Trial:
    """A check that runs: the exchanges before it, when it began, the states seen before it."""

    check: Check
    before: int
    start: float
    seen: Counter[str]
