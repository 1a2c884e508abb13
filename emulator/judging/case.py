"""What is judged: the entries of one client, and the terms on which the server was asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from contract import Contract, Document, Operation
from emulator.journal import Entry

Names = tuple[str, ...]
Charge = tuple[Sequence[Entry], str]
"""The entries that show a violation, the decisive one last, and a sentence about it."""


@dataclass(frozen=True)
class Terms:
    """What a server offers: the contract, all documents that describe its operations, and whether it is open."""

    contract: Contract
    documents: tuple[Document, ...]
    is_open: bool

    def operation(self, entry: Entry) -> Operation | None:
        """The operation that an entry is about."""
        document = self.document(entry)
        return document.operations[entry.operation] if document and entry.operation else None

    def document(self, entry: Entry) -> Document | None:
        """The document that has its operation."""
        return next((one for one in self.documents if entry.operation in one.operations), None)

    def trigger(self, entry: Entry) -> str | None:
        """The trigger of the lifecycle that an entry fired, or tried to."""
        operation = self.operation(entry)
        return operation.trigger if operation else None

    def is_transient(self, state: str | None) -> bool:
        """Whether an instance in this state is on its way."""
        return state in self.contract.lifecycle.transient


@dataclass(frozen=True)
class Case:
    """All that one client did in one world, in order; `hosts` has what was about each host."""

    client: str
    entries: Sequence[Entry]
    terms: Terms
    hosts: Mapping[Names, Sequence[Entry]] = field(init=False)

    def __post_init__(self) -> None:
        hosts: dict[Names, list[Entry]] = {}
        for entry in self.entries:
            if len(entry.names) >= 3:
                hosts.setdefault(entry.names[:3], []).append(entry)
        object.__setattr__(self, "hosts", hosts)

    def each(self) -> Iterator[tuple[Entry, Sequence[Entry]]]:
        """Every entry about a host, with what the client did with that host before."""
        for entries in self.hosts.values():
            for index, entry in enumerate(entries):
                yield entry, entries[:index]

    def steps(self) -> Iterator[tuple[Entry, Entry]]:
        """Every entry about a host, with the next one about it."""
        for entries in self.hosts.values():
            yield from pairwise(entries)

    def explained(self) -> frozenset[int]:
        """The numbers of refusals that follow from an earlier mistake: charged there, and not once more."""
        return frozenset(entries[-1].number for entries, _ in (*repetitions(self), *headlong(self)))


def is_look(entry: Entry) -> bool:
    """Whether it is a read that shows how a host is doing."""
    return entry.method in ("GET", "HEAD") and entry.operation != "getVnc"


def is_refused(entry: Entry) -> bool:
    """Whether the server said no. A delete of what is gone is done, as clients have it."""
    return entry.status >= 400 and not (entry.method == "DELETE" and entry.status == 404)


def is_lost(entry: Entry) -> bool:
    """Whether the client got no answer that tells what became of its request."""
    return entry.is_unanswered or entry.status in (502, 504)


def pause(earlier: Entry, later: Entry) -> float:
    """Seconds between two entries, real or emulated, whichever are more: tests move the clock instead of waiting."""
    return max(later.at - earlier.at, later.started - earlier.started)


def repetitions(case: Case) -> Iterator[Charge]:
    """Writes that came again after a lost answer, without a look at what had become of the first."""
    for first, second in case.steps():
        if is_lost(first) and not is_look(second) and first.method != "GET" and first.operation == second.operation:
            yield (first, second), f"{first.operation} again, though the first may have taken effect"


def headlong(case: Case) -> Iterator[Charge]:
    """What was refused because a write before it had been refused, which the client took for done."""
    for first, second in case.steps():
        is_write = first.method not in ("GET", "HEAD") and is_refused(first) and not is_lost(first)
        is_other = not is_look(second) and first.operation != second.operation
        if is_write and is_other and second.status in (404, 409):
            yield (first, second), f"{second.operation} as if {first.operation} had not been answered {first.status}"


def last_known(before: Iterable[Entry]) -> str | None:
    """The state of the instance as the client last knew it, from what it had done with it."""
    return next((entry.after for entry in reversed([*before]) if entry.after and not is_lost(entry)), None)
