"""What has met trouble, as a test asks for it."""

from __future__ import annotations

from emulator.testing.mistakes import UsageError
from emulator.trouble import Trouble


class Faults:
    """The trouble of a platform, with what it has done; still to be read when it is over."""

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble

    def hits(self, rule: str | None = None) -> int:
        """How many requests have met a rule, named as it was, or else after its kind; None: any of the rules."""
        hits = {row.name: hit for row, _, hit in self._trouble.counts()}
        if rule is None:
            return sum(hits.values())
        if rule not in hits:
            raise UsageError(f"there is no rule {rule!r}; there are {', '.join(name or '' for name in hits) or 'none'}")
        return hits[rule]
