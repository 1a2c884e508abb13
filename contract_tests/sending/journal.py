"""What the suite makes and removes on a server, written before it is sent: so that whatever happens can be undone.

journal.jsonl has one JSON object a line, of four kinds: a run begins, something is about to be sent, what came of it,
what was seen on a host. It is only ever added to, so that a later run does not forget what an earlier one left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from contract import Contract, Operation
from contract_tests.moving.tour import FORGET
from contract_tests.running.target import HostName, TargetError

FILE = "journal.jsonl"

OF_A_WORKER = 10_000_000
"""The numbers that each worker process has for what it sends."""


class Effect(StrEnum):
    """What an operation does to the machines of a host, when it is accepted."""

    MAKES = "makes"
    IMPORTS = "imports"
    REMOVES = "removes"
    FORGETS = "forgets"


def effect_of(operation: Operation, contract: Contract) -> Effect | None:
    """The effect of an operation by the lifecycle; None for one that makes and removes nothing."""
    lifecycle = contract.lifecycle
    edges = [edge for edge in lifecycle.edges if edge.trigger == operation.trigger]
    makes = next((edge for edge in edges if edge.state == lifecycle.absent), None)
    if makes is not None:
        return Effect.IMPORTS if makes.via == lifecycle.unknown else Effect.MAKES
    if any(lifecycle.absent in edge.to for edge in edges):
        return Effect.FORGETS if operation.feature == FORGET else Effect.REMOVES
    return None


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that was about to be sent. Whoever sends it says here what came of it."""

    journal: Journal
    number: int

    def done(self, status: int | None, machine: str | None = None) -> None:
        """The answer: its status, None when none came, and the machine that it shows (its libvirt.uuid)."""
        self.journal.write(number=self.number, status=status, machine=machine)


class Journal:
    """The file, for one run at one server. Every line is with the operating system before the method returns.

    `worker`: the number of a worker process, from 1; it goes on with the journal that its run began.
    """

    def __init__(self, path: Path, run: str, url: str, *, worker: int = 0) -> None:
        self._file: IO[str] = path.open("a", encoding="utf-8")
        self._count = worker * OF_A_WORKER
        self._known: dict[HostName, str | None] = {}
        if not worker:
            self.write(run=run, url=url)

    def intend(
        self, host: HostName, operation: str, effect: Effect, test: str, *, machine: str | None = None
    ) -> Intent:
        """Something is about to be sent. `machine`: the one that an import names."""
        self._count += 1
        self._known[host] = None
        self.write(
            number=self._count, host=str(host), operation=operation, effect=effect.value, test=test, machine=machine
        )
        return Intent(self, self._count)

    def expect(self, what: LeftOver) -> None:
        """An earlier run may have left this on its host: whatever is seen there is news."""
        if not what.forgotten:
            self._known[what.host] = what.machine

    def seen(self, host: HostName, machine: str | None) -> None:
        """A host was seen with this machine. Written when it is news, so that it may be said at every look."""
        if host in self._known and machine is not None and self._known[host] != machine:
            self._known[host] = machine
            self.write(host=str(host), machine=machine)

    def absent(self, host: HostName) -> None:
        """A host was seen without an instance; likewise."""
        if host in self._known:
            del self._known[host]
            self.write(host=str(host), machine=None)

    def write(self, **row: Any) -> None:
        """Write a line, with the time."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._file.write(json.dumps({"at": at, **row}, ensure_ascii=True) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A machine, or the record of one, that the suite made and did not remove, as far as the journal knows.

    `host` is where it is, or was when it was `forgotten`; `machine` its libvirt.uuid, None when that was never seen.
    `imported`: no machine of the suite's is behind it. `certain` is False when the answer to the request that made it,
    or to one that removed it, was lost, or came amid others.
    """

    url: str
    host: HostName
    test: str
    machine: str | None = None
    forgotten: bool = False
    imported: bool = False
    certain: bool = True

    def __str__(self) -> str:
        name = f" ({self.machine})" if self.machine else ""
        how = "a machine that was forgotten from" if self.forgotten else "an instance on"
        return f"{how} {self.host}{name}, made by {self.test}{'' if self.certain else ', perhaps'}"


def left_overs(path: Path) -> list[LeftOver]:
    """What the runs of a journal left behind; empty without a file. TargetError for a line that is none of a journal.

    A last line without an end is left out: the process was killed while it wrote.
    """
    books = _Books()
    for row in _rows(path):
        books.take(row)
    return [*books.made.values(), *(one for rest in books.forgotten.values() for one in rest)]


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    if not path.exists():
        return
    for number, line in enumerate(path.read_text("utf-8").splitlines(keepends=True), 1):
        if not line.endswith("\n"):
            return
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise TargetError(f"{path}:{number}: this is no line of a journal")
        yield row


@dataclass(slots=True)
class _Open:
    """A request without an answer so far. `amid`: another was under way on the same host; nobody knows their order."""

    row: Mapping[str, Any]
    key: tuple[str, HostName]
    before: LeftOver | None
    amid: bool = False


class _Books:
    """Who has what, line by line."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, HostName], LeftOver] = {}
        self.forgotten: dict[tuple[str, HostName], list[LeftOver]] = {}
        self._url = ""
        self._open: dict[int, _Open] = {}

    def take(self, row: Mapping[str, Any]) -> None:
        """Read one line."""
        if "run" in row:
            self._url, self._open = row["url"], {}
        elif "effect" in row:
            self._intend(row)
        elif "status" in row:
            self._done(self._open.pop(row["number"]), row)
        else:
            self._seen(row)

    def _key(self, row: Mapping[str, Any]) -> tuple[str, HostName]:
        return self._url, HostName(*row["host"].split("/"))

    def _intend(self, row: Mapping[str, Any]) -> None:
        """Until an answer says otherwise, what makes may have made, and what removes may not have removed."""
        key = self._key(row)
        intent = _Open(row, key, self.made.get(key))
        for other in self._open.values():
            if other.key == key:
                intent.amid = other.amid = True
        self._open[row["number"]] = intent
        if intent.before is not None:
            self.made[key] = replace(intent.before, certain=False)
        elif row["effect"] in (Effect.MAKES, Effect.IMPORTS):
            self.made[key] = LeftOver(*key, row["test"], row["machine"], certain=False)

    def _done(self, intent: _Open, answer: Mapping[str, Any]) -> None:
        status, effect = answer["status"], intent.row["effect"]
        makes = effect in (Effect.MAKES, Effect.IMPORTS)
        if intent.amid and effect == Effect.FORGETS and status is not None and status < 300:
            self._forget(intent.key, intent.before, certain=False)
        if status is None or status >= 500 or (intent.amid and not (makes and status < 300)):
            return
        if status >= 300:
            self._put(intent.key, None if status == 404 and not makes else intent.before)
        elif makes:
            self._makes(intent, answer)
        else:
            self._removes(intent.key, effect)

    def _makes(self, intent: _Open, answer: Mapping[str, Any]) -> None:
        machine = answer["machine"] or intent.row["machine"]
        rest = self.forgotten.get(intent.key, [])
        self.forgotten[intent.key] = [one for one in rest if machine is None or one.machine != machine]
        back = len(self.forgotten[intent.key]) < len(rest)
        imported = intent.row["effect"] == Effect.IMPORTS and not back
        what = LeftOver(*intent.key, intent.row["test"], machine, imported=imported, certain=not intent.amid)
        self._put(intent.key, what)

    def _removes(self, key: tuple[str, HostName], effect: str) -> None:
        gone = self.made.pop(key, None)
        if effect == Effect.FORGETS:
            self._forget(key, gone, certain=True)

    def _forget(self, key: tuple[str, HostName], what: LeftOver | None, *, certain: bool) -> None:
        if what is not None and not what.imported:
            self.forgotten.setdefault(key, []).append(replace(what, forgotten=True, certain=certain))

    def _put(self, key: tuple[str, HostName], what: LeftOver | None) -> None:
        if what is None:
            self.made.pop(key, None)
        else:
            self.made[key] = what

    def _seen(self, row: Mapping[str, Any]) -> None:
        key = self._key(row)
        if key in self.made:
            seen = replace(self.made[key], machine=row["machine"])
            self._put(key, seen if row["machine"] is not None else None)
