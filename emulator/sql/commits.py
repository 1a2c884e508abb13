"""What waits together is committed together: one transaction, one flush to the disk, each answered after it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from emulator.errors import Refusal
from emulator.store import Unit


class Job:
    """A piece of work for a unit, and what came of it."""

    __slots__ = ("_answer", "_waits", "error", "is_done", "work")

    def __init__(self, work: Callable[[Unit], Any]) -> None:
        self.work = work
        self.error: BaseException | None = None
        self.is_done = False
        self._answer: Any = None
        self._waits = threading.Lock()
        self._waits.acquire()

    def wait(self) -> None:
        """Until it is woken."""
        self._waits.acquire()

    def wake(self) -> None:
        """Let its thread go on: it is done, or its turn to commit has come."""
        self._waits.release()

    def attempt(self, unit: Unit) -> None:
        """Do the work. What it changed is kept, also where it refused: time has gone on all the same."""
        self._answer = self.error = None
        try:
            self._answer = self.work(unit)
        except Refusal as refusal:
            self.error = refusal

    def result(self) -> Any:
        """What the work has answered, or raised."""
        if self.error is not None:
            raise self.error
        return self._answer


GATHERING = 0.001
"""Seconds that a commit waits at most for those who took part in the last one, or had come too late for it."""


class Committer:
    """Runs jobs one transaction at a time. While one commits, others gather, and one of them commits all of those.

    Those who were answered together mostly ask again together: so many are waited for, for a moment. Who is alone
    waits for nobody. Each waits for its own job only: those that are done must not stand in line behind the next
    commit. `commit` attempts jobs in one transaction; it raises when that failed as a whole.
    """

    def __init__(self, commit: Callable[[Sequence[Job]], None]) -> None:
        self._commit = commit
        self._waiting: list[Job] = []
        self._is_committing = False
        self._expected = 1
        self._all_here = threading.Event()
        self._gathering = threading.Lock()

    def run(self, job: Job) -> None:
        """Return when the job is committed; its error is what it raised, or what the database did."""
        with self._gathering:
            self._waiting.append(job)
            if len(self._waiting) == self._expected:
                self._all_here.set()
            waits, self._is_committing = self._is_committing, True
        if waits:
            job.wait()
        if not job.is_done:
            self._take_turn(job)

    def _take_turn(self, mine: Job) -> None:
        self._all_here.wait(GATHERING)
        with self._gathering:
            jobs, self._waiting = self._waiting, []
            self._all_here.clear()
            self._expected = 0  # while one commits nobody waits for them
        try:
            self._together(jobs)
        finally:
            with self._gathering:
                following = self._waiting[:1]
                self._is_committing = bool(following)
                self._expected = len(jobs) + len(self._waiting)
            for job in jobs:
                job.is_done = True
            for job in (*jobs, *following):
                if job is not mine:
                    job.wake()

    def _together(self, jobs: Sequence[Job]) -> None:
        try:
            self._commit(jobs)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            if len(jobs) == 1:
                jobs[0].error = error
                return
            for job in jobs:  # one may be the reason; the others shall not suffer for it
                self._together([job])
