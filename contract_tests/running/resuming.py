"""A run that broke off goes on: what it had done is gone through once more, from its exchanges, then the rest is sent.

Nothing of the broken run is believed but its exchanges. So a resumed run is judged again as any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from contract_tests import VERSION
from contract_tests.reports.reading import read_exchanges
from contract_tests.running.again import UNFINISHED
from contract_tests.running.course import Course
from contract_tests.running.plan import plan_for
from contract_tests.running.record import plan_digest
from contract_tests.running.selection import select
from contract_tests.running.session import Session
from contract_tests.running.setting import Setting
from contract_tests.sending.tape import Tape, TapeLog, TapeWire


def breaks_of(record: Mapping[str, Any]) -> list[int]:
    """The numbers of the exchanges after which another process went on with the run."""
    return [row["after"] for row in record["run"]["resumed"]]


def tapes(folder: Path, breaks: Sequence[int], *, stopped: bool) -> list[Tape]:
    """A tape of each part of a run; `stopped`: a signal stopped the last one, as it or a loss stopped all others."""
    rows = list(read_exchanges(folder))
    ends = [*breaks, len(rows)]
    parts = [rows[first:last] for first, last in pairwise([0, *ends])]
    return [
        Tape(iter(part), first=first, stopped=stopped or number < len(parts))
        for number, (first, part) in enumerate(zip([0, *breaks], parts, strict=True), 1)
    ]


def session_of(tape: Tape, setting: Setting, earlier: Session | None) -> Session:
    """The session that had these exchanges, once more."""
    session = Session(setting, TapeLog(tape), TapeWire(tape), earlier=earlier)
    tape.asking = lambda: session.client.check_id
    return session


def catch_up(course: Course, setting: Setting, broken: Sequence[Tape]) -> Session | None:
    """Bring a course to where its last tape broke off; the session of that tape. DisagreementError as a tape has it."""
    session = None
    for tape in broken:
        session = session_of(tape, setting, session)
        course.go_on(session)
        course.catch_up()
        tape.must_be_over()
    return session


def obstacle(record: Mapping[str, Any], setting: Setting) -> str | None:
    """What keeps a run from going on, in words; None when nothing does."""
    run, plan = record["run"], select(plan_for(setting.contract), setting.options.choice, setting.contract).tests
    if not _broke_off(record):
        return "there is nothing to go on with: the run came to its end"
    if run["workers"] > 1:
        return f"{run['workers']} workers judged at a time, in an order that nobody can repeat; begin anew with run"
    if record["suite"]["version"] != VERSION or record["plan"]["sha256"] != plan_digest(plan):
        return f"version {record['suite']['version']} of the suite made the plan, and this is {VERSION}; begin anew"
    return None


def _broke_off(record: Mapping[str, Any]) -> bool:
    """Whether a run was stopped, or killed, or lost its server."""
    early = record["run"]["endedAt"] is None or record["run"]["interrupted"]
    return early or any(row["reason"].startswith(UNFINISHED) for row in record["results"])
