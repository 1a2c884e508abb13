"""Walks drawn at random through the lifecycle, for what only a history shows: a second pause, a third restart.

A Hypothesis state machine whose steps come from the table of the contract given. It never raises: what is wrong goes
to the ledger and ends the walk, because an engine that sees an exception would send everything again to explain it.
"""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from contract import Contract
from contract_tests.checks.history_steps import DRAWS, Story, Walk
from contract_tests.judging import cells
from contract_tests.moving.navigator import CannotReachError
from contract_tests.running.bench import Bench
from contract_tests.running.registry import check
from contract_tests.running.target import Level
from contract_tests.sending.generated import undisturbed
from contract_tests.sending.replies import LostReplyError, TargetGoneError

STEPS = 25
"""Steps of one walk: legal moves, refusals, locks and looks together."""


def _requirements(contract: Contract) -> Iterable[str]:
    """What the cells of the lifecycle show; what an instance on its way accepts is for others."""
    for operation in contract.operations.values():
        if operation.trigger is not None:
            yield from (*cells.leads(contract, operation), *cells.success(operation))
            for state in contract.lifecycle.states.values():
                if state.kind != "transient" and contract.lifecycle.edge(state.name, operation.trigger) is None:
                    yield from cells.refused(contract, operation, state.name)


@check(
    "histories",
    "walks drawn at random through the lifecycle",
    level=Level.POWER,
    requirements=(
        cells.PATH,
        cells.UNCHANGED,
        "lifecycle.quiet",
        "lifecycle.forget-keeps-machine",
        "properties.kept",
        "properties.values-kept",
        "identity.new-on-provision",
        "lock.sets",
        "lock.idempotent",
        "lock.refuses-triggers",
        "lock.unlock-restores",
        "console.access",
        "console.refused",
    ),
    derived=_requirements,
)
def histories(bench: Bench) -> None:
    """A few walks of 25 steps, each from the same state: no instance when the level allows it, else what is there."""
    number = bench.seed  # before any waiting, whose jitter draws from the same source as often as the server is slow
    navigator, host = bench.navigator, bench.host
    home = navigator.unlocked(host, navigator.rest(host)).state
    if bench.target.level is Level.FULL:
        home = bench.contract.lifecycle.absent
    story = Story(bench, home)
    _run(bench, story, number)
    try:
        story.go_home()
    except (CannotReachError, LostReplyError) as error:
        bench.ledger.notes.append(f"not brought back to {home}: {error}")
    if isinstance(story.stopped, TargetGoneError) or (story.stopped and not bench.ledger.findings):
        raise story.stopped


def walks(max_examples: int) -> int:
    """How many walks: one for every three examples of an operation, and four at least."""
    return max(4, max_examples // 3)


def _run(bench: Bench, story: Story, number: int) -> None:
    @seed(number)
    def machine() -> History:
        return History(Walk(story))

    chosen = settings(
        max_examples=walks(bench.options.max_examples),
        stateful_step_count=STEPS,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    with undisturbed():
        run_state_machine_as_test(machine, settings=chosen)  # type: ignore[arg-type] # any factory will do


class History(RuleBasedStateMachine):
    """One walk, as Hypothesis drives it. Draws of 0 make the walk that always does what was done least."""

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self._walk = walk

    @rule(kind=st.integers(0, DRAWS - 1), choice=st.integers(0, DRAWS - 1))
    def step(self, kind: int, choice: int) -> None:
        """Do one thing that can be done where the instance is."""
        self._walk.step(kind, choice)
