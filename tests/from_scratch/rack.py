"""A hypervisor as a vendor might write one: machines in a dictionary, and timers that end what was begun.

Nothing of this project is imported here: what the suite says of this server, it says of a stranger.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

Answer = tuple[int, Any]
"""A status, and a value for the body; None for no content."""

LEGAL = {
    "_start": ({"STOPPED"}, "RUNNING"),
    "_pause": ({"RUNNING"}, "PAUSED"),
    "_resume": ({"PAUSED"}, "RUNNING"),
    "_shutdown": ({"RUNNING"}, "STOPPED"),
    "_stop": ({"RUNNING"}, "STOPPED"),
    "_reboot": ({"RUNNING"}, "RUNNING"),
    "_off": ({"RUNNING", "PAUSED", "PENDING"}, "STOPPED"),
}


class Conflict(Exception):
    """The state does not allow it."""


class Locked(Conflict):
    """The lock does not allow it."""


class NoConsole(Conflict):
    """The machine has no screen now."""


class Missing(Exception):
    """There is no instance."""


@dataclass
class Machine:
    """A virtual machine. `generation` grows with every action, so that the timer of an older one is told apart."""

    uuid: str
    state: str = "PENDING"
    agent: str = "Down"
    generation: int = 0
    stops: int = 0
    address: bool = False


@dataclass
class Instance:
    """The record of a machine on a host; without one, the machine that was imported is not known here."""

    machine: Machine | None
    properties: dict[str, str]
    locked: bool = False
    unseen: int = -1
    """The generation of the machine in which it came, on its way: until that ends, nothing is known of it."""


@dataclass
class Rack:
    """All hosts and machines. `delay` is what an action takes in seconds, `flaws` what this server does wrong."""

    flaws: frozenset[str] = frozenset()
    delay: float = 0.02
    instances: dict[tuple[str, ...], Instance] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    mutex: threading.RLock = field(default_factory=threading.RLock)
    serial: int = 0

    def get(self, host: tuple[str, ...]) -> Answer:
        """The instance of a host."""
        return 200, self._show(host, self._instance(host))

    def provision(self, host: tuple[str, ...]) -> Answer:
        """A new machine."""
        if host in self.instances:
            raise Conflict("this host has an instance already")
        self.serial += 1
        made_up = uuid.uuid5(uuid.NAMESPACE_DNS, "/".join(host)) if "uuid of the host" in self.flaws else uuid.uuid4()
        machine = Machine(str(made_up))
        properties = {
            "mac": f"52:54:00:{self.serial >> 16 & 255:02x}:{self.serial >> 8 & 255:02x}:{self.serial & 255:02x}",
            "amqp.user_queue": f"queue-{self.serial}",
            "libvirt.uuid": machine.uuid,
            "libvirt.hostUuid": "0F" * 16,
        }
        self.machines[machine.uuid] = machine
        self.instances[host] = Instance(machine, properties)
        self._begin(machine, "RUNNING")
        return 200, self._show(host, self.instances[host])

    def take(self, host: tuple[str, ...], properties: dict[str, str]) -> Answer:
        """An import."""
        if host in self.instances:
            raise Conflict("this host has an instance already")
        known = self.machines.get(properties.get("libvirt.uuid", ""))
        if known and any(other.machine is known for other in self.instances.values()):
            raise Conflict("another host has this machine")
        if "keys in lower case" in self.flaws:
            properties = {key.lower(): value for key, value in properties.items()}
        unseen = known.generation if known and known.state == "PENDING" else -1
        self.instances[host] = Instance(known, properties, unseen=unseen)
        return 200, self._show(host, self.instances[host])

    def delete(self, host: tuple[str, ...]) -> Answer:
        """The end of a machine."""
        instance = self._unlocked(host, "delete")
        del self.instances[host]
        if instance.machine:
            self.machines.pop(instance.machine.uuid, None)
            if "timers outlive a delete" in self.flaws and instance.machine.state == "PENDING":
                self._later(self.delay / 4, lambda: self.instances.setdefault(host, instance))
            else:
                instance.machine.generation += 1
        return (200 if "delete answers 200" in self.flaws else 204), None

    def forget(self, host: tuple[str, ...]) -> Answer:
        """The end of a record."""
        self._unlocked(host, "_forget")
        del self.instances[host]
        return 202, None

    def act(self, host: tuple[str, ...], action: str) -> Answer:
        """A power action."""
        instance = self._unlocked(host, action)
        state = self._state(instance)
        sources, target = LEGAL[action]
        if "off wants a running machine" in self.flaws and action == "_off":
            sources = {"RUNNING", "PENDING"}
        if state not in sources or instance.machine is None:
            raise Conflict(f"{action} is not possible while {state}")
        if "restarts lose what was imported" in self.flaws and action == "_start":
            instance.properties.pop("amqp.user_queue", None)
        self._begin(instance.machine, target)
        if "a reboot is a stop and a start" in self.flaws and action == "_reboot":
            instance.machine.stops = 2
        return 202, None

    def lock(self, host: tuple[str, ...], *, locked: bool) -> Answer:
        """Lock or unlock."""
        instance = self._instance(host)
        if "an unlock wants a lock" in self.flaws and instance.locked == locked:
            raise Conflict("it is so already")
        instance.locked = locked
        return 200, self._show(host, instance)

    def vnc(self, host: tuple[str, ...]) -> Answer:
        """The console."""
        state = self._state(self._instance(host))
        if state not in ("RUNNING", "PAUSED"):
            raise NoConsole(f"a machine that is {state} has no console")
        port: Any = 5901 if "the port is a number" in self.flaws else "5901"
        return 200, {"hostname": "rack-7.example", "port": port, "token": uuid.uuid4().hex}

    def _instance(self, host: tuple[str, ...]) -> Instance:
        if host not in self.instances:
            raise Missing
        return self.instances[host]

    def _unlocked(self, host: tuple[str, ...], action: str) -> Instance:
        instance = self._instance(host)
        if instance.locked and not ("a lock lets delete" in self.flaws and action == "delete"):
            raise Locked("this instance is locked")
        return instance

    def _state(self, instance: Instance) -> str:
        machine = instance.machine
        if machine and machine.stops and machine.state == "RUNNING":
            machine.stops -= 1
            return "STOPPED"
        if machine is None or (machine.state == "PENDING" and machine.generation == instance.unseen):
            return "UNDEFINED"
        return machine.state

    def _begin(self, machine: Machine, target: str) -> None:
        machine.generation += 1
        machine.state = "PENDING"
        if "the agent is never down" not in self.flaws:
            machine.agent = "Down"
        generation = machine.generation
        self._later(self.delay, lambda: self._settle(machine, generation, target))

    def _settle(self, machine: Machine | None, generation: int, target: str) -> None:
        if machine is None or machine.generation != generation:
            return
        machine.state = target
        if target == "RUNNING":
            self._later(self.delay, lambda: self._report_in(machine, generation))

    def _report_in(self, machine: Machine, generation: int) -> None:
        if machine.generation == generation:
            machine.agent, machine.address = "Up", True

    def _later(self, seconds: float, action: Any) -> None:
        def locked() -> None:
            with self.mutex:
                action()

        timer = threading.Timer(seconds, locked)
        timer.daemon = True
        timer.start()

    def _show(self, host: tuple[str, ...], instance: Instance) -> dict[str, Any]:
        state = self._state(instance)
        if "paused is called suspended" in self.flaws and state == "PAUSED":
            state = "SUSPENDED"
        agent = instance.machine.agent if instance.machine and state != "STOPPED" else "Down"
        rows = [{"value": value, "key": key} for key, value in instance.properties.items()]
        if instance.machine and instance.machine.address and "ip.eth0" not in instance.properties:
            rows.insert(0, {"value": "192.0.2.7", "key": "ip.eth0"})
        return {
            "revision": self.serial,
            "locked": instance.locked,
            "synapseState": agent,
            "properties": rows,
            "state": state,
            "host": host[2],
            "environment": host[1],
            "organization": host[0],
        }
