"""Triggers that are sent together: their answers and their end must be those of some order, one after the other.

Before a fault is charged to a race, contract_tests.checks.race_control tries whether it is one without a race.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contract import Contract, Operation
from contract_tests.checks.race_control import Control
from contract_tests.checks.race_history import LINEARIZABLE, WHOLE_READS, History, drawn, in_words
from contract_tests.checks.race_rounds import Rounds
from contract_tests.checks.volleys import Volley, Volleys
from contract_tests.judging import cells
from contract_tests.judging.linearizability import Verdict
from contract_tests.moving.navigator import CannotReachError
from contract_tests.moving.tour import Node
from contract_tests.running.bench import Bench
from contract_tests.running.outcomes import Finding
from contract_tests.running.registry import Cell, check_cells
from contract_tests.sending.replies import LostReplyError
from contract_tests.sending.together import Answered

RULES = (LINEARIZABLE, WHOLE_READS)

ROUNDS = 2
"""How often a volley is sent."""

PATIENCE = 0.5
"""Seconds that a volley may take, with the way to its state: one that takes longer is sent once."""

SECONDS, FEWEST = 8.0, 3
"""Seconds for the volleys of a state on a slow server, and how many are sent in any case."""

ENOUGH = 3
"""Findings after which a check has said enough."""


def _cells(contract: Contract) -> Iterable[tuple[Cell, Iterable[str]]]:
    for state in cells.settled_states(contract):
        yield cells.cell_at(contract, Node(state), last=True), RULES


@check_cells("race", "pairs of triggers sent together in", cells=_cells)
def race(bench: Bench, cell: Cell) -> None:
    """Every pair of triggers that can get in each other's way from this state."""
    volleys = Volleys(bench.navigator.map, bench.shown.reading)
    Races(bench, cell.state).run(volleys.pairs(cell.state))


@check_cells("burst", "many requests sent together in", cells=_cells)
def burst(bench: Bench, cell: Cell) -> None:
    """Bursts of the same trigger and of several, with looks among them."""
    volleys = Volleys(bench.navigator.map, bench.shown.reading)
    Races(bench, cell.state).run(volleys.bursts(cell.state))


class Races:
    """Sends volleys from one state and judges what comes of them."""

    def __init__(self, bench: Bench, state: str) -> None:
        self._bench = bench
        self._state = state
        self._ledger = bench.ledger
        self._lifecycle = bench.contract.lifecycle
        self._rounds = Rounds(bench, state)
        self._control = Control(bench, state)
        self._lost = False

    def run(self, volleys: Iterable[Volley]) -> None:
        """Send each volley some times, as long as there is time; none that has an operation which is not there."""
        began = self._bench.client.clock.now
        try:
            for number, volley in enumerate(volleys):
                late = number >= FEWEST and self._bench.client.clock.now - began > SECONDS
                if len(self._ledger.findings) >= ENOUGH or self._lost or late:
                    break
                if len(self._bench.claimed(volley.operations)) == len(volley.operations):
                    self._repeat(volley)
        except CannotReachError as error:
            if self._ledger.figures["races"]:
                self._ledger.doubt(RULES, f"not all were sent: {error}")
            raise
        if not self._ledger.figures["races"]:
            self._ledger.doubt(RULES, f"no two triggers were answered together in {self._state}")

    def _repeat(self, volley: Volley) -> None:
        before = len(self._ledger.findings)
        for _ in range(ROUNDS):
            began = self._bench.client.clock.now
            try:
                self._round(volley)
            except LostReplyError as error:
                self._ledger.doubt(RULES, f"{volley} together in {self._state}: {error}")
                return
            slow = self._bench.client.clock.now - began > PATIENCE
            if slow or self._lost or len(self._ledger.findings) > before:
                return

    def _round(self, volley: Volley) -> None:
        operations = list(volley.operations)
        self._bench.random.shuffle(operations)
        history, answers = self._rounds.together(operations)
        what = f"{volley} together in {self._state}"
        self._take_in(answers)
        if any(row.call.is_lost for row in history.triggers):
            self._lost = True
            self._ledger.doubt(RULES, f"{what}: an answer was lost, and what that request may still do is not known")
        if not history.settled:
            seconds = self._bench.waiter.timeouts.settle
            self._ledger.doubt(RULES, f"{what}: {history.last.state}, and no end after {seconds:g} s")
            return
        self._judge(what, operations, history, answers)
        self._judge_looks(what, operations, answers)

    def _take_in(self, answers: Sequence[Answered]) -> None:
        """What the document says of the answers; of the looks only what holds, for now."""
        for answered in answers:
            self._ledger.hold(answered.ledger.held)
            if not self._is_look(answered):
                for finding in answered.ledger.findings:
                    self._ledger.breach(finding)

    def _is_look(self, answered: Answered) -> bool:
        return answered.operation.id == self._bench.shown.reading.id and answered.status == 200

    def _judge(self, what: str, operations: Sequence[Operation], history: History, answers: Sequence[Answered]) -> None:
        judgement = history.judged(self._lifecycle)
        if judgement.rule is None:
            if history.shows_race:
                self._ledger.figures["races"] += 1
                self._ledger.hold(RULES)
            return
        if judgement.explanation.verdict is Verdict.UNKNOWN:
            reason = f"{what}: {in_words(judgement.rows)}; there are too many orders to try"
            self._ledger.doubt((judgement.rule,), reason)
            return
        excuse = self._control.excuse(operations, history, judgement)
        if excuse:  # not counted: what is wrong without a race is found by the checks that need none
            self._ledger.notes.append(f"{what}: {excuse}")
            return
        self._ledger.breach(
            Finding(
                requirements=(judgement.rule,),
                what=what,
                expected="answers and an end as if one had come after the other"
                if judgement.rule == LINEARIZABLE
                else "looks that see a path of the lifecycle, and never go back on it",
                got=in_words(judgement.rows),
                exchange=history.last.reply.number,
                curl=_curl(answers),
                history=drawn(history.initial, judgement),
            )
        )

    def _judge_looks(self, what: str, operations: Sequence[Operation], answers: Sequence[Answered]) -> None:
        """A look that breaks the document only while triggers take effect is charged to the race."""
        broken = [finding for answered in answers if self._is_look(answered) for finding in answered.ledger.findings]
        if not broken:
            return
        excuse = self._control.without_race(operations)
        if excuse:
            self._ledger.doubt((WHOLE_READS,), f"{what}: {excuse}")
        charged = {requirement for finding in self._ledger.findings for requirement in finding.requirements}
        for finding in broken:
            if not charged & set(finding.requirements) and not excuse:
                said = f"{what}: a look that breaks {', '.join(finding.requirements)}"
                self._ledger.breach(
                    Finding((WHOLE_READS,), said, finding.expected, finding.got, finding.exchange, _curl(answers))
                )
                return


def _curl(answers: Sequence[Answered]) -> str:
    """A command line that sends the requests together again."""
    return " & ".join([*(answered.reply.curl for answered in answers if answered.reply), "wait"])
