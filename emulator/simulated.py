"""The simulated hypervisor: which machine a provision makes, and where and how it can be reached.

Everything is drawn from a key of the random seed, the host and the ordinal of the action: the same
seed gives the same machines, whatever the number of threads.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence

from emulator.draws import draw_bytes, draw_index, draw_uuid
from emulator.records import Console, Host, Hypervisor, Instance

MAC_PREFIX = "00:50:56"
"""The vendor's prefix of the documentation's example; locally made addresses start 00:50:56:00 to :3F."""

VNC_PORTS = range(5900, 5996)
TOKEN_BYTES = 53
"""So many bytes are 72 base64 digits with one digit of padding: 71 characters, as in the documentation's example."""


def default_hypervisors(seed: int, count: int = 3) -> Sequence[Hypervisor]:
    """Hypervisors for a world whose seeds name none."""
    return tuple(make_hypervisor(seed, f"hyp{number}.example.net") for number in range(1, count + 1))


def make_hypervisor(seed: int, name: str) -> Hypervisor:
    """A hypervisor of this name, with a drawn uuid."""
    return Hypervisor(name, draw_bytes(seed, "hypervisor", name, size=16).hex().upper())


def place(hypervisors: Sequence[Hypervisor], seed: int, host: Host) -> Hypervisor:
    """The hypervisor on which this host's machine lives."""
    return hypervisors[draw_index(len(hypervisors), seed, *host.path, "hypervisor")]


def identity(seed: int, host: Host, ordinal: int, hypervisor: Hypervisor) -> list[tuple[str, str]]:
    """The properties of a new machine, in the order of the documentation's example. A new `ordinal`: a new machine."""
    digits = draw_bytes(seed, *host.path, ordinal, "mac", size=3)
    mac = f"{MAC_PREFIX}:{digits[0] & 0x3F:02X}:{digits[1]:02X}:{digits[2]:02X}"
    return [
        ("amqp.user_queue", hypervisor.user_queue),
        ("libvirt.uuid", draw_uuid(seed, *host.path, ordinal, "uuid")),
        ("mac", mac),
        ("libvirt.hostUuid", hypervisor.uuid),
    ]


def address(seed: int, host: Host, instance: Instance) -> str:
    """The private address that the machine gets when it first runs."""
    first, second, third = draw_bytes(seed, *host.path, instance.uuid or "", "address", size=3)
    return f"10.{first}.{second}.{third % 254 + 1}"


def hostname(host: str) -> str | None:
    """The name that the guest gives itself, after its host; None when nothing of that can stand in a host name."""
    name = re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")[:63].rstrip("-")
    return host if name == host else name or None  # one string where two would do: there may be a million hosts


def console(seed: int, host: Host, instance: Instance) -> Console:
    """Where the machine's screen can be seen, until it is powered on again."""
    if instance.console is not None:
        return instance.console
    key = (*host.path, instance.uuid or "", instance.boots)
    token = b64encode(draw_bytes(seed, *key, "token", size=TOKEN_BYTES)).decode().rstrip("=")
    return Console(token, str(VNC_PORTS[draw_index(len(VNC_PORTS), seed, *key, "port")]))
