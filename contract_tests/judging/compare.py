"""What may change in an instance by itself, and what must not."""

from __future__ import annotations

from collections.abc import Mapping

from contract_tests.judging.answer_checks import Representations
from contract_tests.moving.waiter import Snapshot

VOLATILE = ("ip.", "publicIp", "publicDnsName", "hostname")
"""Beginnings of the keys of properties that the platform may add, change or take away (properties.kept)."""


def lasting(shown: Representations, snapshot: Snapshot) -> Mapping[str, str]:
    """The properties that stay as they are as long as the machine is there."""
    return {key: value for key, value in shown.properties(snapshot.body) if not key.startswith(VOLATILE)}


def lost(shown: Representations, before: Snapshot, after: Snapshot) -> str | None:
    """The first lasting property of `before` that `after` lacks or has otherwise, in words; None when all are kept."""
    now = lasting(shown, after)
    for key, value in lasting(shown, before).items():
        if key not in now:
            return f"{key} is gone"
        if now[key] != value:
            return f"{key} was {value!r} and is {now[key]!r}"
    return None


def changed(shown: Representations, before: Snapshot, after: Snapshot) -> str | None:
    """What differs that only a request can change: state, lasting properties, lock. None when nothing does."""
    if before.state != after.state:
        return f"{before.state} became {after.state}"
    locks = [shown.read(snapshot.body, "locked") for snapshot in (before, after)]
    if locks[0] != locks[1]:
        return f"locked was {locks[0]} and is {locks[1]}"
    return lost(shown, before, after) or lost(shown, after, before)
