"""Several checks at a time: worker processes, each with a host of its own, writing to one file of exchanges.

Each host sees one history, as without workers, and every check draws what it draws alone: the seed repeats it.
What needs several hosts is left to the process that started the workers.
"""

from __future__ import annotations

import multiprocessing as mp
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from multiprocessing.context import ForkProcess
from multiprocessing.queues import Queue
from queue import Empty
from typing import Any

from contract_tests.running.outcomes import Verdict
from contract_tests.running.registry import Check
from contract_tests.running.session import Session, Sightings
from contract_tests.running.setting import Setting
from contract_tests.running.summary import CheckOutcome
from contract_tests.sending.exchanges import ExchangeLog
from contract_tests.sending.journal import FILE, Journal
from contract_tests.sending.replies import Interrupted, TargetGoneError
from contract_tests.sending.stopping import heard, listen

LOOK_EVERY = 0.5
"""Seconds after which it is looked whether a worker that says nothing is still alive."""

FEW = 10
"""What a check that draws examples weighs, in cells of the lifecycle."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a worker came to in the end. `gone`: why it could not go on, if the server stopped answering."""

    sightings: Sightings
    left: tuple[str, ...]
    created: tuple[str, ...]
    removed: tuple[str, ...]
    gone: str | None = None


def shares(tests: Sequence[Check], workers: int) -> list[list[Check]]:
    """The checks of each worker: stretches of the tour, and the rest where there is room."""
    cells = [check for check in tests if check.cell is not None]
    rest = [check for check in tests if check.cell is None and check.hosts == 1]
    length = -(-len(cells) // workers)
    parts = [cells[number * length : (number + 1) * length] for number in range(workers)]
    for check in rest:
        min(parts, key=lambda part: sum(1 if one.cell else FEW for one in part)).append(check)
    return parts


class Workers:
    """The processes of a run. They begin at once; `results` yields what comes of their checks, then their parts."""

    def __init__(self, setting: Setting, tests: Sequence[Check], log: ExchangeLog) -> None:
        # forked, because a contract and its checks are no data that can be sent; no thread is running yet
        context = mp.get_context("fork")
        self._queue: Queue[tuple[int, Any]] = context.Queue()
        self._left = [{check.id: check for check in part} for part in shares(tests, setting.options.workers)]
        self._processes: list[ForkProcess] = []
        for number, part in enumerate(self._left):
            target = replace(setting.target, hosts=(setting.target.hosts[number],))
            own = replace(setting, target=target)
            process = context.Process(
                target=_work, args=(number, own, list(part.values()), log, self._queue), name=f"worker-{number}"
            )
            process.start()
            self._processes.append(process)

    def results(self) -> Iterator[CheckOutcome | Part]:
        """What comes from the workers, until all have ended. A check of one that died is an error of the suite's."""
        running = set(range(len(self._processes)))
        while running:
            listen()
            try:
                number, said = self._queue.get(timeout=LOOK_EVERY)
            except Empty:
                for number in [one for one in running if not self._processes[one].is_alive()]:
                    running.discard(number)
                    yield from self._died(number)
                continue
            if isinstance(said, Part):
                running.discard(number)
                yield said
            else:
                check = self._left[number].pop(said.pop("check"))
                yield CheckOutcome(check=check, **said)
        self._join()

    def _died(self, number: int) -> Iterator[CheckOutcome]:
        code = self._processes[number].exitcode
        for check in self._left[number].values():
            yield CheckOutcome(check, Verdict.ERROR, f"the suite broke: worker {number} died with code {code}")

    def stop(self) -> None:
        """Ask all to clean up and end; what they still say comes from `results`."""
        for process in self._processes:
            if process.is_alive():
                process.terminate()

    def kill(self) -> None:
        """End all at once, whatever they leave behind."""
        for process in self._processes:
            process.kill()
        self._join()

    def _join(self) -> None:
        for process in self._processes:
            process.join()


def _work(
    number: int, setting: Setting, tests: Sequence[Check], parent: ExchangeLog, queue: Queue[tuple[int, Any]]
) -> None:
    """What a worker does: its checks, then the clean-up."""
    log = ExchangeLog(setting.folder / "exchanges.ndjson", parent.numbers, parent.clock.started)
    session = Session(setting, log)
    session.client.accounts.journal = Journal(setting.folder / FILE, "", setting.target.url, worker=number + 1)
    gone: str | None = None
    try:
        session.settle_in()
        for check in tests:
            queue.put((number, _sendable(session.outcome(check))))
    except TargetGoneError as error:
        gone = str(error)
        if error.outcome is not None:
            queue.put((number, _sendable(error.outcome)))
    except Interrupted as stop:
        heard()
        if stop.outcome is not None:
            queue.put((number, _sendable(stop.outcome)))
    for one in (signal.SIGINT, signal.SIGTERM):  # the first word was understood; a second would stop the clean-up
        signal.signal(one, signal.SIG_IGN)
    left = session.clean()
    accounts = session.client.accounts
    queue.put((number, Part(session.sightings, tuple(left), tuple(accounts.created), tuple(accounts.removed), gone)))
    log.close()


def _sendable(outcome: CheckOutcome) -> dict[str, Any]:
    """An outcome as plain data; its check by its id, because functions cannot be sent."""
    row = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
    return {**row, "check": outcome.check.id}
