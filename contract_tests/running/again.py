"""From the record of a run to the setting of another one: what was judged, how, and which tests are to run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from contract import Contract
from contract_tests.moving.waiter import Timeouts
from contract_tests.reports.reading import BADGE, CERTIFICATE, README, RECORD, RecordError, checked_record
from contract_tests.running.baseline import Baseline, Known
from contract_tests.running.bench import Options
from contract_tests.running.outcomes import Verdict
from contract_tests.running.selection import Choice
from contract_tests.running.setting import Setting
from contract_tests.running.target import Credentials, Level, Target, TargetError, parse_host

UNFINISHED = ("stopped by a signal", "the run ended before")
"""How reasons begin why a test was not run that say nothing about it (contract_tests.running.run)."""

FILES = ("record.json", "exchanges.ndjson", "exchanges.har", "junit.xml", "report.html", CERTIFICATE, README, BADGE)
"""What a run writes anew each time."""

Record = Mapping[str, Any]


def record_of(folder: Path) -> Record:
    """The record in a report folder. TargetError when there is none that can be read."""
    try:
        return checked_record(folder)
    except (RecordError, OSError) as error:
        raise TargetError(str(error)) from None


@dataclass(frozen=True, slots=True)
class Again:
    """How a record is to be repeated: what it does not hold comes from the command line."""

    contract: Contract
    credentials: Credentials
    settle_timeout: float | None

    def whole(self, record: Record, folder: Path) -> Setting:
        """The same run: all that it had chosen. TargetError as `setting` has it."""
        run, target = record["run"], record["target"]
        choice = Choice(tuple(run["only"]), tuple(run["skip"]), target["profile"])
        baseline = Baseline(tuple(map(Known.of, run["baseline"])))
        setting = self.setting(record, (), folder)
        return replace(
            setting,
            options=replace(setting.options, choice=choice, baseline=baseline),
            certification=record["certification"],
        )

    def setting(self, record: Record, tests: Sequence[str], folder: Path) -> Setting:
        """The same server, hosts, level, seed and number of examples; these tests only; the report into a folder.

        TargetError when the record was made by another contract.
        """
        told, run, contract = record["target"], record["run"], self.contract
        if record["contract"]["sha256"] != contract.digest:
            made_by = f"{record['contract']['title']} {record['contract']['version']}"
            raise TargetError(
                f"this record was made by another contract, {made_by}, sha256 {record['contract']['sha256'][:12]}; "
                "give its file with --contract"
            )
        target = Target(
            url=told["url"],
            hosts=tuple(parse_host(host, contract) for host in told["hosts"]),
            credentials=self.credentials,
            level=Level[told["level"].upper()],
            without=frozenset(told["without"]),
            foreign=told.get("foreign"),
        )
        return Setting(
            contract=contract,
            target=target,
            options=Options(run["seed"], run["maxExamples"], Choice(only=tuple(tests), profile=told["profile"])),
            timeouts=Timeouts.for_settling(self.settle_timeout or run["settleTimeout"]),
            folder=folder,
        )


def to_run_again(record: Record) -> list[str]:
    """The tests that failed, stayed open or broke, and those that did not come to their turn."""
    bad = (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.ERROR)
    return [
        row["id"]
        for row in record["results"]
        if row["verdict"] in bad or (row["verdict"] == Verdict.NOT_RUN and row["reason"].startswith(UNFINISHED))
    ]


def row_of(record: Record, test: str) -> Mapping[str, Any] | None:
    """What came of a test; None when the record has no result of it."""
    return next((row for row in record["results"] if row["id"] == test), None)


def compared(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """Whether a test came to the same as before, in words."""
    then, now = (_outcome(row) for row in (before, after))
    return f"as recorded: {now}" if then == now else f"recorded: {then}; now: {now}"


def _outcome(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "no result"
    broken = ", ".join(sorted({name for finding in row["findings"] for name in finding["requirements"]}))
    return f"{row['verdict']} ({broken})" if broken else str(row["verdict"])


class Kept:
    """The files of the last run in a folder, put aside as record.1.json and so on, the highest number the latest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.number = 1
        while (folder / _numbered(RECORD, self.number)).exists():
            self.number += 1

    def put_aside(self) -> None:
        """Make room for a new run."""
        for name in FILES:
            if (self._folder / name).exists():
                (self._folder / name).replace(self._folder / _numbered(name, self.number))

    def put_back(self) -> None:
        """The new run came to nothing: the old record counts still."""
        for name in FILES:
            old = self._folder / _numbered(name, self.number)
            if old.exists():
                old.replace(self._folder / name)


def _numbered(name: str, number: int) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{number}.{ending}"
