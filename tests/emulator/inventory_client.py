"""Asks the inventory by operationId, and holds every answer against its document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from contract import Operation, load_document
from emulator.inventory import DOCUMENT
from tests.emulator.conftest import Running

INVENTORY = load_document(DOCUMENT)


class Inventory:
    """A client of one emulator's inventory. `ask("getHost", "Acme", "Prod", "web-1")` answers the representation."""

    def __init__(self, emulator: Running, **arguments: Any) -> None:
        self.emulator = emulator
        self._arguments = arguments

    def ask(
        self, what: str, *names: str, status: int | None = None, query: Mapping[str, Any] | None = None, **body: Any
    ) -> Any:
        """Send the operation with these names, and the keyword `json` as body; its success is expected, or `status`."""
        operation = INVENTORY.operations[what]
        path = _path(operation, names) + ("?" + urlencode(query) if query else "")
        answer = self.emulator.request(operation.method, path, **self._arguments, **body)
        assert answer.status_code == (status or operation.success), answer.text
        schema = operation.responses[answer.status_code].schema
        if schema is None:
            assert not answer.content
            return None
        shown = answer.json()
        assert INVENTORY.validator(schema).problems(shown) == []
        return shown

    def refusal(self, status: int, what: str, *names: str, **arguments: Any) -> str:
        """The message of a refusal with this status."""
        return "; ".join(self.ask(what, *names, status=status, **arguments)["error"])

    def make(self, *names: str) -> None:
        """An organization, an environment in it, and a host in that, as many as there are names."""
        for depth, kind in enumerate(("Organization", "Environment", "Host")[: len(names)]):
            self.ask(f"create{kind}", *names[:depth], json={"name": names[depth]})


def _path(operation: Operation, names: tuple[str, ...]) -> str:
    path = operation.path
    for parameter, name in zip(("org_name", "env_name", "host_name"), names, strict=False):
        path = path.replace(f"{{{parameter}}}", quote(name, safe=""))
    return path
