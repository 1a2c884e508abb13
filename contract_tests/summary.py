"""From what the checks found to a verdict for each requirement, and to the exit code of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract import Contract, Requirement
from contract_tests.document_rules import ALWAYS, DOCUMENTED
from contract_tests.outcomes import ExitCode, Finding, Judged, Verdict, worst
from contract_tests.registry import Check
from contract_tests.target import Level, Target, level_of

NO_CHECK = "this suite has no check for it"
ONE_HOST = "needs a second --host"
BY_CHOICE = (NO_CHECK, ONE_HOST)
"""Reasons of what was not run that do not make a run incomplete: it was never asked for."""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What came of one check. `judged`: the requirements about which it has something to say."""

    check: Check
    verdict: Verdict
    reason: str = ""
    judged: Mapping[str, Judged] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()
    figures: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of a run: a verdict for each requirement, and what the whole comes to."""

    requirements: Mapping[str, Judged]
    exit_code: int
    sentence: str
    left_behind: Sequence[str] = ()

    def counts(self) -> Counter[str]:
        """How many requirements came to which verdict; those without a check by themselves."""
        return Counter(
            "without-a-check" if judged.reason == NO_CHECK else judged.verdict.value
            for judged in self.requirements.values()
        )


def judge_requirements(
    contract: Contract, target: Target, outcomes: Sequence[CheckOutcome], statuses: Mapping[str, Counter[int]]
) -> dict[str, Judged]:
    """A verdict for every requirement of the contract: the worst of its checks."""
    judged = {
        requirement.id: _judge_one(requirement, target, outcomes) for requirement in contract.requirements.values()
    }
    vacuous = _vacuous(contract, target, statuses)
    if vacuous and judged.get(DOCUMENTED, Judged(Verdict.FAILED)).verdict is Verdict.PASSED:
        judged[DOCUMENTED] = Judged(Verdict.INCONCLUSIVE, vacuous)
    return judged


def _judge_one(requirement: Requirement, target: Target, outcomes: Sequence[CheckOutcome]) -> Judged:
    if not target.claims(requirement.feature):
        return Judged(Verdict.NOT_APPLICABLE, f"the server does not claim the feature {requirement.feature}")
    rows = [outcome.judged[requirement.id] for outcome in outcomes if requirement.id in outcome.judged]
    if rows:
        verdict = worst(row.verdict for row in rows)
        return next(row for row in rows if row.verdict is verdict)
    own = [outcome for outcome in outcomes if requirement.id in outcome.check.requirements]
    if own:
        return _unseen(target, own)
    if requirement.id in ALWAYS:
        return Judged(Verdict.NOT_APPLICABLE, "no answer of this run was of that kind")
    return Judged(Verdict.NOT_RUN, NO_CHECK)


def _unseen(target: Target, own: Sequence[CheckOutcome]) -> Judged:
    """The verdict of a requirement of which its own checks saw nothing."""
    verdict = worst(outcome.verdict for outcome in own)
    if verdict in (Verdict.NOT_RUN, Verdict.ERROR):
        return Judged(verdict, next(outcome.reason for outcome in own if outcome.verdict is verdict))
    if target.level is not Level.FULL:
        return Judged(Verdict.NOT_RUN, f"needs --allow {Level.FULL}")
    return Judged(Verdict.INCONCLUSIVE, "nothing was seen that shows it")


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
    *,
    interrupted: bool,
) -> Summary:
    """The exit code with its sentence (docs/contract-tests.md)."""
    musts = {name: row for name, row in judged.items() if contract.requirements[name].level == "MUST"}
    by_verdict = Counter(row.verdict for row in musts.values() if row.reason not in BY_CHOICE)
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
    elif not by_verdict[Verdict.PASSED]:
        code, sentence = ExitCode.INCOMPLETE, "incomplete: nothing was tested"
    else:
        code, sentence = ExitCode.HOLDS, "every MUST that this suite judges holds"
    return Summary(judged, code, sentence, left_behind)


def _without_requirement(contract: Contract, outcomes: Sequence[CheckOutcome]) -> int:
    """Findings that break only rules which the contract given has dropped: a fault all the same."""
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    return sum(1 for finding in findings if contract.requirements.keys().isdisjoint(finding.requirements))
