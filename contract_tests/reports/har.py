"""exchanges.har: every request and answer for the tools that read HTTP archives, as redacted as exchanges.ndjson is."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

from harfile import Content, Creator, HarFile, PostData, Request, Response, Timings
from harfile import Record as Pair

from contract_tests.reports.reading import Body

_SENT_AS = "HTTP/1.1"
_UNKNOWN = "unknown"
_STATUSES = {status.value: status.phrase for status in HTTPStatus}


def write_har(record: Mapping[str, Any], exchanges: Iterable[Mapping[str, Any]], file: IO[str]) -> None:
    """Write HAR 1.2. An exchange without an answer has the status 0 and says why, as browsers do it."""
    started = datetime.fromisoformat(record["run"]["startedAt"])
    creator = Creator(name="contract-tests", version=record["suite"]["version"])
    with HarFile(file, creator=creator, comment=f"run {record['run']['id']}") as har:
        for exchange in exchanges:
            response = exchange.get("response")
            seconds = response["seconds"] if response else 0.0
            har.add_entry(
                startedDateTime=started + timedelta(seconds=exchange["at"] - seconds),
                time=_milliseconds(seconds),
                request=_request(exchange.get("request"), record["target"]["url"]),
                response=_response(response) if response else _lost(str(exchange.get("error"))),
                timings=Timings(send=0, wait=_milliseconds(seconds), receive=0),
                comment=f"{exchange['number']}: {exchange['check']}",
            )


def _request(request: Mapping[str, Any] | None, target: str) -> Request:
    if request is None:
        return Request(method="", url=target, httpVersion=_SENT_AS)
    headers = request["headers"]
    return Request(
        method=request["method"],
        url=request["url"],
        httpVersion=_SENT_AS,
        headers=_pairs(headers.items()),
        queryString=_pairs(parse_qsl(urlsplit(request["url"]).query, keep_blank_values=True)),
        postData=None if request["body"] is None else _post_data(headers, Body.of(request["body"])),
    )


def _post_data(headers: Mapping[str, str], body: Body) -> PostData:
    encoded = "in base64" if body.base64 else ""  # HAR has a member for it in answers only
    comment = ", ".join(filter(None, [encoded, _shortened(body)]))
    return PostData(mimeType=_header(headers, "content-type"), text=body.text, comment=comment or None)


def _response(response: Mapping[str, Any]) -> Response:
    headers, body = response["headers"], Body.of(response["body"])
    return Response(
        status=response["status"],
        statusText=_STATUSES.get(response["status"], ""),
        httpVersion=_UNKNOWN,
        headers=_pairs(headers.items()),
        content=Content(
            size=_size(body),
            mimeType=_header(headers, "content-type"),
            text=body.text,
            encoding="base64" if body.base64 else None,
            comment=_shortened(body),
        ),
        redirectURL=_header(headers, "location"),
    )


def _lost(error: str) -> Response:
    return Response(status=0, statusText="", httpVersion=_UNKNOWN, comment=error)


def _shortened(body: Body) -> str | None:
    return None if body.length is None else f"the beginning of {body.length} bytes"


def _size(body: Body) -> int:
    if body.length is not None:
        return body.length
    return len(base64.b64decode(body.text) if body.base64 else body.text.encode("utf-8", "surrogatepass"))


def _pairs(values: Iterable[tuple[str, str]]) -> list[Pair]:
    return [Pair(name=name, value=value) for name, value in values]


def _header(headers: Mapping[str, str], wanted: str) -> str:
    return next((value for name, value in headers.items() if name.lower() == wanted), "")


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
