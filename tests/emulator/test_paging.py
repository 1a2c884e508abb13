"""Pages of a collection: what offset and max cut out of it, and what of it is built for that."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.errors import Malformed
from emulator.inventory.paging import page
from emulator.store import Rows


@settings(max_examples=100, deadline=None)
@given(total=st.integers(0, 12), offset=st.none() | st.integers(0, 20), most=st.none() | st.integers(0, 20))
def test_a_page_is_a_slice(total: int, offset: int | None, most: int | None) -> None:
    """Offset and max cut the collection as a slice does, and say what was cut."""
    query = {name: str(number) for name, number in (("offset", offset), ("max", most)) if number is not None}
    items = list(range(total))[offset or 0 :][: total if most is None else most]
    expected = {"count": len(items), "offset": min(offset or 0, total), "total": total, "items": items}
    assert page(query, Rows(range(total)), int) == expected


@pytest.mark.parametrize("name", ["offset", "max"])
@pytest.mark.parametrize("text", ["", "-1", "1.5", "ten", "+1", " 1", "1_0", "\u0661", "9" * 19, "9" * 5000])
def test_what_is_no_number_is_refused(name: str, text: str) -> None:
    """A page by anything else than a number says which parameter was wrong, at a length that people read."""
    with pytest.raises(Malformed, match=f"{name} is '.{{0,50}}; expected a number of at most 18 digits"):
        page({name: text}, Rows([]), str)


def test_only_a_page_is_built() -> None:
    """A page of a large collection shows as many things as are in it, and no others."""
    shown: list[int] = []

    def show(thing: int) -> int:
        shown.append(thing)
        return thing

    answer = page({"offset": "99990", "max": "5"}, Rows(range(100_000)), show)
    assert shown == answer["items"] == [99_990, 99_991, 99_992, 99_993, 99_994]
