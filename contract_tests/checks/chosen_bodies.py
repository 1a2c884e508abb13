"""Bodies chosen by hand, one for each rule about bodies: what random ones meet seldom, or engines do not make."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract import Operation
from contract_tests.checks.bodies import UNCHANGED
from contract_tests.judging.body_rules import MAX_BODY
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.registry import check
from contract_tests.running.target import Level
from contract_tests.sending.replies import LostReplyError

JSON = "application/json"
NOT_JSON, DOUBTFUL, TYPE_REFUSED = "errors.not-json", "errors.doubtful-json", "errors.media-type-refused"
BOUNDS, MEMBERS = "properties.bounds-refused", "properties.members-refused"


MALFORMED = (
    ("a body that is no JSON at all", b"rubbish"),
    ("a comma at the end", b'{"a": 1,}'),
    ("single quotes", b"{'a': 1}"),
    ("a name without quotes", b"{a: 1}"),
    ("two values", b"{} {}"),
    ("a comment", b'{"a": 1 /* one */}'),
    ("a leading zero", b'{"a": 01}'),
    ("a control character in a string", b'{"a": "\x01"}'),
    ("NaN", b"[NaN]"),
    ("Infinity", b'{"a": -Infinity}'),
    ("a body that is not UTF-8", b'{"a": "\xff\xfe"}'),
)
"""Bodies that are not JSON, and that lenient readers take."""

PARAMETERS = ("; charset=utf-8", ";charset=UTF-8", '; charset="utf-8"', "; profile=x; charset=utf-8")

OTHER_TYPES = ("text/plain", "text/json", "application/xml", "application/json-seq", "multipart/form-data; boundary=x")


READ_ONLY = "representation.read-only-ignored"


@dataclass(frozen=True, slots=True)
class Sample:
    """A body, the requirement that it is about, and the statuses that may come; 0 stands for success.

    `taken` looks at an instance that was made with it and has settled, and says what it has from it, if anything.
    """

    rule: str
    what: str
    data: bytes
    statuses: tuple[int, ...]
    media_type: str | None = JSON
    taken: Callable[[Snapshot], str | None] | None = None


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _of_every_operation(valid: bytes) -> Iterator[Sample]:
    """Samples for whatever reads a body; `valid` is one that it accepts."""
    yield Sample(NOT_JSON, "a body that ends too early", valid[:-1], (400,))
    for what, data in MALFORMED:
        yield Sample(NOT_JSON, what, data, (400,))
    yield Sample(DOUBTFUL, "a byte order mark", b"\xef\xbb\xbf" + valid, (0, 400))
    for parameters in PARAMETERS:
        what, media_type = f"the media type {JSON}{parameters}", f"{JSON}{parameters}"
        yield Sample("errors.media-type-parameters", what, valid, (0,), media_type)
    yield Sample("errors.media-type-doubtful", "a media type that ends in +json", valid, (0, 415), "application/x+json")
    yield Sample("errors.media-type-doubtful", "no media type", valid, (0, 415), None)
    for media_type in OTHER_TYPES:
        yield Sample(TYPE_REFUSED, media_type, valid, (415,), media_type)
    yield Sample(TYPE_REFUSED, "a form", b"a=b", (415,), "application/x-www-form-urlencoded")
    yield Sample("errors.too-large", "a body over 1 MiB", valid + b" " * MAX_BODY, (413,))


def _of_import(bench: Bench, items: dict[str, Any]) -> Iterator[Sample]:
    """Samples for a list of properties; `items` is the schema of one of them."""
    key, value = (bench.shown.property_members[role] for role in ("key", "value"))
    longest = {name: items["properties"][name].get("maxLength", 1) for name in (key, value)}
    yield Sample("operations.import-empty-list", "an empty list", b"[]", (0,))
    yield Sample(
        "properties.longest-taken",
        "the longest key and value",
        _json([{key: "k" * longest[key], value: "v" * longest[value]}]),
        (0,),
    )
    # a character is a character: two bytes in UTF-8, or two code units in UTF-16, make no more of it
    for how, character in (("in UTF-8", "é"), ("in UTF-16", "😀")):
        wide = _json([{key: character * longest[key], value: "v"}])
        yield Sample("properties.longest-taken", f"the longest key, of characters that are long {how}", wide, (0,))
    yield Sample(BOUNDS, "an empty key", _json([{key: "", value: "v"}]), (400,))
    yield Sample(BOUNDS, "a key too long", _json([{key: "k" * (longest[key] + 1), value: ""}]), (400,))
    yield Sample(BOUNDS, "a value too long", _json([{key: "k", value: "v" * (longest[value] + 1)}]), (400,))
    yield Sample(MEMBERS, "a property without a value", _json([{key: "k"}]), (400,))
    yield Sample(MEMBERS, "a property without a key", _json([{value: "v"}]), (400,))
    yield Sample(MEMBERS, "a value that is a number", _json([{key: "k", value: 1}]), (400,))
    yield Sample(MEMBERS, "a property with another member", _json([{key: "k", value: "v", "x-more": ""}]), (400,))
    twice = [{key: "k", value: "1"}, {key: "k", value: "2"}]
    yield Sample("properties.repeated-key-refused", "a key twice", _json(twice), (400,))
    yield Sample(DOUBTFUL, "a member twice", f'[{{"{key}": "k", "{value}": "1", "{value}": "2"}}]'.encode(), (0, 400))
    yield Sample(DOUBTFUL, "a lone surrogate", f'[{{"{key}": "k", "{value}": "\\ud800"}}]'.encode(), (0, 400))


def _of_provision(bench: Bench) -> Iterator[Sample]:
    """Samples for an object of which nothing is taken."""
    rule = "operations.provision-bodies"
    yield Sample(rule, "{}", b"{}", (0,))
    yield Sample(rule, "no body", b"", (0,), None)
    members = bench.shown.members
    other = {"organization": "another", "environment": "another", "host": "another", "agent": "Up", "locked": True}
    exported: dict[str, Any] = {members[role]: value for role, value in other.items() if role in members}
    exported[members["state"]] = "PAUSED"
    exported[members["properties"]] = bench.shown.property_list({"mac": "00:00:00:00:00:00"})
    another = "another host's representation"
    yield Sample(rule, another, _json(exported), (0,), taken=lambda look: _taken(bench, exported, look))
    yield Sample("errors.refused-by-schema", "a list", b"[]", (400,))
    yield Sample("errors.refused-by-schema", "null", b"null", (400,))


def _taken(bench: Bench, sent: Mapping[str, Any], look: Snapshot) -> str | None:
    """The member that the instance has from the body; the agent is left out, it may have come Up by itself."""
    roles = [role for role in bench.shown.members if role != "agent"]
    plain = [role for role in roles if bench.shown.read(sent, role) == bench.shown.read(look.body, role) is not None]
    pairs = set(bench.shown.properties(sent)) & set(bench.shown.properties(look.body))
    taken = [*(bench.shown.members[role] for role in plain), *(key for key, _ in pairs)]
    return f"{taken[0]} as it was sent" if taken else None


@check(
    "chosen-bodies",
    "bodies chosen by hand",
    level=Level.FULL,
    requirements=(
        NOT_JSON,
        DOUBTFUL,
        TYPE_REFUSED,
        BOUNDS,
        MEMBERS,
        UNCHANGED,
        "errors.media-type-parameters",
        "errors.media-type-doubtful",
        "errors.too-large",
        "errors.refused-by-schema",
        "operations.import-empty-list",
        "operations.provision-bodies",
        "properties.longest-taken",
        "properties.repeated-key-refused",
        READ_ONLY,
    ),
)
def chosen_bodies(bench: Bench) -> None:
    """Each sample on a host that has no instance, so that nothing but the body can be refused."""
    for operation in bench.claimed(bench.contract.operations.values()):
        for sample in _samples(bench, operation):
            _try(bench, operation, sample)


def _samples(bench: Bench, operation: Operation) -> Iterator[Sample]:
    if operation.body is None:
        return
    schema = bench.contract.document.resolve(operation.body.schema)
    if schema.get("type") == "array":
        yield from _of_every_operation(_json(bench.shown.property_list({"contract-tests": "a property"})))
        yield from _of_import(bench, dict(bench.contract.document.resolve(schema["items"])))
    else:
        yield from _of_every_operation(b"{}")
        yield from _of_provision(bench)


def _try(bench: Bench, operation: Operation, sample: Sample) -> None:
    absent, host = bench.contract.lifecycle.absent, bench.host
    what = f"{operation.id} with {sample.what}"
    try:
        bench.navigator.bring(host, absent)
        reply = bench.client.send_bytes(operation, host, sample.data, sample.media_type)
        after = bench.navigator.rest(host) if reply.accepted and sample.taken else bench.navigator.look(host)
    except LostReplyError as error:
        bench.ledger.doubt((sample.rule,), f"{what}: {error}")
        return
    bench.ledger.figures["examples"] += 1
    if reply.status < 500:  # a 5xx was charged already, as in every answer, and so was a wrong 2xx
        expected = " or ".join(str(status or operation.success) for status in sample.statuses)
        holds = reply.status in sample.statuses or (reply.accepted and 0 in sample.statuses)
        bench.ledger.require(holds, (sample.rule,), what, expected=expected, got=reply, reply=reply)
    if reply.accepted and sample.taken and after.body is not None:
        taken = sample.taken(after)
        expected = "nothing of it taken"
        bench.ledger.require(taken is None, (READ_ONLY,), what, expected=expected, got=taken, reply=reply)
    if not reply.accepted:
        still = after.state == absent
        bench.ledger.require(still, (UNCHANGED,), what, expected="no instance still", got=after.state, reply=reply)
