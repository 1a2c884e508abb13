"""What answers here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from emulator.call import Call, Performer


def health(call: Call) -> dict[str, str]:
    """That it answers, and what it is."""
    world = call.world
    return {
        "status": "ok",
        "version": version("hypervisor-emulator"),
        "contract": world.contract.version,
        "world": world.name,
    }


PERFORMERS: Mapping[str, Performer] = {"getHealth": health}
