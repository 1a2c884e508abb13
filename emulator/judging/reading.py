"""Rules about how a client reads: not too fast, not for ever, and what it keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from urllib.parse import unquote

import orjson

from emulator.journal import Entry
from emulator.judging.case import Case, Charge, Terms, is_look, pause

QUICK = 0.1
"""Seconds: reads that follow each other faster were sent without a pause."""

IN_A_ROW = 5
"""So many reads make a poll."""

PATIENCE = 600.0
"""Seconds after which a client should have given up waiting, five times the longest that an action may take."""


def without_pause(case: Case) -> Iterator[Charge]:
    """Reads of an instance on its way, one after the other as fast as they go."""
    for reads in _reads(case):
        run: list[Entry] = []
        for read in [*reads, None]:
            if read is not None and case.terms.is_transient(read.before) and (not run or pause(run[-1], read) < QUICK):
                run.append(read)
                continue
            if len(run) >= IN_A_ROW:
                yield run, f"{len(run)} times {run[0].operation} in {pause(run[0], run[-1]):.2g} s"
            run = []


def without_end(case: Case) -> Iterator[Charge]:
    """Reads that go on though the action that they wait for will not come to its end."""
    for entries in case.hosts.values():
        for action, waiting in _waits(case.terms, entries):
            if len(waiting) >= IN_A_ROW and pause(action, waiting[-1]) > PATIENCE:
                seconds = pause(action, waiting[-1])
                yield (
                    (action, waiting[-1]),
                    f"{len(waiting)} reads, and still {waiting[-1].after} after {seconds:.0f} s",
                )


def stale_token(case: Case) -> Iterator[Charge]:
    """Tokens of a console that were shown when its machine had gone on, or another had been given out."""
    operation = case.terms.contract.operations.get("getVnc")
    member = case.terms.contract.document.members(operation.responses[200].schema or {})["token"] if operation else ""
    for entries in case.hosts.values():
        given = [entry for entry in entries if entry.operation == "getVnc" and entry.status == 200]
        for entry in given:
            token = _member(entry.response_body, member)
            legal = operation.legal_in or () if operation else ()
            ended = next(
                (it for it in entries if it.number > entry.number and it.after is not None and it.after not in legal),
                None,
            )
            used = [it for it in case.entries if ended and it.number > ended.number and _shows(it, token)]
            if token and ended and used:
                yield (entry, ended, used[0]), f"a token of #{entry.number}, though #{ended.number} was {ended.after}"


def _reads(case: Case) -> Iterator[Sequence[Entry]]:
    """The reads of each host, those of an operation together."""
    for entries in case.hosts.values():
        looks = sorted(filter(is_look, entries), key=lambda entry: entry.operation or "")
        for _, reads in groupby(looks, key=lambda entry: entry.operation):
            yield list(reads)


def _waits(terms: Terms, entries: Sequence[Entry]) -> Iterator[tuple[Entry, Sequence[Entry]]]:
    """Each accepted action with the reads after it, as long as none has shown where it leads."""
    actions = [index for index, entry in enumerate(entries) if terms.trigger(entry) and entry.status < 300]
    for start, end in pairwise([*actions, len(entries)]):
        action = entries[start]
        edge = terms.contract.lifecycle.edge(action.before or "", terms.trigger(action) or "")
        reads = [entry for entry in entries[start + 1 : end] if is_look(entry)]
        if edge and edge.via and not any(read.after in edge.to for read in reads):
            yield action, reads


def _member(body: bytes, name: str) -> str:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return str(value.get(name) or "") if isinstance(value, dict) else ""


def _shows(entry: Entry, token: str) -> bool:
    return (
        token in entry.path
        or token in unquote(entry.path)
        or token.encode() in entry.request_body
        or token.encode() in entry.packed
    )
