"""Rules about what a client does to an instance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contract import Edge
from emulator.journal import Entry
from emulator.judging.case import Case, Charge, Terms, is_look, is_lost, is_refused, last_known


def illegal(case: Case) -> Iterator[Charge]:
    """Triggers that no state allows that the client had reason to believe in."""
    for entry, trigger in _refused(case):
        if not case.terms.is_transient(entry.before):
            yield (entry,), f"{trigger} in {entry.before}"


def on_its_way(case: Case) -> Iterator[Charge]:
    """Triggers while an earlier action takes effect."""
    for entry, trigger in _refused(case):
        if case.terms.is_transient(entry.before):
            yield (entry,), f"{trigger} while {entry.before}"


def unwatched(case: Case) -> Iterator[Charge]:
    """Actions that were accepted, and of which the client never learnt whether they settled."""
    for entries in case.hosts.values():
        for index, entry in enumerate(entries):
            if _needs_a_look(case.terms, entry) and not _is_looked_at(case, entry, entries[index + 1 :]):
                yield (entry,), f"{case.terms.trigger(entry)} was accepted, and nobody looked what became of it"


def _refused(case: Case) -> Iterator[tuple[Entry, str]]:
    """The refused triggers of which the client could have known."""
    explained = case.explained()
    for entry, before in case.each():
        trigger = case.terms.trigger(entry)
        if trigger is None or not is_refused(entry) or entry.status not in (404, 409) or entry.before is None:
            continue
        known = last_known(before)
        is_free = entry.before == case.terms.contract.lifecycle.absent and _edge(case.terms, entry) is not None
        is_news = known not in (None, entry.before) and not case.terms.is_transient(known)
        if not (entry.trouble or entry.number in explained or is_free or is_news):
            yield entry, trigger


def _edge(terms: Terms, entry: Entry) -> Edge | None:
    return terms.contract.lifecycle.edge(entry.before or "", terms.trigger(entry) or "")


def _needs_a_look(terms: Terms, entry: Entry) -> bool:
    """Whether it began what takes time, and its answer did not show the end."""
    edge = _edge(terms, entry)
    is_begun = entry.status < 300 and edge is not None and edge.via is not None and not is_lost(entry)
    return is_begun and (terms.is_transient(entry.after) or not entry.response_body)


def _is_looked_at(case: Case, entry: Entry, later: Sequence[Entry]) -> bool:
    """Whether a look came before the next action, or one that ends whatever is on its way."""
    lifecycle = case.terms.contract.lifecycle
    ends = {edge.trigger for state in lifecycle.transient for edge in lifecycle.edges if edge.state == state}
    for other in later:
        trigger = case.terms.trigger(other)
        if is_look(other) or (trigger in ends and other.status < 300):
            return True
        if trigger is not None and other.status < 300:
            return False
    return any(
        other.number > entry.number and other.operation == "listHosts" and other.names == entry.names[:2]
        for other in case.entries
    )
