"""What a person reads while a run goes on and at its end. Colours on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.text import Text

from contract import Contract
from contract_tests import VERSION
from contract_tests.bench import Options
from contract_tests.outcomes import ExitCode, Finding, Verdict
from contract_tests.registry import Check
from contract_tests.summary import CheckOutcome, Summary
from contract_tests.target import Target

STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.ERROR: "bold magenta",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.NOT_RUN: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
}
FIGURES = {
    "legal": "legal moves",
    "refused": "refusals",
    "locked": "refusals under lock",
    "pending": "triggers on the way",
    "examples": "examples",
    "answers": "answers",
}
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

    def started(self, contract: Contract, target: Target, options: Options, remarks: Sequence[str]) -> None:
        """The first lines: what is judged by what."""
        self._line(
            f"contract-tests {VERSION}: {contract.document.title} {contract.version}, sha256 {contract.digest[:12]}",
            "bold",
        )
        hosts = ", ".join(str(host) for host in target.hosts)
        self._line(f"{target.url}, host {hosts}, level {target.level}, --random-seed {options.random_seed}")
        for remark in remarks:
            self._line(f"note: {remark}", "yellow")
        self._line()

    def begins(self, check: Check) -> None:
        """On a terminal, what is going on; it is overwritten by the line that tells how it went."""
        if self._console.is_terminal:
            self._console.print(Text(f"        … {check.title}", "dim"), end="\r")

    def ended(self, outcome: CheckOutcome) -> None:
        """One line for a check."""
        text = Text(f"{outcome.verdict.value:<14}", STYLES[outcome.verdict])
        text.append(f" {outcome.check.id:<26} ", "default")
        text.append(_details(outcome), "dim")
        self._console.print(text, soft_wrap=True)
        if outcome.verdict is Verdict.ERROR:
            for note in outcome.notes:
                self._line(note.rstrip(), "magenta")

    def no_verdict(self, sentence: str) -> None:
        """There is nothing to judge."""
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"contract-tests: no verdict: {sentence}", markup=False
        )

    def finished(self, contract: Contract, summary: Summary, outcomes: Sequence[CheckOutcome], folder: Path) -> None:
        """The end: what was broken, what stayed open, the counts, the verdict, and where the report lies."""
        findings = [finding for outcome in outcomes for finding in outcome.findings]
        for requirement, group in _by_requirement(findings).items():
            self._failure(contract, requirement, group)
        self._open_ones(contract, summary)
        self._line()
        self._line(f"requirements: {_counts(summary)}")
        for sentence in summary.left_behind:
            self._line(f"left behind: {sentence}", "yellow")
        style = {ExitCode.HOLDS: "bold green", ExitCode.BROKEN: "bold red"}.get(summary.exit_code, "bold yellow")
        self._line(f"verdict: {summary.sentence} (exit code {summary.exit_code})", style)
        self._line(f"report: {folder / 'record.json'}, {folder / 'exchanges.ndjson'}")

    def _failure(self, contract: Contract, requirement: str, findings: Sequence[Finding]) -> None:
        rule = contract.requirements.get(requirement)
        level = f"{rule.level} ({rule.basis})" if rule else "not in this contract"
        self._line()
        self._line(f"{requirement}  {level}", "bold red")
        if rule:
            self._line(f"  {rule.statement}")
        for finding in findings[:ALIKE]:
            self._line(f"  {finding.what}", "bold")
            if finding.curl:
                self._line(f"    sent      {_short(finding.curl, 400)}")
            self._line(f"    expected  {_short(finding.expected, 200)}")
            self._line(f"    got       {_short(finding.got, 300)}")
        if len(findings) > ALIKE:
            self._line(f"  and {len(findings) - ALIKE} more of it, in record.json", "dim")

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


def _by_requirement(findings: Sequence[Finding]) -> Mapping[str, list[Finding]]:
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        for requirement in finding.requirements:
            grouped.setdefault(requirement, []).append(finding)
    return dict(sorted(grouped.items()))


def _details(outcome: CheckOutcome) -> str:
    return ", ".join(_parts(outcome))


def _parts(outcome: CheckOutcome) -> Iterator[str]:
    reachable = outcome.figures.get("legal-reachable")
    for name, words in FIGURES.items():
        count = outcome.figures.get(name, 0)
        if name == "legal" and reachable:
            yield f"{count} of {reachable} {words}"
        elif count:
            yield f"{count} {words}"
    if outcome.requests:
        yield f"{outcome.requests} requests in {outcome.seconds:.1f} s"
    if outcome.reason and outcome.verdict is not Verdict.PASSED:
        yield _short(outcome.reason, 120)
    warnings = sum(1 for row in outcome.judged.values() if row.verdict is Verdict.FAILED)
    if warnings and outcome.verdict is Verdict.PASSED:
        yield f"{warnings} warnings"


def _counts(summary: Summary) -> str:
    counts = summary.counts()
    order = [*(verdict.value for verdict in reversed(Verdict)), "without-a-check"]
    return ", ".join(f"{counts[name]} {name.replace('-', ' ')}" for name in order if counts[name])


def _short(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]}…"
