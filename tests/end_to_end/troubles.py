"""The contract suite against an emulator that makes trouble: none that is lawful is blamed, each other is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract_tests.running.selection import Choice
from emulator.app import create_app
from emulator.settings import Settings
from emulator.trouble import Trouble, plan_of
from emulator.trouble.kinds import KINDS
from emulator.worlds import Worlds
from tests.faulty_servers.choosing import DEAR
from tests.suite.judging import EXAMPLE, VACANT, Verdict, judge
from tests.suite.serving import serving

RESTLESS = "lawfully-restless"

Rules = Sequence[Mapping[str, Any]]

LAWFUL: Mapping[str, Rules] = {
    "latency": [{"kind": "latency", "seconds": [0, 0.05], "probability": 0.2}],
    "slow-settling": [{"kind": "slow-settling", "seconds": [0, 0.2]}],
    "late-reads": [{"kind": "late-reads", "looks": 2}],
    "late-reads-and-slow-settling": [
        {"kind": "late-reads", "looks": 3, "probability": 0.5},
        {"kind": "slow-settling", "seconds": [0, 0.1], "probability": 0.5},
    ],
    "agent-silent": [{"kind": "agent-silent"}],
    "unavailable": [{"kind": "unavailable", "probability": 0.05, "retryAfter": 0}],
    "too-many-requests": [{"kind": "too-many-requests", "probability": 0.05, "retryAfter": 0}],
    RESTLESS: [{"kind": RESTLESS}],
}
"""A row for every lawful kind, mild enough that a run ends within minutes."""


@dataclass(frozen=True, slots=True)
class Unlawful:
    """Trouble that no server under test may make. `breaks`: what must fail, none where only no verdict is to be had."""

    rules: Rules
    only: tuple[str, ...]
    breaks: frozenset[str] = frozenset()


UNLAWFUL: Mapping[str, Unlawful] = {
    "lost-answer": Unlawful([{"kind": "lost-answer", "operations": "p*Instance"}], ("legal",)),
    "cut": Unlawful([{"kind": "cut", "operations": "getInstance", "skip": 5}], ("legal",)),
    "hypervisor-gone": Unlawful(
        [{"kind": "hypervisor-gone", "operations": "getInstance", "skip": 2, "probability": 0.3, "seconds": 0.3}],
        ("legal", "quiet"),
        frozenset({"lifecycle.provision-leads"}),
    ),
    "action-fails": Unlawful([{"kind": "action-fails"}], ("legal",), frozenset({"lifecycle.provision-leads"})),
    "shutdown-ignored": Unlawful(
        [{"kind": "shutdown-ignored", "seconds": 0.1}], ("legal",), frozenset({"lifecycle.shutdown-leads"})
    ),
    "stale-reads": Unlawful(
        [{"kind": "stale-reads", "probability": 0.5}],
        ("legal[shutdownInstance,RUNNING]", "legal[pauseInstance,RUNNING]"),
        frozenset({"lifecycle.shutdown-leads"}),
    ),
}
"""A row for every kind that is not lawful, with the checks that see it."""


def judged(rules: Rules, folder: Path, *, random_seed: int, choice: Choice) -> tuple[Verdict, list[int]]:
    """What the suite says of an emulator under these rules, and how often each was met."""
    settings = Settings(port=0, seeds=(EXAMPLE,), random_seed=random_seed)
    worlds = Worlds(settings)
    world = worlds.world()
    trouble = world.trouble = Trouble(plan_of({"rules": rules}, worlds.operations), random_seed)
    with serving(create_app(settings, worlds)) as url:
        verdict = judge(
            url, folder, hosts=(VACANT,), random_seed=random_seed, settle_timeout=20.0, max_examples=2, choice=choice
        )
    return verdict, [hits for _, _, hits in trouble.counts()]


def quick(random_seed: int, folder: Path) -> tuple[Verdict, list[int]]:
    """A restless emulator, judged by all but the dearest checks."""
    return judged(LAWFUL[RESTLESS], folder, random_seed=random_seed, choice=Choice(skip=DEAR))


def kinds(*, lawful: bool) -> set[str]:
    """The names of the kinds that are lawful, or that are not."""
    return {kind.name for kind in KINDS.values() if kind.lawful is lawful}
