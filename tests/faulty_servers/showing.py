"""Faults in what is shown of an instance and its console."""

from __future__ import annotations

from typing import Any

from tests.faulty_servers.faults import fault, on, showing
from tests.faulty_servers.middle import Answer, Call, Change, Forward


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


@fault("agent.down-unless-running")
def agent_is_up_while_paused() -> Change:
    """The agent of a paused machine is Up."""
    return showing(lambda shown: shown.update(synapseState="Up") if shown["state"] == "PAUSED" else None)


@fault("properties.unique-keys")
def a_key_is_shown_twice() -> Change:
    """The first property stands twice."""
    return showing(lambda shown: shown["properties"].extend(shown["properties"][:1]))


@fault("properties.kept")
def start_loses_a_property() -> Change:
    """After a start the machine has no mac any more."""
    started: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if (call.method, call.action) == ("PUT", "_start") and honest.status == 202:
            started.add(call.root)
        if honest.status == 204:
            started.discard(call.root)
        if call.root in started and (call.method, call.action, honest.status) == ("GET", "", 200):
            left = [row for row in honest.value["properties"] if row["key"] != "mac"]
            return honest.saying({**honest.value, "properties": left})
        return honest

    return answer


@fault("properties.values-kept")
def values_are_trimmed() -> Change:
    """Spaces in a value are lost."""

    def trim(shown: dict[str, Any]) -> None:
        for row in shown["properties"]:
            row["value"] = row["value"].replace(" ", "")

    return showing(trim)


@fault("identity.new-on-provision")
def every_machine_has_the_same_mac() -> Change:
    """One mac for all."""

    def same(shown: dict[str, Any]) -> None:
        for row in shown["properties"]:
            row["value"] = "00:50:56:00:00:01" if row["key"] == "mac" else row["value"]

    return showing(same)


@fault("lock.shown")
def locked_is_not_shown() -> Change:
    """A server with a lock that does not show it."""
    return showing(lambda shown: shown.pop("locked"))


@fault("console.strings")
def port_is_a_number() -> Change:
    """The port of the console as a number."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return honest.saying({**honest.value, "port": int(honest.value["port"])}) if honest.status == 200 else honest

    return on("GET", "vnc", answer)


@fault("console.refused")
def console_of_a_stopped_machine() -> Change:
    """An access to the console in every state."""
    access = {"token": "t", "hostname": "hypervisor", "port": "5900"}

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return honest.saying(access, 200) if honest.status == 409 else honest

    return on("GET", "vnc", answer)
