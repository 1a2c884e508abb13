"""A document of OpenAPI 3.0 with the contract's GET of an instance and nothing else: what connexion, too, can read."""

from __future__ import annotations

import json
from pathlib import Path

from contract import load_contract

FILE = "one-operation.json"
EXAMPLE = {
    "organization": "Guardis Test",
    "environment": "Test Environment",
    "host": "test-host-on-Hyp3",
    "state": "RUNNING",
    "properties": [{"key": "mac", "value": "00:50:56:2C:92:E1"}],
    "synapseState": "Down",
    "locked": False,
}


def write(folder: Path) -> None:
    """Write the document into this folder."""
    operation = load_contract().operations["getInstance"]
    names = [one.name for one in operation.parameters if one.location == "path"]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    content = {"application/json": {"schema": {"type": "object"}, "example": EXAMPLE}}
    shown = {"operationId": operation.id, "responses": {"200": {"description": "The instance.", "content": content}}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Instance", "version": "1.0.0"},
        "paths": {operation.path: {"parameters": parameters, operation.method.lower(): shown}},
    }
    (folder / FILE).write_text(json.dumps(document))
