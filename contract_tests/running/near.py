"""What somebody may have meant who wrote a name that is not there: said in every message about an unknown name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

FEW = 12
"""Names that are listed whole when none of them is near."""


def hint(name: str, known: Iterable[str]) -> str:
    """The names that are near, or all of them when they are few; empty when neither helps."""
    names = list(dict.fromkeys(known))
    near = get_close_matches(name, names, n=4, cutoff=0.6) or [one for one in names if name and name in one][:4]
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"expected one of {', '.join(names)}" if 0 < len(names) <= FEW else ""
