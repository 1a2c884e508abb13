"""The bodies that `chosen-bodies` sends: one for each rule about bodies, made from one that the operation accepts.

What is wrong with a body is the only thing that is: a malformed import would be a good one if it were well formed. Else
a reader that is too kind to syntax is not seen, for the schema refuses what it has read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract import Operation
from contract_tests.judging.body_rules import BODIES, MAX_BODY, BodyRules
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench

JSON = "application/json"
NOT_JSON, DOUBTFUL, TYPE_REFUSED = "errors.not-json", "errors.doubtful-json", "errors.media-type-refused"
PARAMETERS, TYPE_DOUBTFUL = "errors.media-type-parameters", "errors.media-type-doubtful"
TOO_LARGE, BAD_BODY = "errors.too-large", "errors.refused-by-schema"
BOUNDS, MEMBERS, LONGEST = "properties.bounds-refused", "properties.members-refused", "properties.longest-taken"
REPEATED = "properties.repeated-key-refused"
READ_ONLY, NO_5XX = "representation.read-only-ignored", "robustness.no-server-error"
EMPTY_LIST = "operations.import-empty-list"

TEXT = "ünïted"
"""The value in a body: as UTF-8 it is not what it is in other encodings, and not ASCII."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What must not be seen of an instance that was made with a body and has settled.

    `wrong` says what is to be seen of it, None when nothing is.
    """

    rule: str
    expected: str
    wrong: Callable[[Snapshot], str | None]


@dataclass(frozen=True, slots=True)
class Sample:
    """A body, the requirement that it is about, and the statuses that may come; 0 stands for success.

    Without statuses any will do that is no 5xx.
    """

    rule: str
    what: str
    data: bytes
    statuses: tuple[int, ...]
    media_type: str | None = JSON
    sight: Sight | None = None


MALFORMED: Mapping[str, Callable[[bytes], bytes]] = {
    "a body that is no JSON at all": lambda _: b"rubbish",
    "blanks only": lambda _: b"  \n",
    "a body that ends too early": lambda valid: valid[:-1],
    "a comma at the end": lambda valid: valid[:-1] + b"," + valid[-1:],
    "single quotes": lambda valid: valid.replace(b'"', b"'"),
    "names without quotes": lambda valid: re.sub(rb'"([\w-]+)":', rb"\1:", valid),
    "two values": lambda valid: valid + b" " + valid,
    "a comment": lambda valid: valid[:-1] + b" /* one */" + valid[-1:],
    "a leading zero": lambda valid: valid.replace(_quoted(TEXT), b"01"),
    "a control character in a string": lambda valid: valid.replace(TEXT.encode(), b"\x01"),
    "NaN": lambda valid: valid.replace(_quoted(TEXT), b"NaN"),
    "Infinity": lambda valid: valid.replace(_quoted(TEXT), b"-Infinity"),
    "a body that is not UTF-8": lambda valid: valid.replace(TEXT.encode(), b"\xff\xfe"),
    "100,000 brackets": lambda _: b"[" * 100_000,
}
"""Bodies that are not JSON, and that lenient readers take or stumble over; each from a valid one with `TEXT` in it."""

OF_JSON = ("; charset=utf-8", ";charset=UTF-8", "; profile=x; charset=ISO-8859-1", '; charset="x-unknown"')
"""Parameters of the media type; what they say of the body must not matter."""

OTHER_TYPES = (
    "text/plain",
    "text/json",
    "application/xml",
    "application/json-seq",
    "multipart/form-data; boundary=x",
    'multipart/related; boundary=x; type="application/json"',
)

NOT_LISTS: Mapping[str, Callable[[str, str, str], Any]] = {
    "a property that is in no list": lambda _, key, value: {key: "k", value: "v"},
    "a list in an object": lambda name, key, value: {name: [{key: "k", value: "v"}]},
    "a list in a list": lambda _, key, value: [[{key: "k", value: "v"}]],
    "an object of keys and values": lambda _, key, value: {f"{key} k": f"{value} v"},
}
"""Bodies that say the same as a list of properties in another shape."""

REPEATED_KEYS = {
    "a key twice": ("k 1", "k 2"),
    "an equal property twice": ("k 1", "k 1"),
    "a key twice, and another between": ("k 1", "z 2", "k 3"),
}


def samples_of(bench: Bench, operation: Operation) -> Iterator[Sample]:
    """The samples for an operation; none when it reads no body."""
    if operation.body is None:
        return
    accepted = BodyRules(bench.contract, operation).accepted
    schema = bench.contract.document.resolve(operation.body.schema)
    if schema.get("type") == "array":
        valid = json_of(bench.shown.property_list({"contract-tests": TEXT}))
        yield from _of_syntax(valid)
        yield from _of_media_types(valid, accepted, Sight(PARAMETERS, "its text read as UTF-8", _other_text(bench)))
        yield from _of_import(bench, dict(bench.contract.document.resolve(schema["items"])))
    else:
        yield from _of_syntax(json_of({"contract-tests": TEXT}))
        yield from _of_media_types(b"{}", accepted, None)
        yield from _of_provision(bench)


def json_of(value: Any) -> bytes:
    """A value as JSON in UTF-8, its letters as they are."""
    return json.dumps(value, ensure_ascii=False).encode()


def _quoted(text: str) -> bytes:
    return f'"{text}"'.encode()


def _of_syntax(valid: bytes) -> Iterator[Sample]:
    for what, spoil in MALFORMED.items():
        yield Sample(NOT_JSON, what, spoil(valid), (400,))


def _of_media_types(valid: bytes, accepted: str, sight: Sight | None) -> Iterator[Sample]:
    """What is said of a body, and how large it is; `accepted` is the requirement that a good one is taken."""
    yield Sample(DOUBTFUL, "a byte order mark", b"\xef\xbb\xbf" + valid, (0, 400))
    for parameters in OF_JSON:
        media_type = f"{JSON}{parameters}"
        yield Sample(PARAMETERS, f"the media type {media_type}", valid, (0,), media_type, sight)
    yield Sample(accepted, "a media type with capitals", valid, (0,), "Application/JSON")
    yield Sample(TYPE_DOUBTFUL, "a media type that ends in +json", valid, (0, 415), "application/x+json")
    yield Sample(TYPE_DOUBTFUL, "no media type", valid, (0, 415), None)
    yield Sample(NO_5XX, "a media type that is none", valid, (), "json")
    for media_type in OTHER_TYPES:
        yield Sample(TYPE_REFUSED, media_type, valid, (415,), media_type)
    yield Sample(TYPE_REFUSED, "a form", b"a=b", (415,), "application/x-www-form-urlencoded")
    yield Sample(TOO_LARGE, "a body over 1 MiB", valid + b" " * MAX_BODY, (413,))


def _of_import(bench: Bench, items: dict[str, Any]) -> Iterator[Sample]:
    """Samples for a list of properties; `items` is the schema of one of them."""
    key, value = (bench.shown.property_members[role] for role in ("key", "value"))
    longest = {name: items["properties"][name].get("maxLength", 1) for name in (key, value)}
    yield Sample(EMPTY_LIST, "an empty list", b"[]", (0,))
    # a character is a character: two bytes in UTF-8, or two code units in UTF-16, make no more of it
    for of_what, character in (("ASCII", "v"), ("what is long in UTF-8", "é"), ("what is long in UTF-16", "😀")):
        row = {key: character * longest[key], value: character * longest[value]}
        yield Sample(LONGEST, f"the longest key and value, of {of_what}", json_of([row]), (0,))
    yield Sample(BOUNDS, "an empty key", json_of([{key: "", value: "v"}]), (400,))
    yield Sample(BOUNDS, "a key too long", json_of([{key: "k" * (longest[key] + 1), value: ""}]), (400,))
    yield Sample(BOUNDS, "a value too long", json_of([{key: "k", value: "v" * (longest[value] + 1)}]), (400,))
    yield Sample(MEMBERS, "a property without a value", json_of([{key: "k"}]), (400,))
    yield Sample(MEMBERS, "a property without a key", json_of([{value: "v"}]), (400,))
    yield Sample(MEMBERS, "a value that is a number", json_of([{key: "k", value: 1}]), (400,))
    yield Sample(MEMBERS, "a property with another member", json_of([{key: "k", value: "v", "x-more": ""}]), (400,))
    for what, shape in NOT_LISTS.items():
        yield Sample(BAD_BODY, what, json_of(shape(bench.shown.members["properties"], key, value)), (400,))
    for what, pairs in REPEATED_KEYS.items():
        rows = [dict(zip((key, value), pair.split(), strict=True)) for pair in pairs]
        yield Sample(REPEATED, what, json_of(rows), (400,))
    yield Sample(DOUBTFUL, "a member twice", f'[{{"{key}": "k", "{value}": "1", "{value}": "2"}}]'.encode(), (0, 400))
    yield Sample(DOUBTFUL, "a lone surrogate", f'[{{"{key}": "k", "{value}": "\\ud800"}}]'.encode(), (0, 400))


def _of_provision(bench: Bench) -> Iterator[Sample]:
    """Samples for an object of which nothing is taken."""
    yield Sample(BODIES, "{}", b"{}", (0,))
    yield Sample(BODIES, "no body", b"", (0,), None)
    yield Sample(BODIES, "an object of exactly 1 MiB", b"{" + b" " * (MAX_BODY - 2) + b"}", (0,))
    members = bench.shown.members
    exported: dict[str, Any] = {members[role]: value for role, value in ANOTHER.items() if role in members}
    exported[members["state"]] = "PAUSED"
    exported[members["properties"]] = bench.shown.property_list({"mac": "00:00:00:00:00:00"})
    sight = Sight(READ_ONLY, "nothing of it taken", lambda look: _taken(bench, exported, look))
    yield Sample(BODIES, "another host's representation", json_of(exported), (0,), sight=sight)
    yield Sample(BAD_BODY, "a list", b"[]", (400,))
    yield Sample(BAD_BODY, "null", b"null", (400,))


ANOTHER: Mapping[str, Any] = {
    "organization": "another",
    "environment": "another",
    "host": "another",
    "hostname": "another.contract-tests.example",
    "agent": "Up",
    "locked": True,
}
"""What another host's representation has, by role; none of it can be that of the host by itself."""


def _taken(bench: Bench, sent: Mapping[str, Any], look: Snapshot) -> str | None:
    """The member that the instance has from the body; the agent is left out, it may have come Up by itself."""
    roles = [role for role in bench.shown.members if role != "agent"]
    plain = [role for role in roles if bench.shown.read(sent, role) == bench.shown.read(look.body, role) is not None]
    pairs = set(bench.shown.properties(sent)) & set(bench.shown.properties(look.body))
    taken = [*(bench.shown.members[role] for role in plain), *(key for key, _ in pairs)]
    return f"{taken[0]} as it was sent" if taken else None


def _other_text(bench: Bench) -> Callable[[Snapshot], str | None]:
    """Finds the text of an import where it was read in the encoding that a media type speaks of."""
    misread = TEXT.encode().decode("latin-1")
    return lambda look: next(
        (f"{key} with the value {value!r}" for key, value in bench.shown.properties(look.body) if value == misread),
        None,
    )
