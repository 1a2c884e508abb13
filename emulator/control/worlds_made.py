"""Worlds: made, forked, reset and dropped over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from emulator.call import Call, Performer
from emulator.clock import parse_clock
from emulator.control import time
from emulator.control.seeding import told_as_refusal
from emulator.errors import Malformed
from emulator.resources import fixtures
from emulator.seeding.origins import Origin
from emulator.seeding.seeds import Seed, builtin_seeds, load_seed, parse_seed
from emulator.timing import parse_timing
from emulator.world import World
from emulator.worlds import PREFIX, Worlds

LEVELS = ("organization", "environment", "host")


def performers(worlds: Worlds) -> Mapping[str, Performer]:
    """The operations that need to know of all worlds."""

    def reset(call: Call) -> dict[str, Any]:
        wish, name = call.body, call.world.name
        if "organization" in wish:
            names = tuple(wish[level] for level in LEVELS if level in wish)
            return time.show(worlds.reset_part(name, names).clock)
        with told_as_refusal():
            return time.show((worlds.read_again if "seeds" in wish else worlds.reset)(name).clock)

    def list_all(call: Call) -> dict[str, Any]:
        return {"worlds": [_show(name) for name in worlds.names()]}

    def make(call: Call) -> dict[str, Any]:
        wish = call.body
        if "fork" in wish:
            return _show(worlds.fork(wish["fork"], wish.get("name")).name)
        origin = _origin(call.world, worlds.origin(), wish)
        with told_as_refusal():
            return _show(worlds.make(wish.get("name"), origin).name)

    def drop(call: Call) -> None:
        worlds.drop(*call.names)

    return {"resetWorld": reset, "listWorlds": list_all, "makeWorld": make, "dropWorld": drop}


def _origin(world: World, default: Origin, wish: Mapping[str, Any]) -> Origin:
    """What a world of this wish begins from: as the default one, where it says nothing else."""
    if "seeds" in wish:
        with told_as_refusal():
            default = replace(default, seeds=tuple(_seed(*pair) for pair in enumerate(wish["seeds"])), fleet=0)
    try:
        if "clock" in wish:
            parse_clock(wish["clock"])
        timing = parse_timing(wish["timing"], world.machine.lifecycle.triggers) if "timing" in wish else default.timing
    except ValueError as error:
        raise Malformed(f"clock: {error}") from None
    return replace(
        default,
        timing=timing,
        clock=wish.get("clock", default.clock),
        random_seed=wish.get("randomSeed", default.random_seed),
    )


def _seed(number: int, wish: str | Mapping[str, Any]) -> Seed:
    """A built-in seed by its name, or one that is written out."""
    if not isinstance(wish, str):
        return parse_seed(orjson.dumps(wish).decode(), f"seeds.{number}")
    if wish not in builtin_seeds():
        raise Malformed(f"there is no built-in seed {wish!r}; there are {', '.join(builtin_seeds())}")
    return load_seed(fixtures() / f"{wish}.yaml")


def _show(name: str) -> dict[str, str]:
    return {"name": name, "path": f"{PREFIX}{name}"}
