"""Judges a run again from its exchanges alone: no server, no waiting, no trust in what its record says.

The plan is gone through by the checks themselves. They ask what they asked then, as the same contract, seed and answers
make them, and get the answers that were recorded. What they would ask must be what was asked, to the byte; what they
come to must be what the record says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from contract import Contract
from contract_tests.reports.reading import read_record
from contract_tests.reports.text import legible
from contract_tests.running.again import Again
from contract_tests.running.course import Course
from contract_tests.running.plan import plan_for
from contract_tests.running.preflight import NoVerdictError
from contract_tests.running.record import Record
from contract_tests.running.resuming import breaks_of, catch_up, session_of, tapes
from contract_tests.running.selection import select
from contract_tests.running.setting import Setting
from contract_tests.running.target import Credentials
from contract_tests.sending.replies import Interrupted, TargetGoneError
from contract_tests.sending.tape import DisagreementError, Tape

DERIVED = (
    *("target", "plan", "remarks", "results", "requirements", "features", "lifecycle", "statesSeen", "operations"),
    *("resources", "summary"),
)
"""Members of a record that follow from its exchanges, its contract and its setting."""

MOST = 20
"""Disagreements that are told; whoever has so many needs no more."""


def recompute(folder: Path, contract: Contract) -> list[str]:
    """Judge the run in a folder again; sentences that name what does not agree with its record, none when all does.

    RecordError when there is no record; the record must fit its schema.
    """
    record = read_record(folder)
    try:
        told = judged_again(record, folder, contract)
    except DisagreementError as error:
        return [f"exchanges.ndjson: {error}"]
    found = (
        f"record.json: {sentence}"
        for name in DERIVED
        for sentence in _differences(legible(told[name]), record[name], name)
    )
    return [sentence for sentence, _ in zip(found, range(MOST), strict=False)]


def judged_again(record: Mapping[str, Any], folder: Path, contract: Contract) -> Mapping[str, Any]:
    """The record as it follows from its setting and from the exchanges in the folder. DisagreementError."""
    credentials = Credentials.like(record["target"]["credentials"])
    setting = Again(contract, credentials, None).whole(record, folder)
    run = record["run"]
    *broken, last = tapes(folder, breaks_of(record), stopped=run["interrupted"])
    again = _Again(setting, last, run["endedAt"])
    again.go_on(session_of(last, setting, catch_up(again, setting, broken)))
    _go(again, interrupted=run["interrupted"])
    last.must_be_over()
    told: Mapping[str, Any] = json.loads(json.dumps(again.told))
    return told


class _Again(Course):
    """The course with a tape in place of a server."""

    def __init__(self, setting: Setting, tape: Tape, ended: str | None) -> None:
        self._ended = ended
        selection = select(plan_for(setting.contract), setting.options.choice, setting.contract)
        super().__init__(setting, selection, session_of(tape, setting, None), Record(setting, selection.tests))

    @property
    def _today(self) -> date:
        return datetime.fromisoformat(self._ended).date() if self._ended else super()._today

    @property
    def told(self) -> Mapping[str, Any]:
        """The record that it came to."""
        return self._record.told


def _go(course: Course, *, interrupted: bool) -> None:
    """All checks, as contract_tests.running.runner has them."""
    ended = None
    try:
        course.begin()
        for check in course.left_to_do:
            course.judge(check)
    except (NoVerdictError, TargetGoneError) as error:
        if not course.has_findings:
            course.give_up(str(error))
            return
        ended = str(error)
    except Interrupted:
        pass
    course.end(interrupted=interrupted, ended=ended)


def _differences(now: Any, then: Any, place: str) -> Iterator[str]:
    """Where two values differ, each place in a sentence."""
    if isinstance(now, dict) and isinstance(then, dict):
        for name in [*now, *(name for name in then if name not in now)]:
            if not (place.startswith("results") and name == "replay"):  # it names the folder of the one who ran it
                yield from _differences(now.get(name), then.get(name), f"{place}.{name}")
    elif isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        for number, (one, other) in enumerate(zip(now, then, strict=True)):
            called = one["id"] if isinstance(one, dict) and "id" in one else number
            yield from _differences(one, other, f"{place}[{called}]")
    elif now != then:
        yield f"{place} is {_short(then)}, and the exchanges make it {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:120]}…"
