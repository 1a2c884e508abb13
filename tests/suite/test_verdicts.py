"""From evidence to verdicts and exit codes: the worst wins, and nothing seen is nothing passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import load_contract
from contract_tests.running.ledger import Ledger
from contract_tests.running.outcomes import ExitCode, Finding, Judged, Verdict, worst
from contract_tests.running.plan import plan_for
from contract_tests.running.registry import Check
from contract_tests.running.selection import Selection
from contract_tests.running.summary import CheckOutcome, judge_requirements, summarize
from contract_tests.running.target import Credentials, HostName, Level, Target

CONTRACT = load_contract()
TARGET = Target("http://127.0.0.1:1", (HostName("o", "e", "h"),), Credentials(), Level.FULL)
RULE, OTHER = "lifecycle.pause-leads", "lifecycle.start-leads"
CHECK = Check("a-check", "", Level.FULL, (RULE,), lambda _: None)
WHOLE = Selection((CHECK,), {})
FINDING = Finding((RULE,), "pause", "PAUSED", "STOPPED")
BUSY = {operation: Counter({operation_.success: 1, 409: 1}) for operation, operation_ in CONTRACT.operations.items()}


def _outcome(verdict: Verdict, reason: str = "", rule: Verdict | None = None) -> CheckOutcome:
    return CheckOutcome(CHECK, verdict, reason, {RULE: Judged(rule, reason)} if rule else {})


def _end(outcomes: Sequence[CheckOutcome], left: Sequence[str] = (), *, interrupted: bool = False) -> int:
    judged = judge_requirements(CONTRACT, TARGET, outcomes, BUSY, WHOLE)
    return summarize(CONTRACT, judged, outcomes, left, WHOLE, interrupted=interrupted).exit_code


@given(st.lists(st.sampled_from(Verdict), min_size=1))
def test_the_worst_verdict_wins(verdicts: list[Verdict]) -> None:
    """Of several verdicts the one highest on the ladder counts, in whatever order they came."""
    ladder = list(Verdict)
    assert ladder.index(worst(verdicts)) == max(ladder.index(verdict) for verdict in verdicts)


def test_no_verdict_at_all_is_not_run() -> None:
    """Nothing looked at is nothing passed."""
    assert worst([]) is Verdict.NOT_RUN
    assert Ledger().verdict() is Verdict.INCONCLUSIVE


def test_a_finding_outweighs_evidence() -> None:
    """A rule that held ten times and broke once is broken."""
    ledger = Ledger()
    ledger.hold([RULE] * 10)
    ledger.breach(FINDING)
    assert ledger.judged()[RULE].verdict is Verdict.FAILED


def test_a_doubt_outweighs_evidence() -> None:
    """A rule that held somewhere and could not be judged elsewhere is open."""
    ledger = Ledger()
    ledger.hold([RULE])
    ledger.doubt([RULE], "no answer came")
    assert ledger.judged()[RULE] == Judged(Verdict.INCONCLUSIVE, "no answer came")


def test_evidence_outweighs_that_a_rule_does_not_apply() -> None:
    """A rule that was passed over in one place and seen in another holds."""
    ledger = Ledger()
    ledger.pass_over([RULE], "never seen")
    ledger.hold([RULE])
    assert ledger.judged()[RULE].verdict is Verdict.PASSED


@pytest.mark.parametrize(
    "outcomes, left, code",
    [
        ([_outcome(Verdict.PASSED, rule=Verdict.PASSED)], [], ExitCode.HOLDS),
        ([_outcome(Verdict.FAILED, "x", rule=Verdict.FAILED)], [], ExitCode.BROKEN),
        ([_outcome(Verdict.ERROR, "the suite broke")], [], ExitCode.NO_VERDICT),
        ([_outcome(Verdict.INCONCLUSIVE, "x", rule=Verdict.INCONCLUSIVE)], [], ExitCode.INCOMPLETE),
        ([_outcome(Verdict.INCONCLUSIVE)], [], ExitCode.INCOMPLETE),
        ([_outcome(Verdict.NOT_RUN, "needs --allow full")], [], ExitCode.INCOMPLETE),
        ([], [], ExitCode.INCOMPLETE),
        ([_outcome(Verdict.PASSED, rule=Verdict.PASSED)], ["a machine"], ExitCode.INCOMPLETE),
        (
            [_outcome(Verdict.FAILED, "x", rule=Verdict.FAILED), _outcome(Verdict.ERROR, "the suite broke")],
            ["a machine"],
            ExitCode.BROKEN,
        ),
    ],
)
def test_an_end_has_its_exit_code(outcomes: list[CheckOutcome], left: list[str], code: int) -> None:
    """A broken MUST comes before a broken suite, and that before what stayed open; nothing tested is never 0."""
    assert _end(outcomes, left) == code


def test_a_run_that_was_stopped_is_incomplete() -> None:
    """Whatever was seen before a signal, the run is incomplete."""
    assert _end([_outcome(Verdict.PASSED, rule=Verdict.PASSED)], interrupted=True) == ExitCode.INCOMPLETE


def test_a_broken_rule_that_the_contract_dropped_is_a_fault_all_the_same() -> None:
    """A finding whose requirements are not in the contract given still fails the run."""
    orphan = Finding(("no.such-rule",), "x", "y", "z")
    outcome = CheckOutcome(CHECK, Verdict.FAILED, "", {RULE: Judged(Verdict.PASSED)}, [orphan])
    assert _end([outcome]) == ExitCode.BROKEN


def test_an_operation_that_was_never_accepted_leaves_the_documented_answers_open() -> None:
    """Answers that are all refusals show little: the rule about documented answers is then inconclusive."""
    rule = "operations.documented-answers"
    outcome = CheckOutcome(CHECK, Verdict.PASSED, "", {rule: Judged(Verdict.PASSED)})
    statuses = {**BUSY, "pauseInstance": Counter({409: 7})}
    assert judge_requirements(CONTRACT, TARGET, [outcome], BUSY, WHOLE)[rule].verdict is Verdict.PASSED
    judged = judge_requirements(CONTRACT, TARGET, [outcome], statuses, WHOLE)[rule]
    assert judged == Judged(Verdict.INCONCLUSIVE, "pauseInstance was never accepted")


def test_a_feature_that_is_not_claimed_does_not_apply() -> None:
    """Requirements of a feature that the server does not claim are not applicable."""
    target = Target(TARGET.url, TARGET.hosts, Credentials(), Level.FULL, frozenset({"vnc"}))
    judged = judge_requirements(CONTRACT, target, [], BUSY, WHOLE)
    assert judged["console.access"].verdict is Verdict.NOT_APPLICABLE


def test_every_check_judges_requirements_of_the_contract() -> None:
    """Every check of the plan has an id of its own, a title, and requirements that are in the contract."""
    plan = plan_for(CONTRACT)
    assert len({check.id for check in plan}) == len(plan) > 10
    for check in plan:
        assert check.title
        assert check.requirements
        assert set(check.requirements) <= set(CONTRACT.requirements), check.id
