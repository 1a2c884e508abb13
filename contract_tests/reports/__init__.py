"""The reports of a run: junit.xml, report.html and exchanges.har, all made from its record and its exchanges alone.

So they can be made again later, elsewhere, and come out the same to the byte: no clock, no environment, no network.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO

from contract_tests.reports.har import write_har
from contract_tests.reports.html import page
from contract_tests.reports.junit import junit
from contract_tests.reports.reading import RecordError, read_exchanges, read_record

__all__ = ["RecordError", "write_reports"]


def write_reports(folder: Path, *, final: bool) -> list[Path]:
    """Write the reports into the folder that holds record.json and exchanges.ndjson; the files written.

    junit.xml and report.html are written each time, exchanges.har only when the run is over (`final`). Each is written
    beside and then renamed: whoever reads it finds it whole. RecordError when the folder holds no record; OSError comes
    through.
    """
    record = read_record(folder)
    xml = junit(record)
    html = page(record, read_exchanges(folder))
    written = [
        _write(folder / "junit.xml", lambda file: file.write(xml)),
        _write(folder / "report.html", lambda file: file.write(html)),
    ]
    if final:
        written.append(_write(folder / "exchanges.har", lambda file: write_har(record, read_exchanges(folder), file)))
    return written


def _write(path: Path, content: Callable[[IO[str]], object]) -> Path:
    beside = path.with_name(f"{path.name}.part")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        content(file)
    beside.replace(path)
    return path
