"""What a world was asked, and what it answered: listed, waited for, and as an HTTP archive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.call import Call, Performer
from emulator.control.query import flag, number, seconds
from emulator.journal import Entry, Wanted
from emulator.journal.access_log import brief
from emulator.journal.har import archive
from emulator.waiting import seat

MOST = 10_000


def get(call: Call) -> dict[str, Any]:
    """The latest wanted entries, oldest first, as soon as there is one."""
    return {"entries": [_show(entry) for entry in _wanted(call)]}


def get_archive(call: Call) -> dict[str, Any]:
    """The same as HAR."""
    return archive(_wanted(call))


def _wanted(call: Call) -> list[Entry]:
    """The entries that the query asks for. Malformed when it cannot be understood, Unavailable when none can wait."""
    query = call.query
    wish = Wanted(
        **{name: query.get(name) for name in ("operation", "organization", "environment", "host", "agent")},
        status=number(query, "status", 100, 599) if "status" in query else None,
        since=number(query, "since", 0, 10**15) if "since" in query else 0,
        control=flag(query, "control"),
    )
    last = number(query, "last", 1, MOST) if "last" in query else 100
    wait = seconds(query)
    journal = call.world.journal
    if not wait:
        return journal.wait_for(wish, 0, 0.0)[-last:]
    with seat():
        return journal.wait_for(wish, 1, wait)[-last:]


def _show(entry: Entry) -> dict[str, Any]:
    more = ("organization", "environment", "host", "requirements", "error")
    return brief(entry) | {name: getattr(entry, name) for name in more}


PERFORMERS: Mapping[str, Performer] = {"getJournal": get, "getJournalArchive": get_archive}
