"""The entries of a journal that come nearest to what was expected, and why each is another: for messages of tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from emulator.journal.entries import MEMBERS, Entry, Journal, Wanted

WEIGHTS: Mapping[str, int] = {
    **dict.fromkeys(MEMBERS, 1),
    "operation": 4,
    "host": 4,
    "environment": 2,
    "organization": 2,
}
"""How much a member counts that is another than expected."""

NEAREST = 3


def nearest(journal: Journal, expected: Wanted) -> list[str]:
    """A line for each of the three entries that differ least, the nearest first; of equals the newer.

    Such as `#39 PUT .../web1/_pause -> 409: STOPPED since t=12 s by powerOffInstance (#31, agent deployer/2)`, with
    what is another than expected at its end. `t` counts emulated seconds from the first entry that is kept.
    """
    entries = list(journal)
    candidates = sorted(
        (entry for entry in entries if expected.control or not entry.is_control),
        key=lambda entry: (sum(WEIGHTS[member] for member in expected.unlike(entry)), -entry.number),
    )
    return [line(entry, expected, entries) for entry in candidates[:NEAREST]]


def line(entry: Entry, expected: Wanted, entries: Sequence[Entry]) -> str:
    """What an entry was, how its instance came to be in its state, and how it differs from what was expected."""
    differences = [
        f"{member} is {getattr(entry, member)!r}, not {getattr(expected, member)!r}"
        for member in expected.unlike(entry)
    ]
    if 0 < entry.number <= expected.since:
        differences.append(f"it came before #{expected.since + 1}")
    told = f"#{entry.number} {entry.method} {_short(entry)} -> {entry.status}{_state(entry, entries)}"
    return "; ".join([told, *differences])


def _short(entry: Entry) -> str:
    """The end of the path, from the host on, without what all of them have."""
    path = entry.path.partition("?")[0].rstrip("/")
    if entry.host is None:
        return path
    below = path.rpartition(f"/hosts/{quote(entry.host, safe='')}")[2].removeprefix("/instance")
    return f".../{entry.host}{below}"


def _state(entry: Entry, entries: Sequence[Entry]) -> str:
    if entry.before is None:
        return f": {entry.message}" if entry.message else ""
    cause = next((it for it in reversed(entries) if it.number < entry.number and changed(it, entry.names)), None)
    if cause is None:
        return f": {entry.before} from the beginning"
    by = f"#{cause.number}, agent {cause.agent}" if cause.agent else f"#{cause.number}"
    return f": {entry.before} since t={cause.at - entries[0].at:.3g} s by {cause.operation} ({by})"


def changed(entry: Entry, names: tuple[str, ...]) -> bool:
    """Whether an entry set the instance of this host on its way to another state, or to the same one again."""
    operation = entry.contract.operations.get(entry.operation or "")
    is_accepted = entry.status < 300 and entry.names == names
    return is_accepted and operation is not None and operation.trigger is not None
