"""Collections as the platform shows them: all of it, or the part that the query asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from emulator.errors import Malformed
from emulator.store import Listing

MAX_DIGITS = 18
"""Of `offset` and `max` (inventory.openapi.yaml: their maximum)."""

Thing = TypeVar("Thing")


def page(query: Mapping[str, str], things: Listing[Thing], show: Callable[[Thing], Any]) -> dict[str, Any]:
    """`{count, offset, total, items}`; only what is in the page is shown, and so built.

    `query` may have `offset` and `max`; Malformed when one is no number. (inventory.openapi.yaml: schemas/Page)
    """
    total = len(things)
    offset = min(_number(query, "offset", 0), total)
    most = _number(query, "max", total)
    items = [show(thing) for thing in things.part(offset, min(most, total))]
    return {"count": len(items), "offset": offset, "total": total, "items": items}


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise Malformed(f"{name} is {text[:40]!r}; expected a number of at most {MAX_DIGITS} digits, such as {name}=10")
    return int(text)
