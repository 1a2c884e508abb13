"""A run of the suite and all that it writes: record, exchanges, journal, reports. On every way out they are there.

Who asks for the next check is somebody else: the command line (contract_tests.running.runner) or pytest.
"""

from __future__ import annotations

import multiprocessing as mp
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from contract_tests.reports import write_reports
from contract_tests.reports.reading import read_exchanges, read_record
from contract_tests.running.course import Course
from contract_tests.running.curl_script import write_scripts
from contract_tests.running.plan import plan_for
from contract_tests.running.record import Record
from contract_tests.running.resuming import breaks_of, catch_up, tapes
from contract_tests.running.selection import select
from contract_tests.running.session import Session, Sightings, merged
from contract_tests.running.setting import Setting
from contract_tests.running.summary import CheckOutcome, Summary
from contract_tests.running.target import TargetError
from contract_tests.running.workers import Part, Workers
from contract_tests.sending.exchanges import ExchangeLog
from contract_tests.sending.journal import FILE, Journal, left_overs
from contract_tests.sending.replies import Interrupted, TargetGoneError
from contract_tests.sending.stopping import heard
from contract_tests.sending.tape import DisagreementError


class Run(Course):
    """A course with files and workers. TargetError when the setting chooses nothing, OSError without a folder."""

    def __init__(self, setting: Setting) -> None:
        selection = select(plan_for(setting.contract), setting.options.choice, setting.contract)
        setting.folder.mkdir(parents=True, exist_ok=True)
        journal = setting.folder / FILE
        self._left_before = [] if setting.goes_on else left_overs(journal)
        earlier = read_record(setting.folder) if setting.goes_on else None
        self._log = _log(setting)
        self._is_on_tape = earlier is not None
        self._workers: Workers | None = None
        self._parts: list[Part] = []
        record = Record(setting, selection.tests, earlier)
        super().__init__(setting, selection, Session(setting, self._log), record)
        if earlier is not None:
            self._catch_up(earlier)
        self._journal = Journal(journal, self._record.run_id, self._target.url)
        self._session.client.accounts.journal = self._journal
        self._record.write()

    def _catch_up(self, earlier: Mapping[str, Any]) -> None:
        """Come to where the run broke off. TargetError when its exchanges are not those of this plan."""
        broken = tapes(self._setting.folder, breaks_of(earlier), stopped=True)
        try:
            last = catch_up(self, self._setting, broken)
        except DisagreementError as error:
            self._log.close()
            raise TargetError(f"{self._setting.folder}/exchanges.ndjson: {error}; this run cannot go on") from None
        self._record.resumes(self._log.count)
        self._is_on_tape = False
        self.go_on(Session(self._setting, self._log, earlier=last))

    def begin(self) -> list[str]:
        """Look at the server, and start workers. Raises as Course.begin does."""
        mend = f"contract-tests clean {self._setting.folder} removes it"
        # told, not recorded: it is about this folder, and what a record says follows from its exchanges
        remarks = [f"left by an earlier run: {one}; {mend}" for one in self._left_before]
        remarks += super().begin()
        self._record.write()
        if self._setting.options.workers > 1:
            self._workers = Workers(self._setting, self.tests, self._log)
        return remarks

    def of_workers(self) -> Iterator[CheckOutcome]:
        """What comes of the checks that worker processes run, when the setting asks for some; raises as judge does."""
        if self._workers is None:
            return
        try:
            yield from self._heard(self._workers)
        except Interrupted:
            heard()
            self._workers.stop()
            list(self._heard(self._workers))
            raise
        gone = [part.gone for part in self._parts if part.gone is not None]
        if gone:
            raise TargetGoneError(gone[0])

    def _heard(self, workers: Workers) -> Iterator[CheckOutcome]:
        for said in workers.results():
            if isinstance(said, CheckOutcome):
                self._note(said)
                yield said
            else:
                self._parts.append(said)
                if said.gone is not None:
                    workers.stop()

    @property
    def _sightings(self) -> Sightings:
        """What was seen by this process and by its workers."""
        return merged([super()._sightings, *(part.sightings for part in self._parts)])

    def _clean(self) -> list[str]:
        """Clean up after this process; its workers did so themselves. What is left behind, in words."""
        return [*(sentence for part in self._parts for sentence in part.left), *super()._clean()]

    def _close(self, summary: Summary, *, interrupted: bool) -> Summary:
        accounts = self._session.client.accounts
        for part in self._parts:
            accounts.created.extend(part.created)
            accounts.removed.extend(part.removed)
        super()._close(summary, interrupted=interrupted)
        self._record.write()
        self._log.close()
        self._journal.close()
        write_reports(self._setting.folder, final=True)
        write_scripts(self._setting.folder, self._contract)
        return summary

    def _note(self, outcome: CheckOutcome) -> None:
        super()._note(outcome)
        if not self._is_on_tape:
            self._record.write_now_and_then()


def _log(setting: Setting) -> ExchangeLog:
    path = setting.folder / "exchanges.ndjson"
    last = next(iter(deque(read_exchanges(setting.folder), maxlen=1)), None) if setting.goes_on else None
    if last is not None:
        return ExchangeLog.after(path, last["number"], last["at"])
    return ExchangeLog(path, mp.get_context("fork").Value("q") if setting.options.workers > 1 else None)
