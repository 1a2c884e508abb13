"""Lawful variants in what is said, and how it is written."""

from __future__ import annotations

import json
import random
from collections import Counter
from functools import partial
from typing import Any

from tests.faulty_servers.faults import in_refusals, is_shown, on, once_done, showing
from tests.faulty_servers.front import Twist, Twister
from tests.faulty_servers.middle import Answer, Call, Change, Forward
from tests.lawful_servers.variants import changed, fronted, lawful


def _rewritten(write: Any) -> Change:
    """Every body written in another way."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_json = honest.body and any("json" in value for _, value in honest.headers)
        return Answer(honest.status, write(honest.value), honest.headers) if is_json else honest

    return answer


WAYS = (
    (
        "json-is-indented",
        "JSON with indents, and a line feed at its end",
        lambda v: json.dumps(v, indent=4).encode() + b"\n",
    ),
    ("json-is-escaped", "All but ASCII is escaped", lambda v: json.dumps(v, ensure_ascii=True).encode()),
    (
        "json-is-plain",
        "No character is escaped that need not be",
        lambda v: json.dumps(v, ensure_ascii=False).encode("utf-8", "replace"),
    ),
    ("members-are-sorted", "Members in the order of their names", lambda v: json.dumps(v, sort_keys=True).encode()),
    ("members-are-reversed", "Members in the reverse order", lambda v: json.dumps(dict(reversed(v.items()))).encode()),
)

for _name, _says, _write in WAYS:
    changed(_name, f"{_says}.", partial(_rewritten, _write))


@lawful()
def fields_that_nobody_knows() -> Change:
    """More members in instances, in their consoles and in errors."""
    return _rewritten(lambda value: json.dumps({**value, "links": [{"rel": "self"}], "x": None, "_id": 7}).encode())


@lawful()
def messages_in_another_language() -> Change:
    """Several messages, in French, that name the state and the path all the same."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status < 400 or not honest.body:
            return honest
        told = honest.value["error"][0]
        return honest.saying({"error": [f"Désolé ☹ : {told}", "Réessayez plus tard."]})

    return answer


@lawful()
def properties_in_any_order() -> Change:
    """The properties in another order each time."""
    order = random.Random(7)
    return showing(lambda shown: order.shuffle(shown["properties"]))


@lawful()
def media_type_with_a_charset() -> Change:
    """application/json;charset=UTF-8."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if not honest.body:
            return honest
        headers = (*honest.without("Content-Type").headers, ("Content-Type", "application/json;charset=UTF-8"))
        return Answer(honest.status, honest.body, headers)

    return answer


@lawful()
def headers_that_nobody_knows() -> Change:
    """Headers of caches, of proxies, of security, and one that comes twice."""
    more = (
        ("ETag", '"7"'),
        ("Cache-Control", "no-store"),
        ("Vary", "Accept, Origin"),
        ("X-Request-Id", "0815"),
        ("Set-Cookie", "a=b; Path=/"),
        ("Set-Cookie", "c=d; Path=/"),
        ("Strict-Transport-Security", "max-age=1"),
    )

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return Answer(honest.status, honest.body, (*honest.headers, *more))

    return answer


@lawful()
def allow_in_another_order() -> Change:
    """Allow with its methods from last to first, with TRACE, and with other spaces."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        allow = next((value for name, value in honest.headers if name == "Allow"), None)
        if allow is None:
            return honest
        words = [*reversed([word.strip() for word in allow.split(",")]), "TRACE"]
        return Answer(honest.status, honest.body, (*honest.without("Allow").headers, ("allow", ",".join(words))))

    return answer


@lawful()
def options_with_a_body() -> Change:
    """OPTIONS gets 200 and an object."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_success = call.method == "OPTIONS" and honest.status < 300
        headers = (*honest.headers, ("Content-Type", "application/json"))
        return Answer(200, b'{"methods": "see Allow"}', headers) if is_success else honest

    return answer


@lawful()
def reads_are_put_off_now_and_then() -> Change:
    """Every fortieth GET gets 503 with Retry-After: 0."""
    reads: Counter[str] = Counter()
    busy = Answer(503, b'{"error": ["busy"]}', (("Content-Type", "application/json"), ("Retry-After", "0")))

    def answer(call: Call, forward: Forward) -> Answer:
        reads[call.method] += 1
        return busy if call.method == "GET" and reads["GET"] % 40 == 0 else forward(call)

    return answer


@lawful()
def too_many_requests_now_and_then() -> Change:
    """Every sixtieth write gets 429 with Retry-After: 0, and is not done."""
    writes: Counter[str] = Counter()
    busy = Answer(429, b'{"error": ["slower"]}', (("Content-Type", "application/json"), ("Retry-After", "0")))

    def answer(call: Call, forward: Forward) -> Answer:
        writes["all"] += call.method in ("PUT", "POST", "DELETE")
        return busy if call.method in ("PUT", "POST", "DELETE") and writes["all"] % 60 == 0 else forward(call)

    return answer


@lawful()
def console_has_an_address() -> Change:
    """The console is at an address of IP version 6, on the last port."""
    access = {"hostname": "2001:db8::7", "port": "65535", "type": "vnc"}
    return once_done("GET", "vnc", lambda honest: honest.saying({**honest.value, **access}))


@lawful()
def agent_never_reports_in() -> Change:
    """SynapseState is always Down."""
    return showing(lambda shown: shown.update(synapseState="Down"))


@lawful()
def no_hostname_is_shown() -> Change:
    """The optional member hostname is missing."""
    return showing(lambda shown: shown.pop("hostname", None))


@lawful()
def names_that_are_none_get_400() -> Change:
    """400 where a name in the path is no name, instead of 404."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return honest.saying(honest.value, 400) if honest.status == 404 and b"is no name" in honest.body else honest

    return answer


@lawful()
def provision_answers_pending() -> Change:
    """The answer to a provision says PENDING, although the machine runs already."""

    def change(honest: Answer) -> Answer:
        if not is_shown(honest):
            return honest
        return honest.saying({**honest.value, "state": "PENDING", "synapseState": "Down"})

    return once_done("POST", "", change)


@lawful()
def errors_name_their_time() -> Change:
    """An error with code, time and trace beside its messages."""
    more = {"code": "E7", "timestamp": "2026-01-01T00:00:00Z", "path": "/"}
    return in_refusals(lambda answer: answer.saying({**answer.value, **more}) if answer.body else answer)


@lawful()
def lock_answers_without_hostname() -> Change:
    """Lock and unlock answer the least that a representation has."""
    least = ("organization", "environment", "host", "state", "properties", "synapseState", "locked")

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if call.action not in ("lock", "unlock") or not is_shown(honest):
            return honest
        return honest.saying({name: honest.value[name] for name in least})

    return on("POST", "lock", answer)


@fronted
def hints_come_first() -> Twister:
    """103 with hints, and 102, before the first answer of each connection."""
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </>; rel=next\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    return lambda data: Twist(first=interim if b" HTTP/1.1\r\n" in data else b"")
