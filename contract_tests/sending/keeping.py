"""Writes down what was asked and answered, and makes the reply that checks look at."""

from __future__ import annotations

from typing import Any

from requests import PreparedRequest
from schemathesis import Response

from contract_tests.judging.answer_checks import parse, text_of
from contract_tests.running.target import Credentials
from contract_tests.sending.exchanges import MAX_ANSWER, Log, body_bytes, curl, redacted, request_row, shown
from contract_tests.sending.replies import Reply


def kept(log: Log, request: PreparedRequest, response: Response, own: Credentials, **row: Any) -> Reply:
    """Add an exchange to the log, with the members of `row` besides; the reply, with its number."""
    headers = {name: ", ".join(values) for name, values in response.headers.items()}
    number = log.add(
        request=request_row(request, own),
        response={
            "status": response.status_code,
            "headers": redacted(headers),
            "body": shown(response.content, MAX_ANSWER),
            "seconds": round(response.elapsed, 6),
        },
        **row,
    )
    return Reply(
        number=number,
        status=response.status_code,
        headers=headers,
        body=parse(response),
        text=text_of(response),
        curl=curl(str(request.method), str(request.url), request.headers, body_bytes(request), own),
        at=log.clock.now,
    )
