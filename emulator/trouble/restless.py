"""All that the contract leaves open in an answer, chosen differently each time."""

from __future__ import annotations

import json
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, TypeVar

import orjson

from emulator.errors import HEADER_CASE, LAST_ANSWER, TooManyRequests, Unavailable
from emulator.trouble.engine import Hit

Thing = TypeVar("Thing")

BUSY_EVERY = 40
"""One of so many requests of a host is put off: never more than two in a row, as clients give up after three."""

LONGEST = 0.008
"""Seconds that an answer is held back at most."""

WRITERS: Sequence[Callable[[Any], bytes]] = (
    orjson.dumps,
    lambda value: json.dumps(value).encode(),
    lambda value: json.dumps(value, ensure_ascii=False, indent=3).encode() + b"\r\n",
    lambda value: b" \n" + json.dumps(value, ensure_ascii=False, separators=(" ,\t", " : ")).encode(),
)
"""The same JSON, written in different ways."""

MEDIA_TYPES = ("application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8")

MORE_HEADERS = (
    ("ETag", '"7"'),
    ("Cache-Control", "no-store"),
    ("Vary", "Accept, Origin"),
    ("X-Request-Id", "0815"),
    ("Set-Cookie", "a=b; Path=/"),
    ("Set-Cookie", "c=d; Path=/"),
    ("Server", "something/2.0"),
)
MORE_MEMBERS = (("links", [{"rel": "self"}]), ("x-note", None), ("_id", 7), ("Zustand", {"état": "☂"}))
MORE_MESSAGES = ("Please see the manual.", "Veuillez réessayer ☹", "(0x7)")
BEGINNINGS = ("", "", "Désolé : ", "E409 — ", "Sorry: ")
PHRASES = ("Fine", "As you like", "So be it")
CASES = ("lower", "upper", "title")


def delay(hit: Hit) -> float:
    """Seconds that the answer is held back."""
    return LONGEST * hit.fraction("long") if hit.fraction("held") < 1 / 12 else 0.0


def put_off(hit: Hit) -> None:
    """Unavailable or TooManyRequests for one request in so many of a host."""
    block, place = divmod(hit.ordinal, BUSY_EVERY)
    if place == int(hit.of_host("busy", block) * BUSY_EVERY):
        refusal = Unavailable if hit.fraction("code") < 1 / 2 else TooManyRequests
        raise refusal("not now; come again", retry_after=0)


def rewrite(hit: Hit, environ: MutableMapping[str, Any], answer: Any) -> None:
    """Say the same in another way. The answer is a response of the framework, that can still be changed."""
    headers = answer.headers
    for name, value in MORE_HEADERS:
        if hit.fraction("header", value) < 1 / 4:
            headers.add(name, value)
    if (allow := headers.get("Allow")) is not None:
        words = _shuffled(hit, [word.strip() for word in allow.split(",")], "allow")
        headers["Allow"] = (",", ", ", " ,  ")[hit.index(3, "comma")].join(words)
    if hit.fraction("phrase") < 1 / 4:
        answer.status = f"{answer.status_code} {PHRASES[hit.index(len(PHRASES), 'which')]}"
    environ[HEADER_CASE] = CASES[hit.index(len(CASES), "case")]
    environ[LAST_ANSWER] = hit.fraction("last") < 1 / 6
    data = answer.get_data()
    if data and "json" in (headers.get("Content-Type") or ""):
        value = _varied(hit, orjson.loads(data))
        answer.set_data(WRITERS[hit.index(len(WRITERS), "writer")](value))
        headers["Content-Type"] = MEDIA_TYPES[hit.index(len(MEDIA_TYPES), "media")]
        if environ["REQUEST_METHOD"] != "HEAD" and hit.fraction("chunks") < 1 / 4:
            answer.automatically_set_content_length = False  # without a length it goes in chunks
            del headers["Content-Length"]


def _varied(hit: Hit, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    content = dict(value)
    if isinstance(content.get("error"), list):
        content["error"] = _reworded(hit, content["error"])
    elif isinstance(content.get("properties"), list):
        content["properties"] = _shuffled(hit, content["properties"], "properties")
    if hit.of_host("hostname") < 1 / 3 and "state" in content and "properties" in content:
        content.pop("hostname", None)
    for name, more in MORE_MEMBERS:
        if name not in content and hit.fraction("member", name) < 1 / 4:
            content[name] = more
    return dict(_shuffled(hit, list(content.items()), "members"))


def _reworded(hit: Hit, messages: list[str]) -> list[str]:
    first = BEGINNINGS[hit.index(len(BEGINNINGS), "beginning")] + messages[0]
    more = [MORE_MESSAGES[hit.index(len(MORE_MESSAGES), "more")]] if hit.fraction("messages") < 1 / 3 else []
    return [first, *messages[1:], *more]


def _shuffled(hit: Hit, things: list[Thing], what: str) -> list[Thing]:
    keyed = [(hit.fraction(what, number), thing) for number, thing in enumerate(things)]
    return [thing for _, thing in sorted(keyed, key=lambda pair: pair[0])]
