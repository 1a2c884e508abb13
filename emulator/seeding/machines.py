"""One machine as a row of a seed describes it. What the row leaves out is drawn, so that it looks like a machine.

Which states, triggers and ways there are is said by the contract that the world serves.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from emulator import simulated
from emulator.instances import outages
from emulator.instances.shortest_path import operation_of
from emulator.records import Console, Host, Hypervisor, Instance, Pending, Task
from emulator.store import Unit
from emulator.world import World

Row = Mapping[str, Any]
Place = tuple[str | int, ...]

CAUSE = "seed"
"""How a machine of a seed came to its state, in messages."""

MOST_NAMED = 12
"""So many names a message lists at most."""


class Misfit(Exception):
    """What a row cannot mean in this world. `place` leads from the row to what is wrong in it."""

    def __init__(self, message: str, *place: str | int) -> None:
        super().__init__(message)
        self.place: Place = place

    def below(self, *place: str | int) -> Misfit:
        """The same, seen from further out."""
        return Misfit(str(self), *place, *self.place)


class InstanceMaker:
    """Makes instances from rows, for one world and one time (`now`, in seconds since the epoch).

    Made after the world knows its hypervisors. Misfit says what a row has wrong.
    """

    def __init__(self, world: World, unit: Unit, now: float) -> None:
        self._world = world
        self._unit = unit
        self._now = now
        self._lifecycle = lifecycle = world.machine.lifecycle
        self._states = {name: state for name, state in lifecycle.states.items() if state.kind != "absent"}
        self._hypervisors = {hypervisor.name: hypervisor for hypervisor in world.hypervisors}

    def equip(self, host: Host, row: Row) -> None:
        """Give the host the instance that the row describes, and put both into the store's indexes."""
        instance = self._instance(host, row)
        if "properties" in row:
            self._prescribe(instance, row)
        else:
            self._draw(host, instance)
        if instance.unseen is None and (instance.pending or self._states[instance.state].kind != "unknown"):
            outages.hide(self._world, instance)
        elif instance.unseen is not None and instance.hypervisor.name not in self._world.outages:
            raise Misfit(f"the hypervisor {instance.hypervisor.name!r} is not out of reach; say so there", "unseen")
        host.instance = instance
        self._unit.hold(host)
        if instance.pending is not None:
            self._set_off(host, instance, instance.pending)

    def set_adrift(self, row: Row) -> None:
        """Put a machine that no host holds into the store."""
        machine = self._instance(None, row)
        self._prescribe(machine, row)
        if not machine.uuid:
            raise Misfit("a machine without a host is known by its libvirt.uuid; give it one", "properties")
        if self._unit.stray(machine.uuid) is not None:
            raise Misfit(f"the machine {machine.uuid} (libvirt.uuid) stands twice; keep one", "properties")
        self._unit.set_adrift(machine)

    def _instance(self, host: Host | None, row: Row) -> Instance:
        state = self._states.get(row["state"])
        if state is None:
            raise Misfit(
                f"an instance cannot be {row['state']!r}; expected {_any_of(self._states)}, or no instance at all",
                "state",
            )
        pending = self._pending(row)
        since = self._now - row["since"] if "since" in row else self._now
        return Instance(
            state=state.name,
            since=since,
            cause=row.get("cause", CAUSE),
            hypervisor=self._hypervisor(host, row),
            pending=pending,
            agent_at=self._agent_at(row, since),
            locked=row.get("locked", False),
            settled=row.get("settled", has_settled(self._world, state.name, pending)),
            failed=row.get("failed", False),
            actions=row.get("actions", 0),
            boots=row.get("boots", 0),
            hostname=row.get("hostname"),
            console=Console(row["vnc"]["token"], str(row["vnc"]["port"])) if "vnc" in row else None,
            unseen=self._unseen(row),
        )

    def _unseen(self, row: Row) -> str | None:
        if "unseen" in row and (row["unseen"] not in self._states or self._states[row["state"]].kind != "unknown"):
            raise Misfit(f"{row['state']} hides no {row['unseen']}; expected a state that cannot be told", "unseen")
        return row.get("unseen")

    def _agent_at(self, row: Row, since: float) -> float | None:
        if "agentIn" in row:
            return self._now + float(row["agentIn"])
        return since if row.get("agent", "Up") == "Up" else None

    def _hypervisor(self, host: Host | None, row: Row) -> Hypervisor:
        world = self._world
        if "hypervisor" not in row and host is not None:
            return simulated.place(world.hypervisors, world.random_seed, host)
        found = self._hypervisors.get(row["hypervisor"])
        if found is None:
            raise Misfit(
                f"there is no hypervisor {row['hypervisor']!r}; expected {_any_of(self._hypervisors)}, "
                "or one more under hypervisors",
                "hypervisor",
            )
        return found

    def _prescribe(self, instance: Instance, row: Row) -> None:
        instance.set_properties((item["key"], item["value"]) for item in row["properties"])
        if instance.uuid and (holder := self._unit.holder(instance.uuid)):
            message = f"the machine {instance.uuid} (libvirt.uuid) is the instance of host {'/'.join(holder.path)!r}"
            raise Misfit(f"{message} already; give each machine its own", "properties")

    def _draw(self, host: Host, instance: Instance) -> None:
        """The properties of a new machine; one that has run has its address and its name, too."""
        world, host.machines = self._world, max(host.machines, 1)
        queue = sys.intern(instance.hypervisor.user_queue)  # one string for all machines of a hypervisor
        drawn = simulated.identity(world.random_seed, host, 1, instance.hypervisor)
        instance.set_properties((key, queue if value == queue else value) for key, value in drawn)
        if instance.settled:
            instance.boots = max(instance.boots, 1)
            instance.add_property("ip.eth0", simulated.address(world.random_seed, host, instance))
            instance.hostname = instance.hostname or simulated.hostname(host.name)

    def _pending(self, row: Row) -> Pending | None:
        """The action that is on its way, along an edge of the lifecycle."""
        state, lifecycle = row.get("unseen", row["state"]), self._lifecycle
        if "pending" not in row:
            if self._states[state].kind == "transient":
                raise Misfit(f"{state} needs pending: the trigger that is on its way, from where, in how long", "state")
            return None
        action = row["pending"]
        edge = lifecycle.edge(action["from"], action["trigger"])
        if edge is None or edge.via != state:
            ways = [f"{edge.trigger} from {edge.state}" for edge in lifecycle.edges if edge.via == state]
            raise Misfit(
                f"{action['trigger']} from {action['from']} does not pass through {state}; {_any_of(ways)} does",
                "pending",
            )
        target = action.get("to", edge.to[0])
        failed = (edge.otherwise,) if action.get("failure") and edge.otherwise else ()
        if target not in edge.to + failed:
            raise Misfit(f"{edge.trigger} does not settle in {target!r}; expected {_any_of(edge.to)}", "pending", "to")
        return Pending(
            edge.trigger,
            edge.state,
            target,
            due=self._now + action["in"] if "in" in action else inf,
            polls=action.get("polls"),
            boots=action.get("boots", self._world.boots(edge.state, target)),
            silent=action.get("silent", False),
            failure=action.get("failure", ""),
        )

    def _set_off(self, host: Host, instance: Instance, pending: Pending) -> None:
        """What is on its way is a change of the host, for which clients wait: that of its history, if it has one."""
        self._unit.schedule(host, instance)
        if host.history is not None:
            open_changes = [change for change in host.history.changes if change.task.status == "PENDING"]
            pending.change = open_changes[-1] if open_changes else None
            return
        operation = operation_of(self._world.contract, pending.trigger)
        task = Task(f"{operation.id} on the hypervisor {instance.hypervisor.name}", "PENDING")
        pending.change = host.chronicle().add_change(operation.id, operation.summary, task)


def has_settled(world: World, state: str, pending: Pending | None) -> bool:
    """Whether a machine that is so has come to the end of its first action, as far as one can see."""
    lifecycle = world.machine.lifecycle
    return pending.source != lifecycle.absent if pending else lifecycle.states[state].kind == "stable"


def _any_of(names: Iterable[str]) -> str:
    """Such as: `RUNNING, PAUSED or STOPPED`; the first few of many."""
    *others, last = list(names)[:MOST_NAMED] or ["none"]
    return f"{', '.join(others)} or {last}" if others else last
