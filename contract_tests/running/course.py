"""The course of a run: begin, judge one check after another, sum up. It writes nothing; its record may be written.

A run has files and workers besides (contract_tests.running.run). The course of a run that is over can be gone again
from its exchanges (contract_tests.certifying.recomputing).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime

from contract_tests.running.baseline import hold_against
from contract_tests.running.features import Observed, differences, probe, seen_in
from contract_tests.running.outcomes import ExitCode, Verdict
from contract_tests.running.preflight import NoVerdictError
from contract_tests.running.record import Record
from contract_tests.running.registry import Check
from contract_tests.running.selection import NOT_CHOSEN, Selection
from contract_tests.running.session import Session, Sightings
from contract_tests.running.setting import Setting
from contract_tests.running.summary import CheckOutcome, Summary, judge_requirements, summarize
from contract_tests.sending.replies import Interrupted, TargetGoneError

OPEN = (Verdict.NOT_RUN, Verdict.ERROR, Verdict.INCONCLUSIVE)
"""What the last checks of a session that broke off came to because it did."""

EARLY = "the run ended before"
"""Why a test was not run that did not come to its turn."""


class Course:
    """Begin, judge checks, end or give up.

    `outcomes`: what came of the checks so far. `summary`: what the whole came to, once it has ended.
    """

    def __init__(self, setting: Setting, selection: Selection, session: Session, record: Record) -> None:
        self._setting, self._contract, self._target = setting, setting.contract, setting.target
        self._selection, self._session, self._record = selection, session, record
        self.outcomes: list[CheckOutcome] = []
        self.summary: Summary | None = None
        self._probed: Observed = {}

    @property
    def tests(self) -> tuple[Check, ...]:
        """The checks that were chosen, in the order in which they should run."""
        return self._selection.tests

    def begin(self) -> list[str]:
        """Look at the server. Remarks for the user; NoVerdictError, TargetGoneError: there is nothing to judge."""
        return self._look()

    def _look(self) -> list[str]:
        remarks = self._session.prepare()
        self._probed = probe(self._session.client)
        self._record.remark(remarks, server=self._session.client.server)
        return remarks

    def catch_up(self) -> None:
        """Go through a session that broke off once more, to where it did; what it left open is to be done again."""
        with suppress(NoVerdictError, TargetGoneError, Interrupted):
            self._look()
            for check in self.left_to_do:
                self.judge(check)
        self._clean()
        while self.outcomes and self.outcomes[-1].verdict in OPEN:
            self.outcomes.pop()
        self._record.keep(self.outcomes)

    def go_on(self, session: Session) -> None:
        """Go on in another session, which took over from the last."""
        self._session = session

    @property
    def left_to_do(self) -> list[Check]:
        """The checks of which nothing has come yet, in their order."""
        done = {outcome.check.id for outcome in self.outcomes}
        return [check for check in self.tests if check.id not in done]

    def judge(self, check: Check) -> CheckOutcome:
        """Run a check and note what came of it, also when that ends the run: TargetGoneError, Interrupted."""
        try:
            outcome = self._session.outcome(check)
        except (TargetGoneError, Interrupted) as error:
            if error.outcome is not None:
                self._note(error.outcome)
            raise
        self._note(outcome)
        return outcome

    @property
    def has_findings(self) -> bool:
        """Whether a MUST was broken so far; then there is a verdict, however the run ends."""
        musts = {name for name, requirement in self._contract.requirements.items() if requirement.level == "MUST"}
        findings = [finding for outcome in self.outcomes for finding in outcome.findings]
        return any(not musts.isdisjoint(finding.requirements) for finding in findings)

    def end(self, *, interrupted: bool, ended: str | None = None) -> Summary:
        """Clean up and sum up. `ended`: why the run ended before its time, if it did."""
        left = self._clean()
        early = f"{EARLY}: {ended}" if ended else NOT_CHOSEN
        self._leave_out("stopped by a signal" if interrupted else early)
        judged = judge_requirements(
            self._contract, self._target, self.outcomes, self._sightings.statuses, self._selection
        )
        compared = hold_against(self._setting.options.baseline, judged, self.outcomes, self._today)
        summary = summarize(
            self._contract,
            judged,
            self.outcomes,
            left,
            self._selection,
            interrupted=interrupted,
            excused=compared.excused,
        )
        notes = [*compared.sentences(), *self._of_features()]
        return self._close(replace(summary, notes=notes), interrupted=interrupted)

    def give_up(self, sentence: str) -> Summary:
        """End without a verdict, for the reason given."""
        left = self._clean()
        self._leave_out(EARLY)
        return self._close(Summary({}, ExitCode.NO_VERDICT, sentence, left), interrupted=False)

    @property
    def _today(self) -> date:
        """The day by which known failures expire."""
        return datetime.now(UTC).date()

    @property
    def _sightings(self) -> Sightings:
        """What was seen."""
        return self._session.sightings

    def _clean(self) -> Sequence[str]:
        """Clean up. What is left behind, in words."""
        return self._session.clean()

    def _of_features(self) -> list[str]:
        """Record which optional features are there; where the server is not as it was declared, in words."""
        seen = self._sightings
        observed = seen_in(self._contract, seen.statuses, seen.missing, self._probed)
        self._record.observe(observed)
        return differences({name: self._target.claims(name) for name in self._contract.features}, observed)

    def _close(self, summary: Summary, *, interrupted: bool) -> Summary:
        self.summary = summary
        self._record.end(summary, self._sightings, self._session.client.accounts, interrupted=interrupted)
        return summary

    def _note(self, outcome: CheckOutcome) -> None:
        self.outcomes.append(outcome)
        self._record.add(outcome)

    def _leave_out(self, reason: str) -> None:
        """Every check of the plan has its row, those that did not come to their turn too."""
        for check in self.left_to_do:
            self._note(CheckOutcome(check, Verdict.NOT_RUN, reason))
