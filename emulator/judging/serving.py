"""Rules about what a server answers: those of the contract that one answer alone can break."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from contract import Contract, Document, Operation, Validator
from emulator.journal import Entry
from emulator.judging.case import Case, Charge
from emulator.judging.rule import Rule
from emulator.wire import Wire

JSON = "application/json"
Answer = Callable[[Entry, Operation, Document], Iterator[str]]
"""From an exchange, its operation and the document of that, to what is wrong with the answer."""


def server_rules(contract: Contract) -> tuple[Rule, ...]:
    """The rules, with the words of the contract."""
    names = Wire(contract).instance
    rows: Mapping[str, Answer] = {
        "operations.documented-answers": Documented(),
        "representation.media-type": media_type,
        "representation.names-of-path": lambda entry, _, __: names_of_path(entry, names),
    }
    return tuple(
        Rule(it.id, it.level, it.basis, it.statement, _charges(rows[it.id]))
        for it in contract.requirements.values()
        if it.id in rows
    )


class Documented:
    """A status that the operation has, with the headers and the schema that go with it."""

    def __init__(self) -> None:
        self._validators: dict[tuple[str, int], Validator] = {}

    def __call__(self, entry: Entry, operation: Operation, document: Document) -> Iterator[str]:
        """What is wrong with the answer."""
        response = operation.responses.get(entry.status)
        if response is None:
            yield f"the status {entry.status}; documented are {', '.join(map(str, sorted(operation.responses)))}"
            return
        sent = {name.lower() for name, _ in entry.response_headers}
        yield from (f"no header {name}" for name, must in response.headers.items() if must and name.lower() not in sent)
        if entry.method == "HEAD":
            return
        if response.schema is None:
            if entry.response_body:
                yield f"{len(entry.response_body)} bytes of content; {entry.status} has none"
            return
        is_json, value = _json(entry)
        if is_json:
            key = operation.id, entry.status
            if key not in self._validators:
                self._validators[key] = document.validator(response.schema)
            if problems := self._validators[key].problems(value):
                yield "; ".join(problems)


def media_type(entry: Entry, _: Operation, __: Document) -> Iterator[str]:
    """JSON that says so, wherever there is content."""
    if not entry.response_body or entry.method == "HEAD":
        return
    said = next((value for name, value in entry.response_headers if name.lower() == "content-type"), "")
    if said.partition(";")[0].strip().lower() != JSON:
        yield f"the media type {said!r}, not {JSON}"
    if not _json(entry)[0]:
        yield "content that is not JSON in UTF-8"


def names_of_path(entry: Entry, names: Mapping[str, str]) -> Iterator[str]:
    """A representation is of the host that the path names."""
    _, value = _json(entry)
    if entry.status != 200 or not isinstance(value, dict) or names["state"] not in value:
        return
    for role, name in zip(("organization", "environment", "host"), entry.names, strict=False):
        if value.get(names[role]) != name:
            yield f"{names[role]} is {value.get(names[role])!r}; the path says {name!r}"


def _charges(answer: Answer) -> Callable[[Case], Iterator[Charge]]:
    def charges(case: Case) -> Iterator[Charge]:
        for entry in case.entries:
            operation, document = case.terms.operation(entry), case.terms.document(entry)
            if operation is not None and document is not None and entry.error is None:
                yield from (((entry,), what) for what in answer(entry, operation, document))

    return charges


def _json(entry: Entry) -> tuple[bool, Any]:
    try:
        return True, orjson.loads(entry.response_body)
    except orjson.JSONDecodeError:
        return False, None
