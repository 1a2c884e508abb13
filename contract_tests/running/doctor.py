"""Is a target ready to be judged? Row by row what was looked at, how it is, and what to do about it. Reads only."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table
from rich.text import Text

from contract import Contract
from contract_tests.judging.answer_checks import Representations
from contract_tests.moving.navigator import Navigator
from contract_tests.moving.waiter import Timeouts, Waiter
from contract_tests.running.features import FeatureProbe, Observed, differences
from contract_tests.running.preflight import NoVerdictError, Preflight
from contract_tests.running.target import HostName, Level, Target, is_loopback
from contract_tests.sending.client import Client
from contract_tests.sending.exchanges import ExchangeLog
from contract_tests.sending.journal import FILE, left_overs
from contract_tests.sending.replies import LostReplyError, Reply, TargetGoneError

OURS = "contract-tests"
"""The property by which a machine is known that the suite made up for an import (contract_tests.moving.moves)."""

LATENCY_READS = 5
SLOW = 1.0
"""Seconds that an answer may take before it is worth a note: a run sends some thousand requests."""

SKEW = 60.0
"""Seconds by which the clocks may differ before it is worth a note."""


class Health(StrEnum):
    """How a row is. A run can begin when none is `bad`."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "bad"


STYLES = {Health.GOOD: "green", Health.NOTE: "yellow", Health.BAD: "bold red"}


@dataclass(frozen=True, slots=True)
class Row:
    """What was looked at, how it is, what was found, and what to do when it is not as it should be."""

    subject: str
    health: Health
    found: str
    advice: str = ""
    host: HostName | None = None

    def __str__(self) -> str:
        return f"{self.health:<4}  {self.subject}: {self.found}{f'; {self.advice}' if self.advice else ''}"


NO_HOST = Row("hosts", Health.NOTE, "none was named, and none was looked at", "give --host ORG/ENV/HOST")


def examine(contract: Contract, target: Target, folder: Path) -> list[Row]:
    """Look at a target, for a run that writes its report into a folder. Nothing is sent but reading requests."""
    log = ExchangeLog(Path(os.devnull))
    client = Client(replace(target, level=Level.OBSERVE), contract, log)
    client.check_id = "doctor"
    navigator = Navigator(client, Waiter(client, Timeouts(), Random(0)))  # noqa: S311 - it waits for nothing
    rows: list[Row] = []
    try:
        rows.extend(Doctor(client, Preflight(client, navigator), target.level, folder / FILE).examine())
    except (LostReplyError, TargetGoneError) as error:
        rows.append(Row("server", Health.BAD, f"it stopped answering: {error}", "look at its log"))
    finally:
        log.close()
    return rows


def show(rows: Iterable[Row]) -> None:
    """A table on a terminal, a line for each row elsewhere."""
    console = Console(highlight=False)
    if not console.is_terminal:
        for row in rows:
            console.print(str(row), markup=False, soft_wrap=True)
        return
    table = Table("", "what", "found", "to do", box=None, pad_edge=False)
    for row in rows:
        table.add_row(Text(row.health, STYLES[row.health]), *map(Text, (row.subject, row.found, row.advice)))
    console.print(table)


class Doctor:
    """Examines the target of a client, which may read only, for a run at `level`.

    `journal` is that of the report folder; it may not be there.
    """

    def __init__(self, client: Client, preflight: Preflight, level: Level, journal: Path) -> None:
        self._client, self._preflight, self._level, self._journal = client, preflight, level, journal
        self._target = client.target
        self._shown = Representations(client.contract)
        self._instances: dict[HostName, Reply] = {}
        self.observed: Observed = {}

    def examine(self) -> Iterator[Row]:
        """The rows, as they are found. When nothing answers, or another kind of server, the first row is the last."""
        try:
            self._preflight.look()
        except NoVerdictError as error:
            sentence, _, advice = str(error).partition("; ")
            yield Row("server", Health.BAD, sentence, advice)
            return
        yield Row("server", Health.GOOD, f"{self._target.url} answers as a server of this contract")
        yield self._answering()
        yield self._access()
        for host in self._target.hosts:
            yield self._host(host)
        yield from self._features()
        yield from self._left_overs()

    def _read(self, host: HostName, *, anonymous: bool = False) -> Reply:
        path = host.path(self._shown.reading.path)
        return self._client.probe("GET", path, credentials={} if anonymous else None)

    def _answering(self) -> Row:
        """How long an answer takes, and what the server's clock says."""
        seconds = []
        skew = None
        for _ in range(LATENCY_READS):
            start = time.monotonic()
            skew = _skew(self._read(self._target.hosts[0]))
            seconds.append(time.monotonic() - start)
        typical = statistics.median(seconds)
        found = f"an answer takes {typical * 1000:.0f} ms, at most {max(seconds) * 1000:.0f} ms"
        if skew is not None and abs(skew) > SKEW:
            ahead = "ahead of" if skew > 0 else "behind"
            return Row(
                "answers", Health.NOTE, f"{found}; its clock is {abs(skew):.0f} s {ahead} ours", "set the clocks"
            )
        if typical > SLOW:
            return Row("answers", Health.NOTE, found, "expect a long run; --max-examples 1 makes it shorter")
        return Row("answers", Health.GOOD, found)

    def _access(self) -> Row:
        """Whether the server is open, and whether the credentials are of use."""
        shown = bool(self._target.credentials.headers)
        if self._read(self._target.hosts[0], anonymous=True).status != 401:
            return Row("access", Health.GOOD, f"the server is open{'; it takes the credentials too' if shown else ''}")
        return Row("access", Health.GOOD, "the server is guarded, and takes the credentials")

    def _host(self, host: HostName) -> Row:
        row, level = partial(Row, f"host {host}", host=host), self._level
        reply = self._instances[host] = self._read(host)
        if reply.status == 404:
            return self._vacant(host)
        if not reply.accepted:
            return row(Health.BAD, f"GET of its instance was answered {reply}", "look at the server's log")
        state = self._shown.read(reply.body, "state")
        ours = any(key == OURS for key, _ in self._shown.properties(reply.body))
        found = f"an instance, {state}{', which an earlier run of the suite imported' if ours else ''}"
        if level is not Level.FULL:
            return row(Health.GOOD, found)
        if not is_loopback(self._target.url):
            return row(Health.BAD, found, "delete it, name another host, or use --allow power")
        return row(Health.NOTE, found, "a run with --allow full deletes it; name another host to keep it")

    def _vacant(self, host: HostName) -> Row:
        """A host without an instance. Only a server that shows its inventory tells whether it is there at all."""
        row = partial(Row, f"host {host}", host=host)
        template = self._shown.reading.path.rpartition("/")[0]
        there, around = (self._client.probe("GET", host.path(path)) for path in (template, _two_up(template)))
        if around.accepted and there.status == 404:
            return row(Health.BAD, "the server has no such host", "name another with --host")
        if self._level is Level.POWER:
            return row(Health.BAD, "no instance", "provision one: --allow power makes none")
        known = "the host is there" if there.accepted else "whether the host is there shows when one is provisioned"
        return row(Health.GOOD, f"no instance; {known}")

    def _features(self) -> Iterator[Row]:
        """What can be told of the optional features, and where it is not as declared."""
        probe = FeatureProbe(self._client)
        for host, reply in self._instances.items():
            for name, there in probe.look(host, reply).items():
                self.observed[name] = there if there is not None else self.observed.get(name)
        words = {True: "found", False: "not found", None: "cannot be told by reading"}
        found = ", ".join(f"{name} {words[there]}" for name, there in self.observed.items())
        yield Row("features", Health.GOOD, found)
        declared = {name: self._target.claims(name) for name in self._client.contract.features}
        for sentence in differences(declared, self.observed):
            what, _, advice = sentence.partition("; ")
            yield Row("features", Health.NOTE, what, advice)

    def _left_overs(self) -> Iterator[Row]:
        left = left_overs(self._journal)
        if not left:
            yield Row("left-overs", Health.GOOD, "none that a journal knows")
        for one in left:
            advice = f"contract-tests clean {self._journal.parent} removes it"
            yield Row("left-overs", Health.NOTE, f"an earlier run left {one}", advice)


def _two_up(template: str) -> str:
    """The address of what holds this one: without the last name, and what kind of name it is."""
    return template.rpartition("/")[0].rpartition("/")[0]


def _skew(reply: Reply) -> float | None:
    """Seconds by which the server's clock is ahead; None when it does not say."""
    try:
        theirs = parsedate_to_datetime(reply.headers.get("date", ""))
    except ValueError:
        return None
    return (theirs - datetime.now(UTC)).total_seconds() if theirs.tzinfo else None
