"""Entries as an HTTP archive (HAR 1.2), which browsers and many tools open. What lets a client in is not in it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from emulator.clock import iso
from emulator.journal.entries import Entry, Headers

REDACTED = "[redacted]"
SECRET = frozenset({"proxy-authorization", "cookie", "set-cookie"})
"""Headers by which a client may be known, in lower case, beside those that the contract names."""

_STATUSES = {status.value: status.phrase for status in HTTPStatus}


def archive(entries: Iterable[Entry]) -> dict[str, Any]:
    """The entries as a HAR document."""
    creator = {"name": "hypervisor-emulator", "version": version("hypervisor-emulator")}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_entry(entry) for entry in entries]}}


def redacted(entry: Entry, headers: Headers) -> list[tuple[str, str]]:
    """The headers with a note in the place of each credential."""
    secret = SECRET | {name.lower() for name in credential_headers(entry)}
    return [(name, REDACTED if name.lower() in secret else value) for name, value in headers]


def credential_headers(entry: Entry) -> frozenset[str]:
    """The headers in which the contract takes credentials, such as Authorization."""
    schemes = entry.contract.document.raw.get("components", {}).get("securitySchemes", {}).values()
    keys = {scheme["name"] for scheme in schemes if scheme.get("type") == "apiKey" and scheme.get("in") == "header"}
    return frozenset(keys | {"Authorization"})


def _entry(entry: Entry) -> dict[str, Any]:
    milliseconds = entry.duration * 1000
    about = {
        "number": entry.number,
        "world": entry.world,
        "operation": entry.operation,
        "before": entry.before,
        "after": entry.after,
        "requirements": entry.requirements,
        "trouble": entry.trouble,
        "error": entry.error,
    }
    return {
        "startedDateTime": iso(entry.at),
        "time": milliseconds,
        "request": _request(entry),
        "response": _response(entry),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        **{f"_{name}": value for name, value in about.items()},
    }


def _request(entry: Entry) -> dict[str, Any]:
    headers = redacted(entry, entry.request_headers)
    known = _by_name(headers)
    shown: dict[str, Any] = {
        "method": entry.method,
        "url": f"http://{known.get('host', 'localhost')}{entry.path}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "queryString": _pairs(parse_qsl(urlsplit(entry.path).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len(entry.request_body),
    }
    if entry.request_body:
        media_type = known.get("content-type", "")
        shown["postData"] = {"mimeType": media_type, "text": entry.request_body.decode(errors="replace"), "params": []}
    return shown


def _response(entry: Entry) -> dict[str, Any]:
    headers = redacted(entry, entry.response_headers)
    known = _by_name(headers)
    return {
        "status": entry.status,
        "statusText": _STATUSES.get(entry.status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "content": {"mimeType": known.get("content-type", ""), **_content(entry.response_body)},
        "redirectURL": known.get("location", ""),
        "headersSize": -1,
        "bodySize": len(entry.response_body),
    }


def _content(body: bytes) -> dict[str, Any]:
    try:
        return {"size": len(body), "text": body.decode()}
    except UnicodeDecodeError:
        return {"size": len(body), "text": base64.b64encode(body).decode("ascii"), "encoding": "base64"}


def _by_name(headers: Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers}


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
