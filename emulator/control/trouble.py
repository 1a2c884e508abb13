"""Trouble of a world: rules set, added and dropped, and what has met them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from contract import ContractError
from emulator.call import Call, Performer
from emulator.clock import iso
from emulator.errors import Conflict, Malformed, NotFound, StartError
from emulator.memory import MemoryStore
from emulator.trouble import QUIET, Operations, Plan, Trouble, combine, plan_of
from emulator.trouble.kinds import KINDS, schema_of
from emulator.trouble.rules import builtin_troubles
from emulator.world import World
from emulator.worlds import Worlds


def show(world: World) -> dict[str, Any]:
    """As schemas/Trouble of control.openapi.yaml has it."""
    return (world.trouble or Trouble(QUIET, world.random_seed)).as_data()


def get(call: Call) -> dict[str, Any]:
    """The rules, with what has met them."""
    return show(call.world)


def clear(call: Call) -> dict[str, Any]:
    """No more trouble."""
    call.world.trouble = None
    return show(call.world)


def drop(call: Call) -> dict[str, Any]:
    """All rules but one."""
    present, (name,) = _plan(call.world), call.names
    rules = tuple(rule for rule in present.rules if rule.name != name)
    if len(rules) == len(present.rules):
        raise NotFound(f"there is no trouble {name!r}; GET /_emulator/trouble lists what there is")
    return _make(call.world, replace(present, rules=rules))


def list_hits(call: Call) -> dict[str, Any]:
    """The latest hits, oldest first."""
    latest = call.world.trouble.latest() if call.world.trouble else []
    return {
        "hits": [
            {
                "at": iso(hit.at),
                "rule": hit.rule.name,
                "kind": hit.rule.kind.name,
                "operation": hit.operation,
                "organization": hit.names[0],
                "environment": hit.names[1],
                "host": hit.names[2],
                "ordinal": hit.ordinal,
            }
            for hit in latest
        ]
    }


def list_kinds(_: Call) -> dict[str, Any]:
    """All kinds, with the schema of their rules."""
    kinds = [
        {
            "kind": kind.name,
            "lawful": kind.lawful,
            "about": kind.about,
            "says": kind.says,
            "why": kind.why,
            "schema": schema_of(kind),
        }
        for kind in KINDS.values()
    ]
    return {"kinds": kinds, "builtin": [*builtin_troubles()]}


def performers(worlds: Worlds) -> Mapping[str, Performer]:
    """The operations on trouble; some need to know what trouble can be about."""

    def put(call: Call) -> dict[str, Any]:
        return _make(call.world, _wished(call.body, worlds.operations))

    def add(call: Call) -> dict[str, Any]:
        try:
            plan = combine([_plan(call.world), _wished(call.body, worlds.operations)])
        except StartError as error:
            raise Conflict(str(error)) from None
        return _make(call.world, plan)

    return {
        "getTrouble": get,
        "setTrouble": put,
        "addTrouble": add,
        "clearTrouble": clear,
        "dropTrouble": drop,
        "listHits": list_hits,
        "listKinds": list_kinds,
    }


def _plan(world: World) -> Plan:
    return world.trouble.plan if world.trouble else QUIET


def _make(world: World, plan: Plan) -> dict[str, Any]:
    if not isinstance(world.store, MemoryStore):
        raise Conflict("trouble is made in memory only, where no other process serves: serve with --store memory")
    world.trouble = Trouble(plan, world.random_seed) if plan.rules else None
    return show(world)


def _wished(wish: Any, operations: Operations) -> Plan:
    try:
        return plan_of(wish, operations)
    except ContractError as error:
        raise Malformed(*error.problems) from None
    except StartError as error:
        raise Malformed(str(error)) from None
