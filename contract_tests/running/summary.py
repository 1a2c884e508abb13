"""From what the checks found to a verdict for each requirement, and to the exit code of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from contract import Contract, Requirement
from contract_tests.judging.document_rules import ALWAYS, DOCUMENTED
from contract_tests.running.outcomes import ExitCode, Finding, Judged, Verdict, worst
from contract_tests.running.registry import Check
from contract_tests.running.selection import NOT_CHOSEN, Selection
from contract_tests.running.target import Level, Target, level_of

NO_CHECK = "this suite has no check for it"
ONE_HOST = "needs a second --host"
NO_FOREIGN = "needs --foreign ORG, an organization that these credentials must not see"
BY_CHOICE = (NO_CHECK, ONE_HOST, NO_FOREIGN, NOT_CHOSEN)
"""Reasons of what was not run that do not make a run incomplete: it was never asked for."""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What came of one check. `judged`: the requirements about which it has something to say.

    `exchanges`: the numbers of the first and the last.
    """

    check: Check
    verdict: Verdict
    reason: str = ""
    judged: Mapping[str, Judged] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()
    figures: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    exchanges: tuple[int, int] | None = None
    states_seen: Sequence[str] = ()

    @property
    def requests(self) -> int:
        """How many requests it sent."""
        return self.exchanges[1] - self.exchanges[0] + 1 if self.exchanges else 0


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of a run: a verdict for each requirement, and what the whole comes to.

    `notes`: what else a person should know, such as known failures that were not counted.
    """

    requirements: Mapping[str, Judged]
    exit_code: int
    sentence: str
    left_behind: Sequence[str] = ()
    notes: Sequence[str] = ()

    def counts(self) -> Counter[str]:
        """How many requirements came to which verdict; those without a check by themselves."""
        return Counter(
            "without-a-check" if judged.reason == NO_CHECK else judged.verdict.value
            for judged in self.requirements.values()
        )


def judge_requirements(
    contract: Contract,
    target: Target,
    outcomes: Sequence[CheckOutcome],
    statuses: Mapping[str, Counter[int]],
    selection: Selection,
) -> dict[str, Judged]:
    """A verdict for every requirement of the contract: the worst of its checks."""
    judged = {
        requirement.id: _judge_one(requirement, target, outcomes, selection)
        for requirement in contract.requirements.values()
    }
    partial = selection.partial or any(outcome.reason == NOT_CHOSEN for outcome in outcomes)
    vacuous = None if partial else _vacuous(contract, target, statuses)
    if vacuous and judged.get(DOCUMENTED, Judged(Verdict.FAILED)).verdict is Verdict.PASSED:
        judged[DOCUMENTED] = Judged(Verdict.INCONCLUSIVE, vacuous)
    return judged


def _judge_one(
    requirement: Requirement, target: Target, outcomes: Sequence[CheckOutcome], selection: Selection
) -> Judged:
    if requirement.id in selection.unjudged:
        return Judged(Verdict.NOT_RUN, selection.unjudged[requirement.id])
    if not target.claims(requirement.feature):
        return Judged(Verdict.NOT_APPLICABLE, f"the server does not claim the feature {requirement.feature}")
    rows = [outcome.judged[requirement.id] for outcome in outcomes if requirement.id in outcome.judged]
    if rows:
        rows += _kept_back(requirement, outcomes)
        verdict = worst(row.verdict for row in rows)
        return next(row for row in rows if row.verdict is verdict)
    return _unseen(requirement, target, outcomes, selection)


def _kept_back(requirement: Requirement, outcomes: Sequence[CheckOutcome]) -> list[Judged]:
    """What checks of it that did not come to an end say: it is judged as a whole, or not."""
    return [
        Judged(outcome.verdict, outcome.reason)
        for outcome in outcomes
        if outcome.verdict in (Verdict.NOT_RUN, Verdict.ERROR)
        and outcome.reason not in BY_CHOICE
        and requirement.id in outcome.check.requirements
        and requirement.id not in outcome.judged
    ]


def _unseen(requirement: Requirement, target: Target, outcomes: Sequence[CheckOutcome], selection: Selection) -> Judged:
    """The verdict of a requirement of which nothing was seen."""
    own = [outcome for outcome in outcomes if requirement.id in outcome.check.requirements]
    verdict = worst(outcome.verdict for outcome in own)
    if own and verdict in (Verdict.NOT_RUN, Verdict.ERROR):
        return Judged(verdict, next(outcome.reason for outcome in own if outcome.verdict is verdict))
    if requirement.id in selection.left_out:
        return Judged(Verdict.NOT_RUN, NOT_CHOSEN)
    if own and target.level is not Level.FULL:
        return Judged(Verdict.NOT_RUN, f"needs --allow {Level.FULL}")
    if own:
        return Judged(Verdict.INCONCLUSIVE, "nothing was seen that shows it")
    if requirement.id in ALWAYS:
        return Judged(Verdict.NOT_APPLICABLE, "no answer of this run was of that kind")
    return Judged(Verdict.NOT_RUN, NO_CHECK)


def _vacuous(contract: Contract, target: Target, statuses: Mapping[str, Counter[int]]) -> str | None:
    """An operation that was only ever refused, or never: then little was learnt of it. None when there is none."""
    for operation in contract.operations.values():
        if not target.claims(operation.feature) or level_of(operation, contract) > target.level:
            continue
        seen = statuses.get(operation.id, Counter())
        if not any(200 <= status < 300 for status in seen):
            return f"{operation.id} was never accepted"
        if target.level is Level.FULL and not any(400 <= status < 500 for status in seen):
            return f"{operation.id} was never refused"
    return None


def summarize(
    contract: Contract,
    judged: Mapping[str, Judged],
    outcomes: Sequence[CheckOutcome],
    left_behind: Sequence[str],
    selection: Selection,
    *,
    interrupted: bool,
    excused: Collection[str] = (),
) -> Summary:
    """The exit code with its sentence (docs/contract-tests.md). `excused`: what a baseline says is known to fail."""
    musts = {name: row for name, row in judged.items() if contract.requirements[name].level == "MUST"}
    known = sum(1 for name in excused if name in musts)
    uncounted = {*selection.unjudged, *excused}
    asked = {name: row for name, row in musts.items() if row.reason not in BY_CHOICE and name not in uncounted}
    by_verdict = Counter(row.verdict for row in asked.values())
    failed = by_verdict[Verdict.FAILED] + _without_requirement(contract, outcomes)
    errors = [one for one in outcomes if one.verdict is Verdict.ERROR]
    open_ones = by_verdict[Verdict.INCONCLUSIVE] + by_verdict[Verdict.NOT_RUN]
    if interrupted:
        code, sentence = ExitCode.INCOMPLETE, "stopped before the end: no verdict on what was not looked at"
    elif failed:
        code, sentence = ExitCode.BROKEN, f"the contract is broken: {failed} MUST failed"
    elif errors:
        code, sentence = ExitCode.NO_VERDICT, f"no verdict: the suite itself broke in {errors[0].check.id}"
    elif left_behind:
        code, sentence = ExitCode.INCOMPLETE, f"something was left behind: {left_behind[0]}"
    elif open_ones:
        code, sentence = ExitCode.INCOMPLETE, f"incomplete: {open_ones} MUST could not be judged"
    elif not by_verdict[Verdict.PASSED] and not known:
        code, sentence = ExitCode.INCOMPLETE, "incomplete: nothing was tested"
    elif known:
        code, sentence = ExitCode.HOLDS, f"every MUST that was judged holds, but for {known} that the baseline knows"
    else:
        code, sentence = ExitCode.HOLDS, "every MUST that was judged holds"
    return Summary(judged, code, sentence, left_behind)


def _without_requirement(contract: Contract, outcomes: Sequence[CheckOutcome]) -> int:
    """Findings that break only rules which the contract given has dropped: a fault all the same."""
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    return sum(1 for finding in findings if contract.requirements.keys().isdisjoint(finding.requirements))
