"""One run: preflight, every check of the plan, clean-up, record, exit code. On every way out the record is written."""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType
from typing import Protocol

from contract import Contract
from contract_tests.bench import Bench, Options
from contract_tests.client import Client
from contract_tests.exchanges import ExchangeLog
from contract_tests.ledger import Ledger
from contract_tests.navigator import CannotReachError, Navigator
from contract_tests.outcomes import ExitCode, Verdict
from contract_tests.plan import plan_for
from contract_tests.preflight import NoVerdictError, Preflight
from contract_tests.record import Record
from contract_tests.registry import Check
from contract_tests.replies import LostReplyError, TargetGoneError
from contract_tests.summary import ONE_HOST, CheckOutcome, Summary, judge_requirements, summarize
from contract_tests.target import Level, Target
from contract_tests.waiter import Timeouts, Waiter


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM came."""


class Watcher(Protocol):
    """Who is told how the run goes on."""

    def started(self, contract: Contract, target: Target, options: Options, remarks: Sequence[str]) -> None:
        """The server can be tested; the checks begin."""

    def begins(self, check: Check) -> None:
        """A check begins."""

    def ended(self, outcome: CheckOutcome) -> None:
        """A check has ended, or was not run."""

    def no_verdict(self, sentence: str) -> None:
        """There is nothing to judge."""

    def finished(self, contract: Contract, summary: Summary, outcomes: Sequence[CheckOutcome], folder: Path) -> None:
        """The run has ended; the report lies in `folder`."""


class Runner:
    """Runs the plan against a target and writes the report into a folder. ContractError and OSError come through."""

    def __init__(
        self, contract: Contract, target: Target, options: Options, timeouts: Timeouts, folder: Path, watcher: Watcher
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._contract, self._target, self._options = contract, target, options
        self._folder, self._watcher = folder, watcher
        self._plan = tuple(check for check in plan_for(contract) if options.chosen(check.id))
        self._log = ExchangeLog(folder / "exchanges.ndjson")
        self._client = Client(target, contract, self._log)
        self._waiter = Waiter(self._client, timeouts, Random(options.random_seed))  # noqa: S311
        self._navigator = Navigator(self._client, self._waiter)
        self._bench = Bench(self._client, self._waiter, self._navigator, options)
        self._record = Record(folder, contract, target, options)
        self._outcomes: list[CheckOutcome] = []

    def run(self) -> int:
        """The exit code."""
        try:
            with _signals():
                return self._run()
        finally:
            self._log.close()

    def _run(self) -> int:
        interrupted = False
        try:
            preflight = Preflight(self._client, self._navigator)
            remarks = preflight.look()
            self._record.remark(remarks)
            self._watcher.started(self._contract, self._target, self._options, remarks)
            preflight.provision()
            for check in self._plan:
                self._watcher.begins(check)
                self._note(self._outcome(check))
        except (NoVerdictError, TargetGoneError) as error:
            return self._no_verdict(str(error))
        except Interrupted:
            interrupted = True
            self._leave_out("stopped by a signal")
        except Exception:
            self._clean()
            raise
        left = self._clean()
        judged = judge_requirements(self._contract, self._target, self._outcomes, self._client.statuses)
        summary = summarize(self._contract, judged, self._outcomes, left, interrupted=interrupted)
        self._record.end(summary, interrupted=interrupted)
        self._watcher.finished(self._contract, summary, self._outcomes, self._folder)
        return summary.exit_code

    def _no_verdict(self, sentence: str) -> int:
        left = self._clean()
        self._record.end(Summary({}, ExitCode.NO_VERDICT, sentence, left), interrupted=False)
        self._watcher.no_verdict(sentence)
        return ExitCode.NO_VERDICT

    def _note(self, outcome: CheckOutcome) -> None:
        self._outcomes.append(outcome)
        self._record.add(outcome, self._waiter.seen, self._client.statuses)
        self._watcher.ended(outcome)

    def _leave_out(self, reason: str) -> None:
        """Every check of the plan has its row, those that did not come to their turn too."""
        done = {outcome.check.id for outcome in self._outcomes}
        for check in self._plan:
            if check.id not in done:
                self._note(CheckOutcome(check, Verdict.NOT_RUN, reason))

    def _outcome(self, check: Check) -> CheckOutcome:
        if not self._target.claims(check.feature):
            reason = f"the server does not claim the feature {check.feature}"
            return CheckOutcome(check, Verdict.NOT_APPLICABLE, reason)
        if check.level > self._target.level:
            return CheckOutcome(check, Verdict.NOT_RUN, f"needs --allow {check.level}")
        if check.hosts > len(self._target.hosts):
            return CheckOutcome(check, Verdict.NOT_RUN, ONE_HOST)
        return self._executed(check)

    def _executed(self, check: Check) -> CheckOutcome:
        ledger, before = Ledger(), self._log.count
        start = self._bench.start(check.id, ledger)
        verdict, reason = None, ""
        try:
            check.run(self._bench)
        except (CannotReachError, LostReplyError) as error:
            reason = str(error)
            ledger.doubt((name for name in check.requirements if name not in ledger.judged()), reason)
        except TargetGoneError:
            self._note(self._made(check, ledger, Verdict.ERROR, "the server stopped answering", start, before))
            raise
        except Interrupted:
            self._note(self._made(check, ledger, Verdict.NOT_RUN, "stopped by a signal", start, before))
            raise
        except Exception as error:  # noqa: BLE001 - a fault of the suite must not look like one of the server
            verdict, reason = Verdict.ERROR, f"the suite broke: {type(error).__name__}: {error}"
            ledger.notes.append(traceback.format_exc())
        return self._made(check, ledger, verdict or ledger.verdict(), reason, start, before)

    def _made(
        self, check: Check, ledger: Ledger, verdict: Verdict, reason: str, start: float, before: int
    ) -> CheckOutcome:
        known = {name: row for name, row in ledger.judged().items() if name in self._contract.requirements}
        levels = {self._contract.requirements[name].level for name, row in known.items() if row.verdict is verdict}
        if verdict is Verdict.FAILED and levels == {"SHOULD"}:
            verdict = Verdict.PASSED  # with a warning: the requirement keeps its verdict
        if not reason and verdict is not Verdict.PASSED:
            reason = next((row.reason for row in known.values() if row.verdict is verdict), "")
        return CheckOutcome(
            check=check,
            verdict=verdict,
            reason=reason,
            judged=known,
            findings=tuple(ledger.findings),
            notes=tuple(ledger.notes),
            figures=dict(ledger.figures),
            seconds=time.monotonic() - start,
            requests=self._log.count - before,
        )

    def _clean(self) -> list[str]:
        """Delete what was made. What is left behind, in words."""
        if self._target.level is not Level.FULL:
            return []
        self._bench.start("clean-up", Ledger())
        try:
            left = [self._navigator.clean(host) for host in self._target.hosts if host in self._client.written]
        except TargetGoneError as error:
            return [str(error)]
        except Interrupted:
            hosts = ", ".join(str(host) for host in self._client.written)
            return [f"clean-up was stopped; look at {hosts}"]
        return [*(sentence for sentence in left if sentence), *self._navigator.lost]


@contextmanager
def _signals() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into Interrupted, which the run catches to clean up."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted(signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
