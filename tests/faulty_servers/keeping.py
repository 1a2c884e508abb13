"""Faults in the machine behind an instance: who it is, and what it keeps."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.faulty_servers.faults import SLOW, add, fault, is_shown, on, per_instance, showing
from tests.faulty_servers.middle import Answer, Call, Change, Forward
from tests.suite.judging import HOST, VACANT

TWO: dict[str, Any] = {"hosts": (HOST, VACANT)}

# ---- who it is


def _without(key: str) -> Change:
    def leave_out(shown: dict[str, Any]) -> None:
        shown["properties"] = [row for row in shown["properties"] if row["key"] != key]

    return showing(leave_out)


for _key in ("libvirt.hostUuid", "amqp.user_queue"):
    add(
        f"machine-without-{_key}", f"A machine has no property {_key}.", ("identity.complete",), partial(_without, _key)
    )

add(
    "machine-without-an-address",
    "A machine never shows an address.",
    ("identity.address",),
    partial(_without, "ip.eth0"),
)


def _always(key: str, value: str) -> Change:
    def same(shown: dict[str, Any]) -> None:
        for row in shown["properties"]:
            row["value"] = value if row["key"] == key else row["value"]

    return showing(same)


@fault("identity.new-on-provision")
def every_machine_has_the_same_mac() -> Change:
    """One mac for all."""
    return _always("mac", "00:50:56:00:00:01")


@fault("identity.new-on-provision")
def a_host_keeps_its_mac() -> Change:
    """The mac of a machine belongs to its host: a new machine has that of the one before."""
    macs: dict[str, str] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if not is_shown(honest):
            return honest
        shown = honest.value
        for row in shown["properties"]:
            if row["key"] == "mac" and row["value"]:
                row["value"] = macs.setdefault(call.root, row["value"])
        return honest.saying(shown)

    return answer


@fault("identity.distinct", "identity.new-on-provision", options=TWO)
def a_clone_has_the_mac_of_its_model() -> Change:
    """A machine that is provisioned beside another has its mac."""
    macs: dict[str, str] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 204 or (call.action, honest.status) == ("_forget", 202):
            macs.pop(call.root, None)
        if not is_shown(honest) or b'"mac"' not in honest.body:
            return honest
        shown = honest.value
        own = next((row["value"] for row in shown["properties"] if row["key"] == "mac"), "")
        if (call.method, call.action) == ("POST", ""):
            macs[call.root] = next((mac for root, mac in macs.items() if root != call.root), own)
        for row in shown["properties"]:
            row["value"] = macs.get(call.root, own) if row["key"] == "mac" else row["value"]
        return honest.saying(shown)

    return answer


# ---- what it keeps


def _loses(action: str, key: str) -> Change:
    """A property that is gone after an action, until the machine goes."""

    def change(kept: dict[str, Any], call: Call, honest: Answer) -> Answer | None:
        kept["lost"] = kept.get("lost") or (call.action == action and honest.status == 202)
        if not kept["lost"] or not is_shown(honest):
            return None
        rows = [row for row in honest.value["properties"] if row["key"] != key]
        return honest.saying({**honest.value, "properties": rows})

    return per_instance(change)


for _action, _key in (
    ("_start", "mac"),
    ("_pause", "amqp.user_queue"),
    ("_reboot", "libvirt.hostUuid"),
    ("_off", "mac"),
):
    add(
        f"{_action[1:]}-loses-{_key}",
        f"After {_action} the machine has no {_key} any more.",
        ("properties.kept",),
        partial(_loses, _action, _key),
    )


@fault("properties.kept")
def reboot_makes_another_machine() -> Change:
    """After a reboot the machine has another uuid."""

    def change(kept: dict[str, Any], call: Call, honest: Answer) -> Answer | None:
        kept["reboots"] = kept.get("reboots", 0) + (call.action == "_reboot" and honest.status == 202)
        if not kept["reboots"] or not is_shown(honest):
            return None
        shown = honest.value
        for row in shown["properties"]:
            if row["key"] == "libvirt.uuid":
                row["value"] = f"{row['value'][:-4]}{kept['reboots']:04x}"
        return honest.saying(shown)

    return per_instance(change)


@fault("properties.kept")
def resume_upper_cases_the_mac() -> Change:
    """After a resume the mac is written in lower case."""

    def change(kept: dict[str, Any], call: Call, honest: Answer) -> Answer | None:
        kept["resumed"] = kept.get("resumed") or (call.action == "_resume" and honest.status == 202)
        if not kept["resumed"] or not is_shown(honest):
            return None
        shown = honest.value
        for row in shown["properties"]:
            row["value"] = row["value"].lower() if row["key"] == "mac" else row["value"]
        return honest.saying(shown)

    return per_instance(change)


# ---- the agent


def _up_in(state: str) -> Change:
    return showing(lambda shown: shown.update(synapseState="Up") if shown["state"] == state else None)


for _state in ("PAUSED", "STOPPED", "UNDEFINED"):
    add(
        f"agent-is-up-while-{_state}",
        f"The agent of a machine that is {_state} is Up.",
        ("agent.down-unless-running",),
        partial(_up_in, _state),
    )


@fault("agent.down-unless-running", settings=SLOW)
def agent_is_up_while_pending() -> Change:
    """The agent is shown Up as soon as a start is accepted."""
    return _up_in("PENDING")


@fault("agent.down-unless-running")
def agent_is_up_in_the_answer_to_a_lock() -> Change:
    """The answer to a lock shows the agent Up, whatever the state."""
    return on("POST", "lock", showing(lambda shown: shown.update(synapseState="Up")))
