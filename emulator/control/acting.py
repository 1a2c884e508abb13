"""Acts: what happens to a machine without a request to the emulated API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.call import Call, Performer
from emulator.instances import acts
from emulator.store import Unit


def list_all(_: Call) -> dict[str, Any]:
    """All acts, with what they say in a history."""
    return {"acts": [{"act": name, "says": act.says, "by": act.by} for name, act in acts.ACTS.items()]}


def act(call: Call) -> dict[str, str]:
    """Let it happen."""
    wish, world = call.body, call.world

    def work(unit: Unit) -> tuple[str, str]:
        call.now = world.clock.now_in(unit)
        names = (wish["organization"], wish["environment"], wish["host"])
        return acts.perform(world, unit, wish["act"], names, call.now, wish.get("by"))

    call.before, call.after = world.store.run(work)
    return {"act": wish["act"], "before": call.before, "after": call.after}


PERFORMERS: Mapping[str, Performer] = {"listActs": list_all, "act": act}
