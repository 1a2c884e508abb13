"""Which tests of the plan are enough to see a fault, so that many faults can be tried in little time."""

from __future__ import annotations

from functools import cache

from contract import load_contract
from contract_tests.judging.document_rules import ALWAYS
from contract_tests.running.plan import plan_for
from contract_tests.running.registry import Check

ANYWHERE = ("legal", "refused", "read", "locking", "reading")
"""The checks in which any operation answers, and any state is shown; for faults that any answer may show."""

EVERYWHERE = (*ANYWHERE, "credentials", "quiet", "slashes", "methods", "chosen-bodies")
"""The checks that meet every operation in every state, and every kind of body."""

DEAR = ("race", "burst", "histories", "noise", "slow-clients")
"""Checks that take long; only for faults that nothing else shows."""


def enough_for(requirements: frozenset[str]) -> tuple[str, ...]:
    """The ids of the tests that judge these requirements, the dear ones left out where others do."""
    ids: dict[str, None] = {}
    for requirement in sorted(requirements):
        own = [check for check in _plan() if requirement in check.requirements]
        cheap = [check.id for check in own if check.id.partition("[")[0] not in DEAR]
        ids.update(dict.fromkeys(cheap or [check.id for check in own]))
        if requirement in ALWAYS:
            ids.update(dict.fromkeys(ANYWHERE))
    if any(name.startswith(("pending[", "legal[")) for name in ids):
        ids["legal"] = None  # where a server is seen to be on its way at all, and where one move tells of another
    return tuple(ids)


@cache
def _plan() -> tuple[Check, ...]:
    return plan_for(load_contract())
