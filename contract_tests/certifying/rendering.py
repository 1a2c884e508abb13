"""All that a folder has besides its record and its exchanges follows from these: reports, scripts, badge, README.

So it can be made again by anybody, and must come out the same to the byte.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from contract import Contract
from contract_tests.certifying.conclusion import Conclusion, conclusion, gaps, musts
from contract_tests.reports.har import write_har
from contract_tests.reports.html import page
from contract_tests.reports.junit import junit
from contract_tests.reports.reading import BADGE, README, read_exchanges, read_record
from contract_tests.running.curl_script import scripts
from contract_tests.running.outcomes import Verdict

TONES = {
    Conclusion.CONFORMANT: ("conformant", "#1a7f37"),
    Conclusion.NON_CONFORMANT: ("not conformant", "#b3261e"),
    Conclusion.INCOMPLETE: ("incomplete", "#6b5b00"),
}
"""What a badge says, and its colour: white is readable on each."""

CHARACTER = 7
"""Pixels that a character of a badge takes, on the average."""


def rendered(folder: Path, contract: Contract) -> dict[str, bytes]:
    """The files that follow from the record and the exchanges of a folder, by their places in it."""
    record = read_record(folder)
    har = io.StringIO()
    write_har(record, read_exchanges(folder), har)
    texts = {
        "junit.xml": junit(record),
        "report.html": page(record, read_exchanges(folder)),
        "exchanges.har": har.getvalue(),
        **scripts(folder, contract),
    }
    if record["certification"]:
        texts |= of_a_certificate(record, contract)
    return {name: text.encode("utf-8", "backslashreplace") for name, text in texts.items()}


def of_a_certificate(record: Mapping[str, Any], contract: Contract) -> dict[str, str]:
    """Badge and README of a certificate."""
    concluded = conclusion(record, contract)
    words, colour = TONES[concluded]
    left, right = f"instance API {record['contract']['version']}", f"{words} {_day(record)}".strip()
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("svg.jinja",)),
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["md"] = _escaped
    shared = {
        "record": record,
        "concluded": concluded,
        "words": words,
        "day": _day(record),
        "gaps": list(gaps(record, contract)),
        "failed": [name for name, row in record["requirements"].items() if _is(row, "MUST", Verdict.FAILED)],
        "warned": [name for name, row in record["requirements"].items() if _is(row, "SHOULD", Verdict.FAILED)],
        "held": sum(row["verdict"] == Verdict.PASSED for row in musts(record)),
        "musts": len(musts(record)),
        "sample": next((row["id"] for row in record["results"] if row["exchanges"]), None),
    }
    widths = [CHARACTER * len(text) + 12 for text in (left, right)]
    return {
        BADGE: environment.get_template("badge.svg.jinja").render(
            left=left, right=right, colour=colour, widths=widths, total=sum(widths)
        ),
        README: environment.get_template("certificate.md.jinja").render(shared),
    }


def _day(record: Mapping[str, Any]) -> str:
    return str(record["run"]["endedAt"] or "")[:10]


def _is(row: Mapping[str, Any], level: str, verdict: Verdict) -> bool:
    return bool(row["level"] == level and row["verdict"] == verdict)


def _escaped(text: object) -> str:
    """A text in one line of Markdown, in which nothing means anything."""
    line = " ".join(str(text).split())
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>()#+!|~&" else sign for sign in line)
