"""junit.xml: what CI servers read. One testcase for each test of the plan, also for those that did not run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from contract_tests.reports.rows import rows_of
from contract_tests.reports.text import one_line
from contract_tests.running.outcomes import Verdict

_OUTCOMES: Mapping[str, str | None] = {
    Verdict.PASSED: None,
    Verdict.FAILED: "failure",
    Verdict.ERROR: "error",
    Verdict.INCONCLUSIVE: "error",
    Verdict.NOT_RUN: "skipped",
    Verdict.NOT_APPLICABLE: "skipped",
}
_COUNTS = {"failures": "failure", "errors": "error", "skipped": "skipped"}

_MAX_FINDINGS = 20
"""Findings of one test that are told in full: a server that is wrong in every answer must not fill a CI log."""
_MAX_MESSAGE = 400


def junit(record: Mapping[str, Any]) -> str:
    """The text of the file. The counts are those of its rows."""
    rows = rows_of(record)
    root = Element("testsuites", _totals(rows))
    suite = SubElement(root, "testsuite", {**_totals(rows), "timestamp": record["run"]["startedAt"]})
    _properties(suite, _of_run(record))
    for row in rows:
        suite.append(_testcase(row, record["requirements"]))
    indent(root)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{tostring(root, encoding='unicode')}\n"


def _totals(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    outcomes = Counter(_OUTCOMES[row["verdict"]] for row in rows)
    counts = {name: str(outcomes[outcome]) for name, outcome in _COUNTS.items()}
    seconds = sum(row["seconds"] for row in rows)
    return {"name": "contract-tests", "tests": str(len(rows)), **counts, "time": f"{seconds:.3f}"}


def _of_run(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    summary = record["summary"]
    return [
        ("target", record["target"]["url"]),
        ("contract", f"{record['contract']['title']} {record['contract']['version']}"),
        ("contract-sha256", record["contract"]["sha256"]),
        ("suite", record["suite"]["version"]),
        ("run", record["run"]["id"]),
        ("seed", str(record["run"]["seed"])),
        *([("verdict", summary["sentence"]), ("exit-code", str(summary["exitCode"]))] if summary else []),
    ]


def _testcase(row: Mapping[str, Any], requirements: Mapping[str, Any]) -> Element:
    case = Element("testcase", {"classname": row["check"], "name": row["id"], "time": f"{row['seconds']:.3f}"})
    judged = [requirements[name] for name in row["requirements"] if name in requirements]
    values = [
        *(("requirement", name) for name in row["requirements"]),
        *(("level", level) for level in _once(rule["level"] for rule in judged)),
        *(("basis", basis) for basis in _once(rule["basis"] for rule in judged)),
        *([("seed", str(row["seed"])), ("replay", row["replay"])] if row["replay"] else []),
    ]
    _properties(case, values)
    outcome = _OUTCOMES[row["verdict"]]
    if outcome is not None:
        message = one_line(_message(row), _MAX_MESSAGE)
        SubElement(case, outcome, {"message": message, "type": row["verdict"]}).text = _text(row, requirements)
    elif row["findings"] or row["notes"]:
        SubElement(case, "system-out").text = _text(row, requirements)  # a rule that only SHOULD be kept
    return case


def _message(row: Mapping[str, Any]) -> str:
    if row["verdict"] == Verdict.FAILED and row["findings"]:
        finding = row["findings"][0]
        return f"{', '.join(finding['requirements'])}: {finding['what']}: {finding['got']}"
    return str(row["reason"] or row["verdict"])


def _text(row: Mapping[str, Any], requirements: Mapping[str, Any]) -> str:
    parts = [_finding(finding, requirements) for finding in row["findings"][:_MAX_FINDINGS]]
    if len(row["findings"]) > _MAX_FINDINGS:
        parts.append(f"and {len(row['findings']) - _MAX_FINDINGS} more, in record.json")
    parts += [str(note) for note in row["notes"]]
    if not parts:
        parts.append(_message(row))
    return "\n\n".join([*parts, f"again: {row['replay']}"] if row["replay"] else parts)


def _finding(finding: Mapping[str, Any], requirements: Mapping[str, Any]) -> str:
    lines = [
        f"{name} {rule['level']} ({rule['basis']}): {rule['statement']}"
        if (rule := requirements.get(name))
        else f"{name}, not in this contract"
        for name in finding["requirements"]
    ]
    lines += [f"what: {finding['what']}"]
    lines += [f"sent: {finding['curl']}"] if finding["curl"] else []
    lines += [f"expected: {finding['expected']}", f"got: {finding['got']}"]
    return "\n".join(lines)


def _properties(parent: Element, values: Sequence[tuple[str, str]]) -> None:
    properties = SubElement(parent, "properties")
    for name, value in values:
        SubElement(properties, "property", {"name": name, "value": value})


def _once(values: Iterable[str]) -> list[str]:
    return sorted(set(values))
