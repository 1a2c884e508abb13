"""What a person reads while a run goes on and at its end: a line for each check, and each failure as it happens.

On a terminal there are colours, and a bar that moves. Elsewhere there are plain lines, made for the logs of CI.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from contract import Contract
from contract_tests import VERSION
from contract_tests.running.curl_script import FOLDER
from contract_tests.running.outcomes import ExitCode, Finding, Verdict
from contract_tests.running.registry import Check
from contract_tests.running.replay_line import replay_line
from contract_tests.running.setting import Setting
from contract_tests.running.summary import CheckOutcome, Summary
from contract_tests.running.tally import STYLES, Tallies, short

LOUD = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE)
"""Verdicts of tests that are told at once, each in a line of its own."""

ALIKE = 2
"""Findings of one requirement that are shown in full; of more there is a count."""


class _Output(Console):
    """Standard output. When nobody reads it any more, it falls silent: a run ends, and cleans up, all the same."""

    def on_broken_pipe(self) -> None:
        """Say nothing from here on."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Narrator:
    """Tells a run to a person. `console` None: standard output."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or _Output(highlight=False, soft_wrap=True)
        self._tallies = Tallies(())
        self._bar: Progress | None = None

    def started(self, setting: Setting, plan: Sequence[Check], remarks: Sequence[str]) -> None:
        """The first lines: what is judged by what."""
        contract, target = setting.contract, setting.target
        self._line(
            f"contract-tests {VERSION}: {contract.document.title} {contract.version}, sha256 {contract.digest[:12]}",
            "bold",
        )
        hosts = ", ".join(str(host) for host in target.hosts)
        self._line(f"{target.url}, host {hosts}, level {target.level}")
        self._line(f"{len(plan)} tests, --random-seed {setting.options.random_seed}")
        for remark in remarks:
            self._line(f"note: {remark}", "yellow")
        self._line()
        self._tallies = Tallies([check.name for check in plan])
        if self._console.is_terminal:
            self._bar = _bar(self._console)
            self._bar.add_task("", total=len(plan))
            self._bar.start()

    def begins(self, check: Check) -> None:
        """What is going on, beside the bar."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=short(check.title, 60))

    def ended(self, outcome: CheckOutcome) -> None:
        """A line for a test that did not pass, and one for a check whose tests have all ended."""
        if outcome.verdict in LOUD:
            reason = f": {short(outcome.reason, 200)}" if outcome.reason else ""
            self._line(f"{outcome.verdict.value:<14} {outcome.check.id}{reason}", STYLES[outcome.verdict])
        if outcome.verdict is Verdict.ERROR:
            for note in outcome.notes:
                self._line(note.rstrip(), "magenta")
        tally = self._tallies.add(outcome)
        if tally is not None:
            self._console.print(tally.line(), soft_wrap=True)
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0])

    def no_verdict(self, sentence: str) -> None:
        """There is nothing to judge."""
        self.close()
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"contract-tests: no verdict: {sentence}", markup=False
        )

    def close(self) -> None:
        """Take the bar away. What was not told of the checks so far is told now."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        for tally in self._tallies.rest():
            self._console.print(tally.line(), soft_wrap=True)

    def finished(self, contract: Contract, summary: Summary, outcomes: Sequence[CheckOutcome], folder: Path) -> None:
        """The end: what was broken, what stayed open, the counts, the verdict, and where the report lies."""
        self.close()
        broken = _by_requirement(outcomes)
        for requirement, group in broken.items():
            if _counts_here(requirement, summary):
                self._failure(contract, requirement, group, folder)
        self._open_ones(contract, summary)
        self._line()
        if unjudged := [name for name in broken if not _counts_here(name, summary)]:
            self._line(f"note: seen to be broken too, and not judged in this run: {', '.join(unjudged)}", "yellow")
        for sentence in summary.notes:
            self._line(f"note: {sentence}", "yellow")
        for sentence in summary.left_behind:
            self._line(f"left behind: {sentence}", "yellow")
        self._line(f"requirements: {_counts(summary)}")
        style = {ExitCode.HOLDS: "bold green", ExitCode.BROKEN: "bold red"}.get(summary.exit_code, "bold yellow")
        self._line(f"verdict: {summary.sentence} (exit code {summary.exit_code})", style)
        if any(finding.exchange for _, finding in _findings(outcomes)):
            self._line(f"scripts: {folder / FOLDER}{os.sep}*.sh send the requests of a failure again, by curl")
        self._line(f"report: {folder / 'report.html'}, {folder / 'record.json'}")

    def _failure(
        self, contract: Contract, requirement: str, group: Sequence[tuple[CheckOutcome, Finding]], folder: Path
    ) -> None:
        rule = contract.requirements.get(requirement)
        level = f"{rule.level} ({rule.basis})" if rule else "not in this contract"
        self._line()
        self._line(f"{requirement}  {level}", "bold red")
        if rule:
            self._line(f"  {rule.statement}")
        for outcome, finding in group[:ALIKE]:
            self._line(f"  {finding.what}", "bold")
            if finding.curl:
                self._line(f"    sent      {short(finding.curl, 400)}")
            self._line(f"    expected  {short(finding.expected, 200)}")
            self._line(f"    got       {short(finding.got, 300)}")
            self._line(f"    again     {replay_line(folder, outcome.check.id)}")
        if len(group) > ALIKE:
            self._line(f"  and {len(group) - ALIKE} more of it, in record.json", "dim")

    def _open_ones(self, contract: Contract, summary: Summary) -> None:
        rows = [
            (judged.reason, name)
            for name, judged in summary.requirements.items()
            if judged.verdict is Verdict.INCONCLUSIVE and contract.requirements[name].level == "MUST"
        ]
        for reason, group in groupby(sorted(rows), key=lambda row: row[0]):
            self._line()
            self._line(f"inconclusive: {', '.join(name for _, name in group)}", "yellow")
            self._line(f"  {reason}")

    def _line(self, text: str = "", style: str = "") -> None:
        self._console.print(Text(text, style), soft_wrap=True)


def _bar(console: Console) -> Progress:
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
        transient=True,
    )


def _by_requirement(outcomes: Sequence[CheckOutcome]) -> Mapping[str, list[tuple[CheckOutcome, Finding]]]:
    grouped: dict[str, list[tuple[CheckOutcome, Finding]]] = {}
    for outcome, finding in _findings(outcomes):
        for requirement in finding.requirements:
            grouped.setdefault(requirement, []).append((outcome, finding))
    return dict(sorted(grouped.items()))


def _findings(outcomes: Sequence[CheckOutcome]) -> Iterator[tuple[CheckOutcome, Finding]]:
    return ((outcome, finding) for outcome in outcomes for finding in outcome.findings)


def _counts_here(requirement: str, summary: Summary) -> bool:
    """Whether a broken requirement was asked for; one that the contract has dropped counts."""
    judged = summary.requirements.get(requirement)
    return judged is None or judged.verdict is Verdict.FAILED


def _counts(summary: Summary) -> str:
    counts = summary.counts()
    order = [*(verdict.value for verdict in reversed(Verdict)), "without-a-check"]
    return ", ".join(f"{counts[name]} {name.replace('-', ' ')}" for name in order if counts[name])
