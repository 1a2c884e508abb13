"""Faults of readers that are too kind: each takes what only looks like a body as the contract has it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

from tests.faulty_servers.faults import add, fault, is_shown
from tests.faulty_servers.middle import Answer, Call, Change, Forward
from tests.faulty_servers.taking import JSON_TYPE, MIB, is_not_utf8, is_property, taken_when, type_of, value_of


def _are_properties(value: Any) -> bool:
    """Whether this is an import as the contract has it, but for keys that are there twice."""
    return isinstance(value, list) and bool(value) and all(map(is_property, value))


def _mended(call: Call) -> Any:
    """The JSON of a body, without comments and commas at the end; None when it needs more."""
    text = call.body.decode("utf-8-sig", "replace")
    text = re.sub(r",\s*([\]}])", r"\1", re.sub(r"/\*.*?\*/", "", text))
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _first_of(call: Call) -> Any:
    """The first of several values in a body; None when there are no several."""
    text = call.body.decode("utf-8-sig", "replace")
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value if text[end:].strip() else None


def _keys(value: Any) -> list[str]:
    """The keys of an import."""
    return [row["key"] for row in value] if _are_properties(value) else []


def _merges_equal(_: Call, value: Any) -> bool:
    """Whether an import has a key twice, each time with the same value."""
    keys = _keys(value)
    return len(set(keys)) < len(keys) and len({tuple(row.items()) for row in value}) == len(set(keys))


def _looks_at_neighbours(_: Call, value: Any) -> bool:
    """Whether an import has a key twice, but never in a row."""
    keys = _keys(value)
    in_a_row = any(first == second for first, second in pairwise(keys))
    return len(set(keys)) < len(keys) and not in_a_row


TAKEN: tuple[tuple[str, str, str, str, Callable[[Call, Any], bool]], ...] = (
    (
        "import-takes-almost-json",
        "An import with comments, with a comma at the end or with bare control characters is taken",
        "errors.not-json",
        "properties",
        lambda call, value: value is None and _are_properties(_mended(call)),
    ),
    (
        "import-replaces-bytes",
        "Bytes of an import that are not UTF-8 are taken as U+FFFD",
        "errors.not-json",
        "properties",
        lambda call, value: is_not_utf8(call, value) and _are_properties(value),
    ),
    (
        "import-reads-the-first-value",
        "Of several values in the body of an import the first is taken",
        "errors.not-json",
        "properties",
        lambda call, _: _are_properties(_first_of(call)),
    ),
    (
        "provision-takes-blanks",
        "A body of blanks is taken as none",
        "errors.not-json",
        "",
        lambda call, _: 0 < len(call.body) <= MIB and not call.body.strip(),
    ),
    (
        "import-takes-a-single-property",
        "A property that is in no list is taken as a list of one",
        "errors.refused-by-schema",
        "properties",
        lambda _, value: is_property(value),
    ),
    (
        "import-takes-a-wrapped-list",
        "A list in an object is taken",
        "errors.refused-by-schema",
        "properties",
        lambda _, value: isinstance(value, dict) and _are_properties(value.get("properties")),
    ),
    (
        "import-takes-a-nested-list",
        "A list in a list is taken",
        "errors.refused-by-schema",
        "properties",
        lambda _, value: isinstance(value, list) and bool(value) and all(map(_are_properties, value)),
    ),
    (
        "import-takes-a-map",
        "An object of keys and values is taken",
        "errors.refused-by-schema",
        "properties",
        lambda _, value: isinstance(value, dict) and bool(value) and not is_property(value) and _are_texts(value),
    ),
    (
        "import-merges-equal-properties",
        "A property that is there twice with the same value is taken once: properties are a set",
        "properties.repeated-key-refused",
        "properties",
        _merges_equal,
    ),
    (
        "import-compares-neighbours-only",
        "A key that is there twice is found only where the one comes after the other",
        "properties.repeated-key-refused",
        "properties",
        _looks_at_neighbours,
    ),
    (
        "provision-looks-for-json-in-the-media-type",
        "A media type that has application/json somewhere in it is taken",
        "errors.media-type-refused",
        "",
        lambda call, _: f'"{JSON_TYPE}"' in type_of(call),
    ),
)

for _name, _says, _rule, _action, _wrong in TAKEN:
    add(_name, f"{_says}.", (_rule,), partial(taken_when, _wrong, "POST", _action, [] if _action else {}))


def _are_texts(value: dict[str, Any]) -> bool:
    return all(isinstance(one, str) for one in value.values())


@fault("errors.media-type-parameters")
def the_charset_of_a_body_is_obeyed() -> Change:
    """A body is read in the encoding that its media type names, though JSON is UTF-8."""

    def answer(call: Call, forward: Forward) -> Answer:
        is_latin = "iso-8859-1" in type_of(call).lower()
        return forward(replace(call, body=call.body.decode("latin-1").encode()) if is_latin else call)

    return answer


@fault("representation.read-only-ignored")
def provision_takes_the_hostname_of_the_body() -> Change:
    """A provision with a `hostname` makes an instance that shows it."""
    names: dict[str, object] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if (call.method, call.action, honest.status) == ("POST", "", 200):
            sent = value_of(call)
            names[call.root] = sent.get("hostname") if isinstance(sent, dict) else None
        if not is_shown(honest) or not isinstance(names.get(call.root), str):
            return honest
        return honest.saying({**honest.value, "hostname": names[call.root]})

    return answer
