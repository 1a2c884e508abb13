"""The whole state of a world, out and in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.call import Call, Performer
from emulator.control import time
from emulator.control.seeding import told_as_refusal
from emulator.seeding.seeds import parse_seed
from emulator.seeding.snapshots import as_yaml, snapshot
from emulator.worlds import Worlds

BODY = "body"
"""What stands for the file in messages about a state."""


def get(call: Call) -> str:
    """All that the world is."""
    return as_yaml(snapshot(call.world))


def performers(worlds: Worlds) -> Mapping[str, Performer]:
    """The operations on a state."""

    def put(call: Call) -> dict[str, Any]:
        with told_as_refusal():
            return time.show(worlds.restore(call.world.name, parse_seed(call.body, BODY)).clock)

    return {"getState": get, "putState": put}
