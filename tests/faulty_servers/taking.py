"""Faults in the bodies that are taken and refused, and in what becomes of the properties in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tests.faulty_servers.faults import add, fault, is_shown, on
from tests.faulty_servers.middle import Answer, Call, Change, Forward

MIB = 1024 * 1024
JSON_TYPE = "application/json"


def _with_body(call: Call, value: Any) -> Call:
    environ = {**call.environ, "CONTENT_TYPE": JSON_TYPE}
    return replace(call, body=json.dumps(value).encode(), environ=environ)


def type_of(call: Call) -> str:
    """The media type of a body, as it was sent."""
    return str(call.environ.get("CONTENT_TYPE") or "")


def value_of(call: Call) -> Any:
    """The JSON of a body, read with much good will; None when there is none."""
    try:
        return json.loads(call.body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


# ---- what must be refused is taken


@fault("refused.bad-body")
def refused_import_makes_an_instance() -> Change:
    """A bad import says 400, and makes an instance without properties."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 400:
            forward(_with_body(call, []))
        return honest

    return on("POST", "properties", answer)


@fault("refused.bad-body")
def provision_of_the_wrong_media_type_goes_through() -> Change:
    """A provision with a body that is text/plain says 415, and makes an instance."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 415:
            forward(_with_body(call, {}))
        return honest

    return on("POST", "", answer)


@fault(
    "errors.refused-by-schema",
    "errors.not-json",
    "properties.members-refused",
    "properties.bounds-refused",
    "properties.repeated-key-refused",
)
def import_takes_anything() -> Change:
    """A bad import is taken as one without properties."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return forward(_with_body(call, [])) if honest.status == 400 else honest

    return on("POST", "properties", answer)


def taken_when(wrong: Callable[[Call, Any], bool], method: str, action: str, value: Any) -> Change:
    """A fault in one operation: what is wrong in one way gets the answer to another body."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_taken = honest.status in (400, 413, 415) and wrong(call, value_of(call))
        return forward(_with_body(call, value)) if is_taken else honest

    return on(method, action, answer)


def _property(test: Callable[[dict[str, Any]], bool]) -> Callable[[Call, Any], bool]:
    """Whether one of the properties is wrong in one way, and all are properties."""

    def wrong(_: Call, value: Any) -> bool:
        rows = value if isinstance(value, list) else []
        return bool(rows) and all(isinstance(row, dict) for row in rows) and any(map(test, rows))

    return wrong


def _long(name: str, most: int) -> Callable[[dict[str, Any]], bool]:
    return lambda row: isinstance(row.get(name), str) and len(row[name]) > most and {"key", "value"} == set(row)


def _twice(_: Call, value: Any) -> bool:
    rows = value if isinstance(value, list) else []
    keys = [row.get("key") for row in rows if isinstance(row, dict)]
    return len(keys) == len(rows) and all(map(is_property, rows)) and len(set(keys)) < len(keys)


def is_property(row: Any) -> bool:
    """Whether this is a property as the contract has it."""
    strings = isinstance(row, dict) and set(row) == {"key", "value"} and all(isinstance(v, str) for v in row.values())
    return strings and 1 <= len(row["key"]) <= 255 and len(row["value"]) <= 65_535


def _is_constant(call: Call, _: Any) -> bool:
    return b"NaN" in call.body or b"Infinity" in call.body


def is_not_utf8(call: Call, _: Any) -> bool:
    """Whether a body has bytes that are not UTF-8."""
    return call.body.decode(errors="replace") != call.body.decode(errors="ignore")


def _is_object(call: Call, value: Any) -> bool:
    return isinstance(value, dict) and not _is_constant(call, value) and not is_not_utf8(call, value)


def _is_list(call: Call, value: Any) -> bool:
    return isinstance(value, list) and not _is_constant(call, value) and not is_not_utf8(call, value)


TAKEN: tuple[tuple[str, str, tuple[str, ...], str, Any, Callable[[Call, Any], bool]], ...] = (
    (
        "import-takes-a-property-without-value",
        "A property without a value is taken as an empty one",
        ("properties.members-refused", "errors.refused-by-schema"),
        "properties",
        [],
        _property(lambda row: "key" in row and "value" not in row),
    ),
    (
        "import-takes-other-members",
        "A property with another member is taken",
        ("properties.members-refused", "errors.refused-by-schema"),
        "properties",
        [],
        _property(lambda row: bool(set(row) - {"key", "value"})),
    ),
    (
        "import-takes-an-empty-key",
        "A property with an empty key is taken",
        ("properties.bounds-refused", "errors.refused-by-schema"),
        "properties",
        [],
        _property(lambda row: row.get("key") == "" and isinstance(row.get("value"), str) and len(row) == 2),
    ),
    (
        "import-takes-a-long-key",
        "A property with a key of 256 characters is taken",
        ("properties.bounds-refused", "errors.refused-by-schema"),
        "properties",
        [],
        _property(_long("key", 255)),
    ),
    (
        "import-takes-a-long-value",
        "A property with a value of 65,536 characters is taken",
        ("properties.bounds-refused", "errors.refused-by-schema"),
        "properties",
        [],
        _property(_long("value", 65_535)),
    ),
    (
        "import-takes-a-key-twice",
        "Of two properties with one key the last is taken",
        ("properties.repeated-key-refused",),
        "properties",
        [],
        _twice,
    ),
    (
        "import-takes-an-object",
        "An object is taken as an import of no properties",
        ("errors.refused-by-schema",),
        "properties",
        [],
        _is_object,
    ),
    (
        "provision-takes-nan",
        "NaN is taken as JSON",
        ("errors.not-json",),
        "",
        {},
        _is_constant,
    ),
    ("provision-takes-bytes", "Bytes that are not UTF-8 are taken", ("errors.not-json",), "", {}, is_not_utf8),
    (
        "provision-takes-a-list",
        "A list is taken for the body of a provision",
        ("errors.refused-by-schema",),
        "",
        {},
        _is_list,
    ),
    (
        "provision-takes-broken-json",
        "A body that is no JSON is taken as none",
        ("errors.not-json",),
        "",
        {},
        lambda call, value: value is None and call.body.strip() not in (b"", b"null") and type_of(call) == JSON_TYPE,
    ),
    (
        "provision-takes-a-large-body",
        "A body over 1 MiB is taken",
        ("errors.too-large",),
        "",
        {},
        lambda call, _: len(call.body) > MIB,
    ),
    (
        "import-takes-text",
        "A body that is text/plain is taken as JSON",
        ("errors.media-type-refused",),
        "properties",
        [],
        lambda call, _: type_of(call).startswith("text/"),
    ),
)

for _name, _says, _rules, _action, _instead, _wrong in TAKEN:
    add(_name, f"{_says}.", _rules, partial(taken_when, _wrong, "POST", _action, _instead))

# ---- what becomes of properties


@fault("properties.values-kept")
def import_answers_without_properties() -> Change:
    """The answer to an import shows no properties; GET does."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return honest.saying({**honest.value, "properties": []}) if is_shown(honest) else honest

    return on("POST", "properties", answer)


@fault("properties.values-kept")
def import_is_forgotten_after_its_answer() -> Change:
    """The answer to an import shows its properties; only some of them are shown after that."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if call.action == "properties" or not is_shown(honest) or honest.value["state"] != "UNDEFINED":
            return honest
        return honest.saying({**honest.value, "properties": honest.value["properties"][:1]})

    return answer
