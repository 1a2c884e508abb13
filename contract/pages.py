"""The pages of docs/ that are made from the contract, so that they cannot say anything else.

A page is a function from the contract to Markdown; the table at the foot names them all. What a page shows is
in the order of the document, so that a change of the contract is a small change of the page.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from contract.api import Contract
from contract.lifecycle import Edge, Lifecycle
from contract.requirements import Requirement

_MADE = "<!-- Made from openapi.yaml by `python -m contract pages`. To change this page, change the contract. -->"
_BASIS = (
    "Basis: **D** the public documentation of the resource, **C** the public Python client relies on it, "
    "**P** this project decides it, because both are silent."
)

_NOT_OFFERED = "**Not offered.**"
_MARKED = re.compile(r"(<!-- made from openapi\.yaml[^>]*-->).*?(<!-- until here -->)", re.DOTALL)
"""What is made from the contract in a page that is written by hand."""


def render_pages(contract: Contract) -> Mapping[str, str]:
    """The text of each page by its file name."""
    return {name: "\n".join([_MADE, *page(contract)]) + "\n" for name, page in _PAGES.items()}


def fill_readme(text: str, contract: Contract) -> str:
    """The README with what the contract does not offer between its two marks, in the words of the contract."""
    description = contract.document.raw["info"].get("description", "")
    stated = (paragraph for paragraph in description.split("\n\n") if paragraph.startswith(_NOT_OFFERED))
    words = next(stated, "").removeprefix(_NOT_OFFERED).split()
    item = textwrap.fill(" ".join(["-", *words]), width=118, subsequent_indent="  ", break_on_hyphens=False)
    return _MARKED.sub(lambda found: f"{found[1]}\n{item if words else ''}\n{found[2]}", text)


def _lifecycle_page(contract: Contract) -> Iterator[str]:
    lifecycle = contract.lifecycle
    yield from ("# The lifecycle of an instance", "", lifecycle.description.strip(), "")
    yield from ("An arrow leads to where the trigger settles; what it passes through is in the table below.", "")
    yield from ("```mermaid", *_diagram(lifecycle), "```", "")
    yield from ("## The states", "")
    yield from _table(
        ("state", "kind", "meaning"),
        ((state.name, state.kind, _text(state.summary)) for state in lifecycle.states.values()),
    )
    yield from ("", "## Every state and every trigger", "")
    yield "Where a trigger leads, and what an instance reads on the way (in brackets); or the code of the refusal."
    yield ""
    yield from _table(
        ("", *lifecycle.triggers),
        (
            (f"**{state}**", *(_cell(lifecycle, state, trigger) for trigger in lifecycle.triggers))
            for state in lifecycle.states
        ),
    )
    yield from ("", "## Why", "", _BASIS, "")
    yield from _table(
        ("in", "trigger", "asked for by", "passes through", "settles in", "if it fails", "basis", "why"),
        (_reason(contract, edge) for edge in lifecycle.edges),
    )
    if lifecycle.lock:
        yield from ("", f"While `{lifecycle.lock.field}` is true: {_text(lifecycle.lock.why)}")


def _diagram(lifecycle: Lifecycle) -> Iterator[str]:
    """Mermaid: an arrow for each pair of states, labelled with the triggers that lead from one to the other."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for edge in lifecycle.edges:
        for target in edge.to:
            arrows.setdefault((edge.state, target), []).append(edge.trigger)
    yield "stateDiagram-v2"
    yield "    direction LR"
    yield f"    [*] --> {lifecycle.absent}"
    for (state, target), triggers in arrows.items():
        yield f"    {state} --> {target}: {', '.join(triggers)}"


def _cell(lifecycle: Lifecycle, state: str, trigger: str) -> str:
    edge = lifecycle.edge(state, trigger)
    if edge is not None:
        return f"{' or '.join(edge.to)}{f' ({edge.via})' if edge.via else ''}"
    needs_instance = lifecycle.absent not in lifecycle.legal_from(trigger)
    return "404" if needs_instance and state == lifecycle.absent else "409"


def _reason(contract: Contract, edge: Edge) -> Sequence[str]:
    requests = [
        f"{operation.method} .../{operation.path.rsplit('/', 1)[-1]}"
        for operation in contract.operations.values()
        if operation.trigger == edge.trigger
    ]
    return (
        edge.state,
        edge.trigger,
        _text(", ".join(requests)),
        edge.via or "",
        " or ".join(edge.to),
        edge.otherwise or "",
        edge.basis,
        _text(edge.why),
    )


def _requirements_page(contract: Contract) -> Iterator[str]:
    areas: dict[str, list[Requirement]] = {}
    for requirement in contract.requirements.values():
        areas.setdefault(requirement.area, []).append(requirement)
    yield from ("# The requirements", "", f"What version {contract.version} of the contract asks of a server.")
    yield from (_BASIS, "An id is stable for ever. A requirement with a feature binds a server that offers it.", "")
    yield from ("## How many", "", *_counts(areas), "", "## Features", "")
    yield from _table(
        ("feature", "basis", "what a server with it can do"),
        ((feature.name, feature.basis, _text(feature.summary)) for feature in contract.features.values()),
    )
    for area, members in areas.items():
        yield from ("", f"## {area}", "")
        yield from _table(
            ("id", "level", "basis", "feature", "statement"),
            ((f"`{item.id}`", item.level, item.basis, item.feature or "", _text(item.statement)) for item in members),
        )


def _counts(areas: Mapping[str, Sequence[Requirement]]) -> Iterator[str]:
    """A row for each area, and one for all."""
    columns = ("MUST", "SHOULD", "D", "C", "P")
    everything = [item for members in areas.values() for item in members]
    rows = []
    for area, members in (*areas.items(), ("**all**", everything)):
        counter = Counter(word for item in members for word in (item.level, item.basis))
        rows.append((area, *(str(counter[column]) for column in columns), str(len(members))))
    return _table(("area", *columns, "all"), rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _text(sentence: str) -> str:
    """A sentence as Markdown shows it literally, on one line."""
    return re.sub(r"([\\*_|<`])", r"\\\1", " ".join(sentence.split()))


_PAGES: Mapping[str, Callable[[Contract], Iterable[str]]] = {
    "lifecycle.md": _lifecycle_page,
    "requirements.md": _requirements_page,
}
"""File name in docs/ to what makes the lines of the page."""
