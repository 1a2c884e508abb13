"""A world: everything that one emulated platform is, and nothing of it outside. A process can hold many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from contract import Contract
from emulator.clock import Clock
from emulator.journal import Journal
from emulator.machine import LifecycleMachine
from emulator.memory import MemoryStore
from emulator.records import Hypervisor
from emulator.simulated import default_hypervisors
from emulator.store import Store
from emulator.timing import INSTANT, Timing
from emulator.wire import Wire


@dataclass(slots=True, eq=False)
class World:
    """Store, clock, timing, journal and random seed of one isolated platform.

    `name` is part of the key of every draw, so that two worlds with one seed differ.
    """

    contract: Contract
    machine: LifecycleMachine
    timing: Timing
    wire: Wire
    name: str = "default"
    random_seed: int = 0
    clock: Clock = field(default_factory=Clock)
    store: Store = field(default_factory=MemoryStore)
    journal: Journal = field(default_factory=Journal)
    hypervisors: Sequence[Hypervisor] = ()
    console_states: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        vnc = self.contract.operations.get("getVnc")
        self.console_states = vnc.legal_in or frozenset() if vnc else frozenset()
        if not self.hypervisors:
            self.hypervisors = default_hypervisors(self.random_seed)

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
