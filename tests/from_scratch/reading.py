"""How this server reads paths and bodies, by hand."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes

ROUTE = re.compile(r"/organizations/([^/]+)/environments/([^/]+)/hosts/([^/]+)/instance((?:/[^/]*)*)")
ACTIONS = ("_start", "_pause", "_resume", "_shutdown", "_stop", "_reboot", "_off", "_forget")
METHODS = {
    "": ("GET", "HEAD", "POST", "DELETE"),
    "properties": ("POST",),
    "vnc": ("GET", "HEAD"),
    "lock": ("POST",),
    "unlock": ("POST",),
    **dict.fromkeys(ACTIONS, ("PUT",)),
}
MOST = 1024 * 1024


class BadName(Exception):
    """A name that is none."""


class Refused(Exception):
    """A body that is not taken: a status and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


def route(target: str) -> tuple[tuple[str, ...], str] | None:
    """The three names and what comes after the instance; None for any other path. BadName for a name that is none."""
    path = target.partition("?")[0]
    path = path.removesuffix("/")
    found = ROUTE.fullmatch(path)
    if found is None:
        return None
    names = tuple(name_of(part) for part in found.groups()[:3])
    return names, found.group(4)[1:]


def name_of(part: str) -> str:
    """A name, out of its percent-encoded form."""
    try:
        name = unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        raise BadName("a name is not UTF-8") from None
    if "/" in name or name in (".", "..") or len(name) > 255 or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name):
        raise BadName("no such name can be")
    return name


def json_of(body: bytes, media_type: str | None, flaws: frozenset[str]) -> Any:
    """The value of a body. Refused when it is too large, of another type, or no JSON."""
    if len(body) > MOST:
        raise Refused(413, "a body may have one mebibyte")
    essence = media_type and media_type.lower()
    if essence and "media types have no parameters" not in flaws:
        essence = essence.partition(";")[0].strip()
    if essence not in (None, "application/json"):
        raise Refused(415, f"{media_type} is not taken, application/json is")
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"that is no JSON: {error}") from None


def properties_of(value: Any) -> dict[str, str]:
    """The properties in the body of an import. Refused when one is none, or is there twice."""
    if not isinstance(value, list):
        raise Refused(400, "a list of properties is expected")
    found: dict[str, str] = {}
    for row in value:
        if not isinstance(row, dict) or set(row) != {"key", "value"}:
            raise Refused(400, "a property has a key and a value, and nothing else")
        key, content = row["key"], row["value"]
        if not isinstance(key, str) or not isinstance(content, str):
            raise Refused(400, "key and value are strings")
        if not 1 <= len(key) <= 255 or len(content) > 65_535:
            raise Refused(400, "a key has 1 to 255 characters, a value at most 65,535")
        if any(0xD800 <= ord(c) <= 0xDFFF for c in key + content):
            raise Refused(400, "half a character")
        if key in found:
            raise Refused(400, f"{key!r} is there twice")
        found[key] = content
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no value")
