"""The verdict: for each client, the rules that it broke, with the entries that show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from emulator.journal import Entry
from emulator.judging.case import Case, Terms
from emulator.judging.rule import Rule
from emulator.judging.rules import RULES

NAMELESS = "no User-Agent"


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation: who broke which rule, in which world, with which requests (their numbers), and how."""

    rule: Rule
    world: str
    client: str
    numbers: tuple[int, ...]
    shown: str
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `requests` is how many were judged, `unseen` how many older ones the journal had let go.

    `subject` is Client or Server, `rules` what it was judged by.
    """

    subject: str
    rules: tuple[Rule, ...]
    clients: tuple[str, ...]
    requests: int
    unseen: int
    findings: tuple[Finding, ...]

    @property
    def is_guilty(self) -> bool:
        """Whether any rule was broken."""
        return bool(self.findings)

    def __add__(self, other: Verdict) -> Verdict:
        clients = tuple(dict.fromkeys((*self.clients, *other.clients)))
        unseen = self.unseen + other.unseen
        findings = (*self.findings, *other.findings)
        return Verdict(self.subject, self.rules, clients, self.requests + other.requests, unseen, findings)


ACQUITTED = Verdict("Client", RULES, (), 0, 0, ())
"""Of nobody."""


def judge(entries: Iterable[Entry], terms: Terms, unseen: int = 0) -> Verdict:
    """Judge all clients of one world by what its journal kept. A client is told by its User-Agent and its user."""
    asked = [entry for entry in entries if not entry.is_control]
    clients: dict[str, list[Entry]] = {}
    for entry in asked:
        clients.setdefault(_client(entry), []).append(entry)
    findings = [finding for client, its in clients.items() for finding in findings_in(Case(client, its, terms), RULES)]
    return Verdict("Client", RULES, tuple(clients), len(asked), unseen, tuple(findings))


def _client(entry: Entry) -> str:
    return f"{entry.agent or NAMELESS} ({entry.username})" if entry.username else entry.agent or NAMELESS


def findings_in(case: Case, rules: Sequence[Rule]) -> Iterator[Finding]:
    """All that breaks these rules in one case."""
    for rule in rules:
        for entries, what in rule.charges(case):
            last = entries[-1]
            shown = f"{last.method} {last.path} -> {last.status}"
            yield Finding(rule, last.world, case.client, tuple(entry.number for entry in entries), shown, what)
