"""What contract_tests.plugin does once it is asked to judge a server: the same session, record and reports as a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn

import click
import pytest

from contract import ContractError
from contract_tests.commands.run import run, setting_of
from contract_tests.running.outcomes import ExitCode, Verdict
from contract_tests.running.plan import plan_for
from contract_tests.running.preflight import NoVerdictError
from contract_tests.running.registry import Check
from contract_tests.running.run import Run
from contract_tests.running.selection import select
from contract_tests.running.setting import Setting
from contract_tests.running.summary import CheckOutcome
from contract_tests.running.target import TargetError
from contract_tests.sending.replies import TargetGoneError
from contract_tests.sending.stopping import listen, stoppable


class UsageError(Exception):
    """The options cannot be used. Its text is one line."""


class Sitting:
    """A session with a server in one process of pytest. `worker`: its name when pytest-xdist runs `workers` of them.

    `tests` are the checks that were chosen, in the order of their tour.
    """

    def __init__(self, arguments: list[str], worker: str | None, workers: int) -> None:
        self._begun: Run | None = None
        try:
            options = run.make_context(run.name, arguments).params
            self._setting = setting = _of_worker(setting_of(options), worker, workers)
            self.tests: Sequence[Check] = select(
                plan_for(setting.contract), setting.options.choice, setting.contract
            ).tests
        except (click.ClickException, ContractError, TargetError) as error:
            message = error.format_message() if isinstance(error, click.ClickException) else str(error)
            raise UsageError(" ".join(message.split()).replace("--", "--contract-")) from None

    def begin(self) -> None:
        """Look at the server; ends the session when there is nothing to judge."""
        self._begun = Run(self._setting)
        try:
            with stoppable():
                self._run.begin()
        except (NoVerdictError, TargetGoneError) as error:
            self._give_up(str(error))
        except KeyboardInterrupt as stop:
            # pytest says where it was stopped, and what a signal meets may be at no line: so it is here
            raise KeyboardInterrupt(*stop.args) from None

    @property
    def _run(self) -> Run:
        if self._begun is None:
            raise RuntimeError("the session with the server has not begun")
        return self._begun

    def judge(self, check: Check, note: Callable[[str, object], None]) -> None:
        """Run a check, and pass, skip or fail as it says. `note` takes what a report should say of it."""
        try:
            with stoppable():
                outcome = self._run.judge(check)
                listen()
        except TargetGoneError as error:
            self._give_up(str(error))
        except KeyboardInterrupt as stop:
            # pytest says where it was stopped, and what a signal meets may be at no line: so it is here
            raise KeyboardInterrupt(*stop.args) from None
        note("verdict", outcome.verdict.value)
        for name in outcome.judged:
            note("requirement", name)
        if outcome.verdict in (Verdict.NOT_APPLICABLE, Verdict.NOT_RUN):
            pytest.skip(f"{outcome.verdict}: {outcome.reason}")
        if outcome.verdict is not Verdict.PASSED:
            pytest.fail(self._text(outcome), pytrace=False)

    def end(self, *, interrupted: bool) -> list[str]:
        """Clean up, and write record and reports. What was left behind, in words.

        `interrupted`: the session was stopped before its last check, wherever that was: within a check or between two.
        """
        if self._run.summary is not None:
            return []
        with stoppable():
            return list(self._run.end(interrupted=interrupted).left_behind)

    def lines(self) -> list[str]:
        """What the whole came to."""
        summary = self._begun.summary if self._begun else None
        return [] if summary is None else [f"contract: {summary.sentence}", f"report: {self._setting.folder}"]

    def _give_up(self, sentence: str) -> NoReturn:
        self._run.give_up(sentence)
        pytest.exit(f"no verdict: {sentence}", returncode=ExitCode.NO_VERDICT)

    def _text(self, outcome: CheckOutcome) -> str:
        lines = [f"{outcome.verdict}: {outcome.reason}"]
        for finding in outcome.findings:
            for name in finding.requirements:
                rule = self._setting.contract.requirements.get(name)
                lines.append(f"{name}: {rule.statement}" if rule else name)
            lines += [f"  {finding.what}", f"  expected  {finding.expected}", f"  got       {finding.got}"]
            lines += [f"  sent      {finding.curl}"] if finding.curl else []
        return "\n".join([*lines, *outcome.notes])


def _of_worker(setting: Setting, worker: str | None, workers: int) -> Setting:
    """The part of one worker of pytest-xdist: a host of its own, and a folder below that of the report."""
    hosts = setting.target.hosts
    if workers > len(hosts):
        raise TargetError(f"{workers} workers, and {len(hosts)} hosts: each needs one of its own; give more --host")
    if worker is None:
        return setting
    number = int(worker.removeprefix("gw"))
    target = replace(setting.target, hosts=(hosts[number],))
    return replace(setting, target=target, folder=setting.folder / worker)
