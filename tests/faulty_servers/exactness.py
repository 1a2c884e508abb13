"""Faults in what becomes of imported properties: each of these servers improves a key or a value a little."""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from tests.faulty_servers.faults import fault
from tests.faulty_servers.middle import Answer, Call, Change, Forward

KEPT = "properties.values-kept"
Pairs = dict[str, Any]


def _improving(change: Callable[[Pairs], Pairs]) -> Change:
    """What an import sent is changed, and shown so from then on; what the platform made itself is left alone."""
    sent: dict[str, Pairs] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        given = forward(call)
        if call.method == "POST" and call.action == "properties" and given.status == 200:
            sent[call.root] = _pairs(json.loads(call.body))
        if given.status != 200 or not given.body or "properties" not in given.value or call.root not in sent:
            return given
        shown = given.value
        own = {key: value for key, value in _pairs(shown["properties"]).items() if key not in sent[call.root]}
        improved = {**own, **change(dict(sent[call.root]))}
        return given.saying({**shown, "properties": [{"key": key, "value": improved[key]} for key in improved]})

    def forgetting(call: Call, forward: Forward) -> Answer:
        given = answer(call, forward)
        gone = given.status == 204 or (given.status == 202 and call.action == "_forget")
        if gone or (call.method == "POST" and not call.action and given.status == 200):
            sent.pop(call.root, None)
        return given

    return forgetting


def _pairs(rows: Iterable[dict[str, str]]) -> Pairs:
    return {row["key"]: row["value"] for row in rows}


def _values(change: Callable[[str], Any]) -> Change:
    return _improving(lambda pairs: {key: change(value) for key, value in pairs.items()})


def _keys(change: Callable[[str], str]) -> Change:
    return _improving(lambda pairs: {change(key): value for key, value in pairs.items()})


@fault(KEPT)
def values_are_normalised() -> Change:
    """Values in the normal form NFC."""
    return _values(lambda value: unicodedata.normalize("NFC", value))


@fault(KEPT)
def keys_are_normalised() -> Change:
    """Keys in the normal form NFC."""
    return _keys(lambda key: unicodedata.normalize("NFC", key))


@fault(KEPT)
def outer_spaces_of_values_are_cut() -> Change:
    """Values without spaces at their ends."""
    return _values(str.strip)


@fault(KEPT)
def outer_spaces_of_keys_are_cut() -> Change:
    """Keys without spaces at their ends."""
    return _keys(str.strip)


@fault(KEPT)
def values_lose_their_case() -> Change:
    """Values in small letters."""
    return _values(str.lower)


@fault(KEPT)
def keys_lose_their_case() -> Change:
    """Keys in small letters."""
    return _keys(str.lower)


@fault(KEPT)
def long_values_are_cut() -> Change:
    """Values of 4,096 characters at most."""
    return _values(lambda value: value[:4096])


@fault(KEPT)
def long_keys_are_cut() -> Change:
    """Keys of 64 characters at most."""
    return _keys(lambda key: key[:64])


@fault(KEPT)
def values_are_escaped_for_html() -> Change:
    """`&amp;` for `&`."""
    return _values(html.escape)


@fault(KEPT)
def empty_values_are_dropped() -> Change:
    """No property without a value."""
    return _improving(lambda pairs: {key: value for key, value in pairs.items() if value})


@fault(KEPT)
def line_ends_are_unified() -> Change:
    """A line feed for a carriage return and a line feed."""
    return _values(lambda value: value.replace("\r\n", "\n"))


@fault(KEPT)
def only_the_basic_plane_is_kept() -> Change:
    """A question mark for what MySQL's utf8 cannot hold."""
    return _values(lambda value: "".join(char if ord(char) < 0x10000 else "?" for char in value))


@fault(KEPT)
def values_are_decoded_from_percent() -> Change:
    """A space for `%20`."""
    return _values(lambda value: value.replace("%20", " "))


@fault(KEPT)
def control_characters_are_dropped() -> Change:
    """No tabs and no bells in values."""
    return _values(lambda value: "".join(char for char in value if char >= " " or char in "\r\n"))


@fault(KEPT, "representation.complete")
def words_become_values() -> Change:
    """`"true"` is true, `"null"` is null, `"1"` is 1."""

    def value_of(text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            return text

    return _values(value_of)


@fault(KEPT)
def numbers_are_written_anew() -> Change:
    """`1` for `01` and `1.0`."""

    def again(text: str) -> str:
        try:
            return f"{float(text):g}"
        except ValueError:
            return text

    return _values(again)


@fault(KEPT)
def get_shows_sorted_pairs() -> Change:
    """GET gives the second key the value of the first: keys and values are kept in two lists, each sorted."""

    def mixed(pairs: Pairs) -> Pairs:
        own = {key: value for key, value in pairs.items() if key == "libvirt.uuid"}
        rest = {key: value for key, value in pairs.items() if key not in own}
        return own | dict(zip(sorted(rest), sorted(rest.values()), strict=True))

    return _improving(mixed)


@fault(KEPT)
def keys_that_end_in_a_space_are_others_again() -> Change:
    """Of keys that differ in spaces at their end only, the last one is kept, as a padded column compares them."""

    def padded(pairs: Pairs) -> Pairs:
        last = {key.rstrip(" "): key for key in pairs}
        return {key: value for key, value in pairs.items() if last[key.rstrip(" ")] == key}

    return _improving(padded)


@fault(KEPT)
def marks_on_letters_do_not_count_in_keys() -> Change:
    """Of keys that differ in the marks on their letters only, the last one is kept."""

    def bare(key: str) -> str:
        composed = unicodedata.normalize("NFC", key)
        return "".join(letter for letter in unicodedata.normalize("NFD", composed) if not unicodedata.combining(letter))

    def folded(pairs: Pairs) -> Pairs:
        last = {bare(key): key for key in pairs}
        return {key: value for key, value in pairs.items() if last[bare(key)] == key}

    return _improving(folded)


@fault(KEPT)
def prototypes_are_lost() -> Change:
    """The key __proto__ goes where objects of JavaScript have it."""
    return _improving(lambda pairs: {key: value for key, value in pairs.items() if key != "__proto__"})


@fault(KEPT)
def a_mark_of_byte_order_is_cut() -> Change:
    """U+FEFF at the beginning of a value is taken for a mark of the byte order."""
    return _values(lambda value: value.removeprefix("\ufeff"))


@fault(KEPT)
def wide_keys_are_cut_to_their_bytes() -> Change:
    """Keys are cut to 255 bytes of UTF-8."""
    return _keys(lambda key: key.encode()[:255].decode(errors="ignore"))
