"""Faults in what is shown of an instance and its console."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

from tests.faulty_servers.faults import fault, on, showing
from tests.faulty_servers.front import Twist, Twister, fronted
from tests.faulty_servers.middle import Change
from tests.suite.judging import HOST, VACANT


@fault("representation.names-of-path")
def names_are_lower_case() -> Change:
    """The organization in lower case."""
    return showing(lambda shown: shown.update(organization=shown["organization"].lower()))


@fault("representation.known-state")
def states_are_lower_case() -> Change:
    """`paused` instead of PAUSED."""
    return showing(lambda shown: shown.update(state=shown["state"].replace("PAUSED", "paused")))


@fault("representation.complete")
def agent_is_not_shown() -> Change:
    """No synapseState."""
    return showing(lambda shown: shown.pop("synapseState"))


@fault("properties.unique-keys")
def a_key_is_shown_twice() -> Change:
    """The first property stands twice."""
    return showing(lambda shown: shown["properties"].extend(shown["properties"][:1]))


@fault("properties.unique-keys")
def a_key_is_shown_twice_when_paused() -> Change:
    """A paused machine has its first property once more at the end."""

    def twice(shown: dict[str, Any]) -> None:
        if shown["state"] == "PAUSED":
            shown["properties"].append(shown["properties"][0])

    return showing(twice)


@fault("representation.names-of-path")
def names_are_shown_encoded() -> Change:
    """The organization as it stands in the path: Guardis%20Test."""
    return showing(lambda shown: shown.update(organization=quote(shown["organization"])))


@fault("representation.names-of-path")
def host_is_shown_with_its_environment() -> Change:
    """The host as environment and name."""
    return showing(lambda shown: shown.update(host=f"{shown['host']} ({shown['environment']})"))


@fault("representation.known-state")
def paused_is_called_suspended() -> Change:
    """SUSPENDED instead of PAUSED."""
    return showing(lambda shown: shown.update(state=shown["state"].replace("PAUSED", "SUSPENDED")))


@fault("representation.complete")
def organization_is_not_shown() -> Change:
    """No organization."""
    return showing(lambda shown: shown.pop("organization"))


@fault("representation.complete")
def agent_is_a_boolean() -> Change:
    """SynapseState true and false instead of Up and Down."""
    return showing(lambda shown: shown.update(synapseState=shown["synapseState"] == "Up"))


@fault("representation.complete")
def a_property_has_no_value() -> Change:
    """A property whose value is null."""

    def note(shown: dict[str, Any]) -> None:
        shown["properties"].append({"key": "note", "value": None})

    return showing(note)


@fault("representation.complete")
def properties_of_a_locked_instance_are_an_object() -> Change:
    """The answer to a lock has the properties as an object, key by key."""

    def as_object(shown: dict[str, Any]) -> None:
        shown["properties"] = {row["key"]: row["value"] for row in shown["properties"]}

    return on("POST", "lock", showing(as_object))


@fronted("representation.names-of-path", only=("two-hosts",), hosts=(HOST, VACANT))
def reads_that_overlap_are_mixed_up() -> Twister:
    """What a GET asks for is kept in one place for all: of several at once each gets what the last of them wants."""
    wanted = b""

    def twist(data: bytes) -> Twist:
        nonlocal wanted
        line, end, rest = data.partition(b"\r\n")
        if not line.startswith(b"GET "):
            return Twist()
        wanted = line
        time.sleep(0.01)
        return Twist(passed=wanted + end + rest)

    return twist
