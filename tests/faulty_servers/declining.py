"""Faults in what must be taken and is refused, or is refused with another code than the contract has."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.faulty_servers.faults import add, fault, on
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal
from tests.faulty_servers.taking import JSON_TYPE, MIB, is_property, type_of, value_of

# ---- what must be taken is refused, or refused with another code


def _refused_when(test: Callable[[Call, Any], bool], action: str, status: int) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        exists = forward(call.at("", "GET")).status == 200
        return refusal(status, "no") if not exists and test(call, value_of(call)) else forward(call)

    return on("POST", action, answer)


def _any_row(test: Callable[[dict[str, str]], bool]) -> Callable[[Call, Any], bool]:
    return lambda _, value: isinstance(value, list) and any(is_property(row) and test(row) for row in value)


BODIES = ("chosen-bodies", "bodies", "exact-properties")

REFUSED: tuple[tuple[str, str, tuple[str, ...], str, int, Callable[[Call, Any], bool]], ...] = (
    (
        "import-wants-a-property",
        "An import of an empty list is refused",
        ("operations.import-empty-list", "properties.values-kept"),
        "properties",
        400,
        lambda call, value: value == [] and type_of(call) == JSON_TYPE,
    ),
    (
        "provision-wants-a-body",
        "A provision without a body is refused",
        ("operations.provision-bodies",),
        "",
        400,
        lambda call, _: not call.body,
    ),
    (
        "provision-refuses-members",
        "A provision is refused when its body has any member",
        ("operations.provision-bodies",),
        "",
        400,
        lambda call, value: isinstance(value, dict) and bool(value) and type_of(call) == JSON_TYPE,
    ),
    (
        "import-refuses-the-longest-key",
        "A key of 255 characters is refused",
        ("properties.longest-taken", "properties.values-kept"),
        "properties",
        400,
        _any_row(lambda row: len(row["key"]) == 255),
    ),
    (
        "import-refuses-the-longest-value",
        "A value of 65,535 characters is refused",
        ("properties.longest-taken", "properties.values-kept"),
        "properties",
        400,
        _any_row(lambda row: len(row["value"]) == 65_535),
    ),
    (
        "import-counts-bytes",
        "A key of more than 255 bytes in UTF-8 is refused",
        ("properties.longest-taken",),
        "properties",
        400,
        _any_row(lambda row: len(row["key"].encode(errors="replace")) > 255),
    ),
    (
        "import-counts-bytes-of-values",
        "A value of more than 65,535 bytes in UTF-8 is refused",
        ("properties.longest-taken",),
        "properties",
        400,
        _any_row(lambda row: len(row["value"].encode(errors="replace")) > 65_535),
    ),
    (
        "import-takes-100-kb",
        "A body over 100 kB is too large, as it is for many a library that reads JSON",
        ("properties.longest-taken", "properties.values-kept"),
        "properties",
        413,
        lambda call, _: 100 * 1024 < len(call.body) < MIB,
    ),
    (
        "import-takes-a-hundred-properties",
        "An import of more than 100 properties is refused",
        ("properties.values-kept",),
        "properties",
        400,
        lambda _, value: isinstance(value, list) and len(value) > 100,
    ),
    (
        "provision-takes-half-a-mebibyte",
        "A body over 512 KiB is too large",
        ("operations.provision-bodies",),
        "",
        413,
        lambda call, _: len(call.body) > MIB // 2,
    ),
    (
        "the-case-of-the-media-type-counts",
        "Application/JSON gets 415",
        ("properties.values-kept",),
        "properties",
        415,
        lambda call, _: type_of(call) == "Application/JSON",
    ),
    (
        "only-unicode-is-a-charset",
        "application/json with another charset than one of Unicode gets 415",
        ("errors.media-type-parameters",),
        "properties",
        415,
        lambda call, _: "charset=" in type_of(call).lower() and "charset=utf-" not in type_of(call).lower(),
    ),
    (
        "an-unknown-charset-breaks-the-server",
        "application/json with a charset that nobody knows gets 500",
        ("robustness.no-server-error",),
        "",
        500,
        lambda call, _: "x-unknown" in type_of(call),
    ),
    (
        "a-broken-media-type-breaks-the-server",
        "A body with a media type that is none gets 500",
        ("robustness.no-server-error",),
        "properties",
        500,
        lambda call, _: bool(call.body) and bool(type_of(call)) and "/" not in type_of(call),
    ),
    (
        "deep-nesting-breaks-the-server",
        "Brackets that nest deeper than a reader goes get 500",
        ("robustness.no-server-error",),
        "",
        500,
        lambda call, _: b"[" * 1000 in call.body,
    ),
    (
        "a-zero-character-breaks-the-server",
        "A property with a zero character gets 500, as it comes from many a database",
        ("robustness.no-server-error",),
        "properties",
        500,
        _any_row(lambda row: "\0" in row["value"]),
    ),
    (
        "parameters-of-the-media-type-are-refused",
        "application/json with a charset gets 415",
        ("errors.media-type-parameters",),
        "",
        415,
        lambda call, _: type_of(call).startswith("application/json;"),
    ),
    (
        "no-media-type-is-a-bad-request",
        "A body without a media type gets 400",
        ("errors.media-type-doubtful",),
        "",
        400,
        lambda call, _: bool(call.body) and not type_of(call),
    ),
    (
        "other-json-is-a-bad-request",
        "A body whose media type ends in +json gets 400",
        ("errors.media-type-doubtful",),
        "properties",
        400,
        lambda call, _: "+json" in type_of(call),
    ),
    (
        "a-byte-order-mark-is-a-media-type",
        "A body with a byte order mark gets 415",
        ("errors.doubtful-json",),
        "",
        415,
        lambda call, _: call.body.startswith(b"\xef\xbb\xbf"),
    ),
    (
        "a-byte-order-mark-breaks-the-server",
        "A body with a byte order mark gets 500",
        ("robustness.no-server-error",),
        "",
        500,
        lambda call, _: call.body.startswith(b"\xef\xbb\xbf"),
    ),
    (
        "a-lone-surrogate-breaks-the-server",
        "A property with a lone surrogate gets 500",
        ("robustness.no-server-error",),
        "properties",
        500,
        lambda call, _: b"\\ud800" in call.body,
    ),
    (
        "a-large-body-is-a-bad-request",
        "A body over 1 MiB gets 400",
        ("errors.too-large",),
        "properties",
        400,
        lambda call, _: len(call.body) > MIB,
    ),
    (
        "text-is-a-bad-request",
        "A body that is text/plain gets 400",
        ("errors.media-type-refused",),
        "",
        400,
        lambda call, _: bool(call.body) and type_of(call).startswith(("text/", "application/x-www-form")),
    ),
    (
        "broken-json-is-unprocessable",
        "A body that is no JSON gets 422",
        ("errors.not-json", "operations.documented-answers"),
        "",
        422,
        lambda call, value: value is None and call.body.strip() not in (b"", b"null") and type_of(call) == JSON_TYPE,
    ),
)

for _name, _says, _rules, _action, _status, _test in REFUSED:
    _options = {"only": BODIES} if _status == 500 else None
    add(_name, f"{_says}.", _rules, partial(_refused_when, _test, _action, _status), options=_options)


@fault("robustness.no-server-error", options={"only": ("chosen-bodies",)})
def bad_json_breaks_the_server() -> Change:
    """500 for a body that is not JSON."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        broken = honest.status == 400 and b"JSON" in honest.body
        return honest.saying({"error": ["Internal Server Error"]}, 500) if broken else honest

    return answer


@fault("robustness.no-server-error", options={"only": ("noise",)})
def a_body_on_an_action_breaks_the_server() -> Change:
    """500 for a body on an action."""

    def answer(call: Call, forward: Forward) -> Answer:
        return refusal(500, "Internal Server Error") if call.method == "PUT" and call.body else forward(call)

    return answer


@fault("operations.action-body")
def a_body_on_an_action_is_too_large() -> Change:
    """413 for any body on an action."""

    def answer(call: Call, forward: Forward) -> Answer:
        is_action = call.method == "PUT" and call.action.startswith("_")
        return refusal(413, "no body, please") if is_action and call.body else forward(call)

    return answer


@fault("operations.action-body", options={"only": ("noise[shutdownInstance]",), "max_examples": 12})
def a_body_makes_an_action_another() -> Change:
    """A shutdown with a body is refused as one in the wrong state."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call) if not call.body else None
        return honest or refusal(409, "unknown command in the body")

    return on("PUT", "_shutdown", answer)
