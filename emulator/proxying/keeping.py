"""What a proxy leaves behind: a seed of what it saw, with a timing as slow as the server, and an HTTP archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import yaml

from contract import Contract
from emulator.errors import StartError
from emulator.journal import Journal
from emulator.journal.har import archive
from emulator.proxying.sights import Sights
from emulator.wire import Wire


def write_seed(sights: Sights, contract: Contract, path: Path) -> None:
    """Write a seed for `serve --seed`, and a timing for `serve --timing` beside it when there is one (see timing_path).

    StartError when a file cannot be written.
    """
    _write(path, yaml.safe_dump(seed(sights, contract), sort_keys=False, allow_unicode=True), "--seed-out")
    if measured := timing(sights.durations()):
        _write(timing_path(path), yaml.safe_dump(measured, sort_keys=False), "--seed-out")


def write_archive(journal: Journal, path: Path) -> None:
    """Write all that the journal has kept as HAR. StartError when the file cannot be written."""
    _write(path, orjson.dumps(archive(journal)).decode(), "--har")


def timing_path(path: Path) -> Path:
    """Where the timing of a seed goes: `small.yaml` has `small.timing.yaml`."""
    return path.with_suffix(f".timing{path.suffix}")


def timing(durations: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """A row for each trigger that was measured: its one time, or from the shortest to the longest; in seconds."""
    rows: dict[str, Any] = {}
    for trigger, seconds in sorted(durations.items()):
        low, high = round(min(seconds), 3), round(max(seconds), 3)
        rows[trigger] = {"fixed": low} if low == high else {"uniform": [low, high]}
    return rows


def seed(sights: Sights, contract: Contract) -> dict[str, Any]:
    """The instances that were seen, below their hosts. One that was on its way is where it was when last seen settled.

    An action that never settled while the proxy looked is left out: nobody knows what it leads to.
    """
    wire = Wire(contract)
    tree: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for names, shown in sights.representations().items():
        organization, environment, host = names[:3]
        row: dict[str, Any] = {"name": host}
        if contract.lifecycle.states[shown[wire.instance["state"]]].kind != "transient":
            row["instance"] = _instance(shown, wire)
        tree.setdefault(organization, {}).setdefault(environment, []).append(row)
    return {
        "organizations": [
            {"name": organization, "environments": [{"name": name, "hosts": hosts} for name, hosts in inside.items()]}
            for organization, inside in tree.items()
        ]
    }


def _instance(shown: Mapping[str, Any], wire: Wire) -> dict[str, Any]:
    key, value = wire.property["key"], wire.property["value"]
    found = shown.get(wire.instance["properties"])
    listed = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    agent = shown.get(wire.instance["agent"])
    return {
        "state": shown[wire.instance["state"]],
        "agent": agent if agent in ("Up", "Down") else "Down",
        "properties": [{"key": item.get(key), "value": item.get(value)} for item in listed],
    }


def _write(path: Path, text: str, option: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise StartError(f"{option} {path}: cannot write it: {error.strerror}") from None
