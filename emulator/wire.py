"""What things are called on the wire: the members of the contract's schemas, by their meaning (`x-role`).

A contract that calls a member otherwise is followed; one that leaves an optional member out does without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract import Contract
from emulator.errors import StartError

_INSTANCE = ("organization", "environment", "host", "state", "properties", "agent")
_PROPERTY = ("key", "value")
_VNC = ("token", "hostname", "port")


class Wire:
    """Names of the members of an instance, of one of its properties, and of a VNC access.

    StartError when the contract gives no member a meaning that the emulator cannot do without.
    """

    def __init__(self, contract: Contract) -> None:
        document = contract.document
        instance = contract.operations["getInstance"].responses[200].schema or {}
        self.instance = document.members(instance)
        _require(contract, "Instance", self.instance, _INSTANCE)
        listing = _properties(document.resolve(instance))[self.instance["properties"]]
        self.property = document.members(document.resolve(listing).get("items", {}))
        _require(contract, "Property", self.property, _PROPERTY)
        vnc = contract.operations.get("getVnc")
        self.vnc: Mapping[str, str] = document.members(vnc.responses[200].schema or {}) if vnc else {}
        if vnc:
            _require(contract, "VncAccess", self.vnc, _VNC)


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema.get("properties", {})
    return found


def _require(contract: Contract, schema: str, found: Mapping[str, str], wanted: tuple[str, ...]) -> None:
    missing = [role for role in wanted if role not in found]
    if missing:
        raise StartError(
            f"{contract.source}: no member of {schema} has the x-role {', '.join(missing)}; give it to one"
        )
