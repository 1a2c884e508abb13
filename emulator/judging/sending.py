"""Rules about what a client sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from contract import Document, Operation
from emulator.journal.har import credential_headers
from emulator.judging.case import Case, Charge, pause


def undocumented(case: Case) -> Iterator[Charge]:
    """Members of a body that no schema of its operation has."""
    for entry in case.entries:
        operation, document = case.terms.operation(entry), case.terms.document(entry)
        if operation is None or document is None or not entry.request_body:
            continue
        try:
            body = orjson.loads(entry.request_body)
        except orjson.JSONDecodeError:
            continue
        if unknown := sorted(set(_unknown(document, _schema(document, operation), body))):
            yield (entry,), f"{entry.operation} with {', '.join(unknown)}"


def needless_credentials(case: Case) -> Iterator[Charge]:
    """Credentials for a server that asks for none: told once, for all of its requests."""
    if not case.terms.is_open:
        return
    for entry in case.entries:
        sent = {name.lower() for name, _ in entry.request_headers}
        for header in sorted(credential_headers(entry)):
            if header.lower() in sent:
                yield (entry,), f"{header}, which the server never asked for"
                return


def hurried(case: Case) -> Iterator[Charge]:
    """The same request again, before the time that a refusal named in Retry-After."""
    last: dict[tuple[str, str], Any] = {}
    for entry in case.entries:
        earlier = last.get((entry.method, entry.path))
        if earlier is not None and (wanted := _retry_after(earlier.response_headers)) > pause(earlier, entry):
            yield (earlier, entry), f"again after {pause(earlier, entry):.2g} s; Retry-After said {wanted:g}"
        last[entry.method, entry.path] = entry


def _retry_after(headers: Any) -> float:
    text = next((value for name, value in headers if name.lower() == "retry-after"), "")
    return float(text) if text.isdecimal() else 0.0


def _schema(document: Document, operation: Operation) -> Mapping[str, Any]:
    """What a body may have: where any object is taken, what the operation answers, for that may be sent back."""
    if operation.body is None:
        return {"properties": {}}
    schema = operation.body.schema
    if any(True for _ in _parts(document, schema, "properties", "items")):
        return schema
    return operation.responses[operation.success].schema or schema


def _unknown(document: Document, schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    """The names of members, at any depth, that the schema does not have; where it has none it allows all."""
    if isinstance(value, list):
        for items in _parts(document, schema, "items"):
            for item in value:
                yield from _unknown(document, items, item)
    if isinstance(value, dict):
        known: dict[str, Any] = {}
        parts = list(_parts(document, schema, "properties"))
        for part in parts:
            known |= part
        for name, member in value.items():
            if name in known:
                yield from _unknown(document, known[name], member)
            elif parts:
                yield name


def _parts(document: Document, schema: Mapping[str, Any], *keywords: str) -> Iterator[Mapping[str, Any]]:
    """What a schema, and all that it is composed of, says under these keywords."""
    for keyword in keywords:
        if isinstance(schema.get(keyword), dict):
            yield schema[keyword]
    if "$ref" in schema:
        yield from _parts(document, document.resolve(schema), *keywords)
    for composed in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(composed, ()):
            yield from _parts(document, part, *keywords)
