"""Contracts that are the built-in one with one thing changed, written to a file for `--contract`."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from contract import load_contract

Document = dict[str, Any]


def edge_removed(document: Document) -> None:
    """A paused machine can no longer be switched off."""
    del document["x-lifecycle"]["states"]["PAUSED"]["edges"]["off"]


def edge_added(document: Document) -> None:
    """A stopped machine can be rebooted, which starts it."""
    document["x-lifecycle"]["states"]["STOPPED"]["edges"]["reboot"] = _edge("RUNNING", "STOPPED")


def state_added(document: Document) -> None:
    """There is a state SUSPENDED: `_suspend` leads there from RUNNING, and `_resume` back."""
    states = document["x-lifecycle"]["states"]
    states["RUNNING"]["edges"]["suspend"] = _edge("SUSPENDED", "RUNNING")
    states["SUSPENDED"] = {
        "kind": "stable",
        "summary": "The memory of the machine is on its disk.",
        "edges": {
            "resume": _edge("RUNNING", "SUSPENDED"),
            "delete": {"to": "ABSENT", "basis": "P", "why": "The storage is gone too."},
            "forget": {"to": "ABSENT", "basis": "P", "why": "The record goes, the machine stays."},
        },
    }
    states["ABSENT"]["edges"]["import"]["to"].append("SUSPENDED")
    schemas = document["components"]["schemas"]
    schemas["Instance"]["properties"]["state"]["enum"].append("SUSPENDED")
    schemas["ImportedInstance"]["properties"]["state"]["enum"].append("SUSPENDED")
    paths = document["paths"]
    pause = next(path for path in paths if path.endswith("/_pause"))
    suspend = copy.deepcopy(paths[pause])
    suspend["put"] |= {"operationId": "suspendInstance", "x-trigger": "suspend"}
    paths[pause.replace("_pause", "_suspend")] = suspend


def property_renamed(document: Document) -> None:
    """The agent is called `agentState` in a representation, and the key of a property `name`."""
    schemas = document["components"]["schemas"]
    instance, item = schemas["Instance"], schemas["Property"]
    _rename(instance, "synapseState", "agentState")
    instance["if"] = {"required": ["agentState"], "properties": {"agentState": {"const": "Up"}}}
    _rename(item, "key", "name")
    schemas["PropertyList"]["x-unique-by"] = "name"
    document["components"]["examples"] = {
        name: {"summary": example["summary"], "value": {}}
        for name, example in document["components"]["examples"].items()
    }


CHANGES: dict[str, Callable[[Document], None]] = {
    change.__name__: change for change in (edge_removed, edge_added, state_added, property_renamed)
}


def changed_contract(name: str, folder: Path) -> Path:
    """The built-in contract with a change, as a file."""
    document: Document = copy.deepcopy(dict(load_contract().document.raw))
    CHANGES[name](document)
    path = folder / f"{name}.openapi.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    return path


def _edge(to: str, otherwise: str) -> dict[str, str]:
    return {"via": "PENDING", "to": to, "else": otherwise, "basis": "P", "why": "To show that both sides follow."}


def _rename(schema: Document, old: str, new: str) -> None:
    schema["properties"] = {new if name == old else name: value for name, value in schema["properties"].items()}
    schema["required"] = [new if name == old else name for name in schema["required"]]
