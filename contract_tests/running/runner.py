"""One run from beginning to end, as the command line makes it: every chosen check, and an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from contract import Contract
from contract_tests.running.outcomes import ExitCode
from contract_tests.running.preflight import NoVerdictError
from contract_tests.running.registry import Check
from contract_tests.running.run import Run
from contract_tests.running.setting import Setting
from contract_tests.running.summary import CheckOutcome, Summary
from contract_tests.sending.replies import Interrupted, TargetGoneError
from contract_tests.sending.stopping import stoppable


class Watcher(Protocol):
    """Who is told how the run goes on."""

    def started(self, setting: Setting, plan: Sequence[Check], remarks: Sequence[str]) -> None:
        """The server can be tested; the checks of the plan begin."""

    def begins(self, check: Check) -> None:
        """A check begins."""

    def ended(self, outcome: CheckOutcome) -> None:
        """A check has ended, or was not run."""

    def no_verdict(self, sentence: str) -> None:
        """There is nothing to judge."""

    def finished(self, contract: Contract, summary: Summary, outcomes: Sequence[CheckOutcome], folder: Path) -> None:
        """The run has ended; the report lies in `folder`."""


class Runner:
    """Makes a run, and tells a watcher. ContractError, TargetError and OSError come through."""

    def __init__(self, setting: Setting, watcher: Watcher) -> None:
        self._setting, self._watcher = setting, watcher
        self._run = Run(setting)

    def run(self) -> int:
        """The exit code."""
        with stoppable():
            return self._all()

    def _all(self) -> int:
        run, interrupted, ended = self._run, False, None
        try:
            remarks = run.begin()
            self._watcher.started(self._setting, run.tests, remarks)
            for outcome in run.of_workers():
                self._watcher.ended(outcome)
            for check in run.left_to_do:
                self._watcher.begins(check)
                self._watcher.ended(run.judge(check))
        except (NoVerdictError, TargetGoneError) as error:
            if not run.has_findings:
                run.give_up(str(error))
                self._watcher.no_verdict(str(error))
                return ExitCode.NO_VERDICT
            ended = str(error)
        except Interrupted:
            interrupted = True
        except BaseException:
            run.end(interrupted=True)
            raise
        summary = run.end(interrupted=interrupted, ended=ended)
        self._watcher.finished(self._setting.contract, summary, run.outcomes, self._setting.folder)
        return summary.exit_code
