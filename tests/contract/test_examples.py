"""The examples: each fits its schema, and those of the documentation are exact to the byte of their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from contract import Contract, load_contract
from contract.schemas import look_up

DOCUMENTED_PROPERTIES = [
    {"key": "amqp.user_queue", "value": "host.EE9380B0B07211E18D8A5BD37F000001"},
    {"key": "libvirt.uuid", "value": "97c6b5be-bc74-4a4c-5a64-a594c00c88a8"},
    {"key": "mac", "value": "00:50:56:2C:92:E1"},
    {"key": "libvirt.hostUuid", "value": "EE9380B0B07211E18D8A5BD37F000001"},
]
DOCUMENTED: dict[str, Any] = {
    "DocumentedInstance": {
        "organization": "Guardis Test",
        "environment": "Test Environment",
        "host": "test-host-on-Hyp3",
        "state": "RUNNING",
        "properties": DOCUMENTED_PROPERTIES,
        "synapseState": "Down",
    },
    "DocumentedProperties": DOCUMENTED_PROPERTIES,
    "DocumentedVncAccess": {
        "token": "+++eQcne1oQKAiG6h4lo9oeW+hsLN51HqEKeU3v0p+K5JqKLY3n1L/8kpIVEKUvW47k",
        "hostname": "hyp3-devel.angleur.guardis.be",
        "port": "5911",
    },
}


def contents(node: Any, place: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Everything in a document that has a schema and examples for it, with its place."""
    if isinstance(node, Mapping):
        if "schema" in node and ("examples" in node or "example" in node):
            yield place, node
        for key, value in node.items():
            yield from contents(value, f"{place}/{key}")


CONTRACT = load_contract()
CONTENTS = dict(contents(CONTRACT.document.raw))


@pytest.mark.parametrize("place", CONTENTS)
def test_examples_fit_their_schema(place: str) -> None:
    """An example that the contract itself refuses would mislead."""
    content, document = CONTENTS[place], CONTRACT.document
    validator = document.validator(content["schema"])
    named = [
        look_up(document.raw, node["$ref"]) if "$ref" in node else node for node in content.get("examples", {}).values()
    ]
    values = [example["value"] for example in named] + [content[key] for key in ("example",) if key in content]
    assert values
    assert [validator.problems(value) for value in values] == [[] for _ in values]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_examples_of_the_documentation_are_exact(contract: Contract, name: str) -> None:
    """They are what the public documentation shows, in its order."""
    value = contract.document.raw["components"]["examples"][name]["value"]
    assert repr(value) == repr(DOCUMENTED[name])


def test_every_content_has_an_example(contract: Contract) -> None:
    """Whoever reads an answer in the documentation sees one."""
    raw = contract.document.raw
    responses = [
        response for operation in contract.operations.values() for response in operation.raw["responses"].values()
    ]
    for response in [look_up(raw, node["$ref"]) if "$ref" in node else node for node in responses]:
        for media in response.get("content", {}).values():
            assert media["examples"]
