"""Writes what was measured: docs/benchmarks.md with a picture, and docs/scale.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from benchmarks.capacity import KINDS, PATHS
from benchmarks.contestants import BARE, GET, ROOT
from benchmarks.in_process import OTHER, PACKAGES
from benchmarks.needs import Target, growth, needs
from benchmarks.scale import Scale

PAGE, PICTURE = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "images" / "benchmarks.svg"
SCALE = ROOT / "docs" / "scale.md"
TEMPLATES = Path(__file__).with_name("templates")

GOALS = {
    "emulator, GET": 0.85,
    "emulator, power action, memory": 0.75,
    "emulator, power action, SQLite": 0.40,
}
"""Of the bare Flask route."""

TIMES = {
    "Prism, mocking the same document": 1.3,
    "connexion, mocking the same operation": 3.5,
    "sushy-tools, fake driver": 12,
    "moto server, an EC2 instance": 20,
}
"""How many times as many requests the emulator's GET shall serve."""

SHOWN = {
    "emulator": "the emulator",
    "flask": "Flask",
    "werkzeug": "werkzeug",
    OTHER: "the standard library, and others",
}
DEAREST = 20
"""How many functions are shown."""


def as_data(scale: Scale) -> dict[str, Any]:
    """A row of figures, to be kept."""
    return asdict(scale)


def _parts(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Microseconds of a request by where they go: what is not spent in the process is the server's and the kernel's."""
    spent = {
        name: {package: sum(functions.values()) for package, functions in packages.items()}
        for name, packages in results["profile"].items()
    }
    outside = {name: 1e6 / results["throughput"][name] - sum(parts.values()) for name, parts in spent.items()}
    rows = {"waitress, its threads, and the sockets": outside}
    for package in (*PACKAGES, OTHER):
        rows[SHOWN[package]] = {name: parts[package] for name, parts in spent.items()}
    return [{"name": name, "bare": row[BARE.name], "own": row[GET.name]} for name, row in rows.items()]


def _dearest(packages: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """The functions in which a request spends the most."""
    costs = [(cost, function, package) for package, found in packages.items() for function, cost in found.items()]
    return [
        {"name": function, "package": SHOWN[package], "cost": cost}
        for cost, function, package in sorted(costs, reverse=True)[:DEAREST]
    ]


def write(results: Mapping[str, Any]) -> None:
    """Write the pages and the picture from the results of a run."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown and SVG, of our own figures
    )
    _write_benchmarks(environment, results)
    _write_scale(environment, results["capacity"])


def _write_benchmarks(environment: Environment, results: Mapping[str, Any]) -> None:
    rates = results["throughput"]
    bars = [
        {"name": name, "rate": rate, "ratio": rate / rates[BARE.name], "goal": GOALS.get(name)}
        for name, rate in rates.items()
    ]
    peers = [
        {"name": name, "times": rates[GET.name] / rates[name], "bare": rates[BARE.name] / rates[name], "goal": goal}
        for name, goal in TIMES.items()
        if name in rates
    ]
    shown = {
        "results": results,
        "bars": bars,
        "peers": peers,
        "most": max(rates.values()),
        "bare": BARE.name,
        "parts": _parts(results),
        "functions": _dearest(results["profile"][GET.name]),
    }
    PAGE.write_text(environment.get_template("benchmarks.md.jinja").render(shown))
    PICTURE.write_text(environment.get_template("benchmarks.svg.jinja").render(shown))


def _write_scale(environment: Environment, found: Mapping[str, Any]) -> None:
    target = Target()
    shown = {
        "found": found,
        "target": target,
        "needs": needs(found, target),
        "growth": {kind: growth(found, kind, "database") for kind in KINDS},
        "paths": PATHS,
    }
    SCALE.write_text(environment.get_template("scale.md.jinja").render(shown))
