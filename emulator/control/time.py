"""The time of a world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator import steering
from emulator.call import Call, Performer
from emulator.clock import Clock, iso
from emulator.durations import Duration, seconds_of
from emulator.errors import Malformed
from emulator.world import World


def show(clock: Clock) -> dict[str, Any]:
    """As schemas/Clock of control.openapi.yaml has it."""
    return {"now": iso(clock.now()), "rate": clock.rate}


def get(call: Call) -> dict[str, Any]:
    """The time."""
    return show(call.world.clock)


def move(call: Call) -> dict[str, Any]:
    """Move the clock forward; what is due by then takes effect. Conflict when what is waited for will never come."""
    world, wish = call.world, call.body
    if "next" in wish:
        steering.to_next(world)
    elif "until" in wish:
        steering.run_until(world, wish["until"]["state"], wish["until"].get("host"))
    elif "advance" in wish:
        _advance(world, wish["advance"])
    if "rate" in wish:
        steering.run_at(world, wish["rate"])
    return show(world.clock)


def _advance(world: World, duration: Duration) -> None:
    try:
        steering.advance(world, seconds_of(duration))
    except ValueError as error:
        raise Malformed(f"advance: {error}") from None


PERFORMERS: Mapping[str, Performer] = {"getClock": get, "moveClock": move}
