"""A world: everything that one emulated platform is, and nothing of it outside. A process can hold many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from contract import Contract
from emulator.auth import Authenticator
from emulator.clock import Clock
from emulator.events import STATE, Events
from emulator.journal import Journal
from emulator.machine import LifecycleMachine
from emulator.memory import MemoryStore
from emulator.records import Host, Hypervisor, Instance
from emulator.simulated import default_hypervisors
from emulator.store import Store
from emulator.timing import INSTANT, Timing
from emulator.trouble import Trouble
from emulator.wire import Wire

DEFAULT = "default"
"""The name of the world at the root."""


@dataclass(slots=True, eq=False)
class World:
    """Store, clock, timing, journal, users and random seed of one isolated platform.

    What is drawn depends on the random seed, not on the name: the same test makes the same machines in any world.
    `outages` are the hypervisors out of reach, by name, and until when (emulator.instances.outages). `events` None:
    not told, since a database does its work again when another process was faster.
    `trouble` is None while there is none, which is all that a request then looks at.
    """

    contract: Contract
    machine: LifecycleMachine
    timing: Timing
    wire: Wire
    name: str = DEFAULT
    random_seed: int = 0
    clock: Clock = field(default_factory=Clock)
    store: Store = field(default_factory=MemoryStore)
    journal: Journal = field(default_factory=Journal)
    hypervisors: Sequence[Hypervisor] = ()
    authenticator: Authenticator = field(default_factory=Authenticator)
    console_states: frozenset[str] = frozenset()
    outages: dict[str, float] = field(default_factory=dict)
    events: Events | None = field(default_factory=Events)
    trouble: Trouble | None = None

    def __post_init__(self) -> None:
        vnc = self.contract.operations.get("getVnc")
        self.console_states = vnc.legal_in or frozenset() if vnc else frozenset()
        if not self.hypervisors:
            self.hypervisors = default_hypervisors(self.random_seed)

    def moved(self, host: Host, source: str, instance: Instance, at: float) -> None:
        """Note that a host's instance has come from a state to the one that it is in."""
        if self.events is not None and source != instance.state:
            self.events.add(at, STATE, host.path, source, instance.state, instance.cause)

    def boots(self, source: str, target: str) -> bool:
        """Whether the guest starts anew on this way: it runs at the end, and did not live before, or was restarted."""
        runs = self.machine.lifecycle.states[target].guest_runs
        return runs and (source not in self.console_states or source == target)


def make_world(
    contract: Contract, *, timing: Timing = INSTANT, random_seed: int = 0, clock: Clock | None = None
) -> World:
    """An empty world for this contract. StartError when the emulator cannot serve that."""
    return World(
        contract=contract,
        machine=LifecycleMachine(contract.lifecycle),
        wire=Wire(contract),
        timing=timing,
        random_seed=random_seed,
        clock=clock or Clock(),
    )
