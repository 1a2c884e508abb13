"""A verdict for people and for machines: on the terminal, as JUnit, and as one page of HTML that needs nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from emulator.errors import StartError
from emulator.judging.verdict import Finding, Verdict

SHOWN = 20
"""Findings of a rule that are told one by one on the terminal."""


def as_text(verdict: Verdict) -> str:
    """Lines for a terminal, ending with one."""
    lines = [_head(verdict)]
    for rule in verdict.rules:
        found = [finding for finding in verdict.findings if finding.rule is rule]
        if found:
            lines.append(f"{rule.level} {rule.id}: {rule.sentence}")
            lines += [f"  {_line(finding)}" for finding in found[:SHOWN]]
            lines += [f"  and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "\n".join(lines) + "\n"


def as_data(verdict: Verdict) -> dict[str, Any]:
    """As schemas/Verdict of control.openapi.yaml has it."""
    return {
        "guilty": verdict.is_guilty,
        "clients": list(verdict.clients),
        "requests": verdict.requests,
        "unseen": verdict.unseen,
        "findings": [_finding(finding) for finding in verdict.findings],
    }


def as_junit(verdict: Verdict) -> str:
    """JUnit: a test case for each rule, failed when a client broke it."""
    name = verdict.subject.lower()
    failed = {finding.rule.id for finding in verdict.findings}
    counts = {
        "tests": str(len(verdict.rules)),
        "failures": str(len(failed)),
        "errors": "0",
        "skipped": "0",
        "time": "0",
    }
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", {"name": name, **counts})
    for rule in verdict.rules:
        case = ET.SubElement(suite, "testcase", classname=name, name=rule.id, time="0")
        lines = [_line(finding) for finding in verdict.findings if finding.rule is rule]
        if lines:
            text = _of_xml("\n".join(lines))
            ET.SubElement(case, "failure", type=rule.level, message=rule.sentence).text = text
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def as_html(verdict: Verdict) -> str:
    """One page: what was judged, and for each rule who broke it and how."""
    rows = "".join(_rows(verdict))
    return PAGE.format(
        subject=verdict.subject.lower(),
        head=escape(_head(verdict)),
        clients=escape(", ".join(verdict.clients) or "nobody"),
        rows=rows,
    )


def write_reports(verdict: Verdict, folder: Path) -> None:
    """Write client.xml (JUnit) and client.html, or those of the server, into a folder, which is made.

    StartError when that cannot be.
    """
    name = verdict.subject.lower()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.xml").write_text(as_junit(verdict), "utf-8")
        (folder / f"{name}.html").write_text(as_html(verdict), "utf-8")
    except OSError as error:
        raise StartError(f"--report-dir {folder}: cannot write there: {error.strerror}") from None


def conclude(verdict: Verdict, folder: Path | None, *, fails: bool) -> int:
    """Print a verdict, write its reports where there is a folder for them, and give the exit code."""
    with suppress(BrokenPipeError):
        sys.stdout.write(as_text(verdict))
        sys.stdout.flush()
    if folder is not None:
        write_reports(verdict, folder)
    return int(fails and verdict.is_guilty)


PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Verdict on the {subject}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border-bottom: 1px solid #8888; padding: .4rem; text-align: left; vertical-align: top; }}
code {{ overflow-wrap: anywhere; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #111; color: #eee; }} }}
</style>
<h1>Verdict on the {subject}</h1>
<p>{head}</p>
<p>Judged: {clients}.</p>
<table>
<tr><th>Rule<th>Basis<th>Verdict</tr>
{rows}</table>
</html>
"""


def _rows(verdict: Verdict) -> Iterator[str]:
    for rule in verdict.rules:
        lines = [f"<li><code>{escape(_line(found))}</code></li>" for found in verdict.findings if found.rule is rule]
        told = f"<strong>broken</strong><ul>{''.join(lines)}</ul>" if lines else "kept"
        about = f"<code>{escape(rule.id)}</code><br>{escape(rule.sentence)}"
        yield f"<tr><td>{about}<td>{rule.basis}, {rule.level}<td>{told}</tr>\n"


def _head(verdict: Verdict) -> str:
    unseen = f"; {verdict.unseen} older ones are not in the journal any more" if verdict.unseen else ""
    broken = len({finding.rule.id for finding in verdict.findings})
    word = (
        f"guilty: {broken} of {len(verdict.rules)} rules broken"
        if broken
        else f"acquitted: all {len(verdict.rules)} rules kept"
    )
    return f"{verdict.subject} {word}, in {verdict.requests} requests{unseen}."


def _line(finding: Finding) -> str:
    requests = ", ".join(f"#{number}" for number in finding.numbers[-3:])
    world = "" if finding.world == "default" else f" in world {finding.world}"
    line = f"{finding.client}{world}: {finding.what} ({requests}: {finding.shown})"
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _finding(finding: Finding) -> Mapping[str, Any]:
    return {
        "rule": finding.rule.id,
        "level": finding.rule.level,
        "sentence": finding.rule.sentence,
        "world": finding.world,
        "client": finding.client,
        "requests": list(finding.numbers),
        "what": finding.what,
        "shown": finding.shown,
    }


def _of_xml(text: str) -> str:
    return "".join(letter if letter in "\n\t" or letter.isprintable() else "?" for letter in text)
