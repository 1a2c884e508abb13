"""What a test holds in its hands: the address of its platform, and ways to prepare it and to look into it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

from emulator.errors import NotFound
from emulator.host_lookup import find_host
from emulator.instances.acts import ACTS, perform
from emulator.journal import Wanted
from emulator.seeding.seeds import plant
from emulator.steering import state_of
from emulator.store import Unit
from emulator.testing.clock import SteeredClock
from emulator.testing.faults import Faults
from emulator.testing.mistakes import UsageError, explained
from emulator.testing.rows import RowSeed
from emulator.testing.sent import JournalView, Requests, refuse_unknown
from emulator.trouble import Trouble, combine, load_plan, plan_of
from emulator.world import World
from emulator.worlds import Worlds, copy_of

Thing = TypeVar("Thing")


class Hypervisor:
    """One platform, with nobody else on it. `url` is what a client takes as its base URL.

    Hosts are named ORGANIZATION/ENVIRONMENT/HOST, or by their name alone where only one host has it. UsageError
    says what there is when something is named that is not there.
    """

    def __init__(
        self,
        worlds: Worlds,
        name: str,
        *,
        url: str,
        operations: Collection[str],
        sibling: Callable[..., AbstractContextManager[Hypervisor]],
    ) -> None:
        self.url = url
        self.clock = SteeredClock(self)
        self._operations = operations
        self._worlds = worlds
        self._name = name
        self._sibling = sibling

    @property
    def emulated(self) -> World:
        """The world behind it, as it is now: another one after `restore`."""
        return self._worlds.world(self._name)

    def add(self, path: str, state: str | None = None, **members: Any) -> str:
        """Add a host, in ORGANIZATION/ENVIRONMENT/HOST, and what is missing around it; answer its instance's URL.

        `state` None: it has no instance. `members` are those of a host or an instance in a seed (docs/seeds.md).
        """
        world = self.emulated
        with explained(), world.store.unit():
            seed = RowSeed(path, state, members, {hypervisor.name for hypervisor in world.hypervisors})
            plant(world, [seed], world.clock.now())
        return self.instance_url(path)

    def instance_url(self, host: str) -> str:
        """The URL of a host's instance, whether it has one or not."""
        names = [quote(name, safe="") for name in self._run(lambda unit: find_host(unit, host).path)]
        return self.url + "/organizations/{}/environments/{}/hosts/{}/instance".format(*names)

    def state(self, host: str) -> str:
        """The state of a host's instance, ABSENT when it has none. No client has looked by that."""
        world = self.emulated
        return self._run(lambda unit: state_of(world, unit, find_host(unit, host), world.clock.now()))

    def act(self, act: str, host: str, *, by: str | None = None) -> None:
        """Let something happen to a machine that no client asked for, such as `crash` (docs/control.md has the table).

        `by`: who does it, for the audit of the host.
        """
        world = self.emulated
        if act not in ACTS:
            raise UsageError(f"there is no act {act!r}; there are {', '.join(ACTS)}")
        self._run(lambda unit: perform(world, unit, act, find_host(unit, host).path, world.clock.now_in(unit), by))

    @contextmanager
    def faults(self, *troubles: str | Mapping[str, Any], random_seed: int | None = None) -> Iterator[Faults]:
        """Until the block ends, requests meet trouble: of files, built-in (such as `flaky`), or of rules.

        docs/trouble.md has them all. The same random seed is the same trouble; what was there before is there after.
        """
        world, operations = self.emulated, self._worlds.operations
        with explained():
            plan = combine(
                load_plan(one, operations) if isinstance(one, str) else plan_of(one, operations) for one in troubles
            )
        if random_seed is not None:
            plan = replace(plan, random_seed=random_seed)
        before, trouble = world.trouble, Trouble(plan, world.random_seed)
        world.trouble = trouble
        try:
            yield Faults(trouble)
        finally:
            self.emulated.trouble = before

    def snapshot(self) -> World:
        """All that is there now, machines and time, to be given to `restore`."""
        return copy_of(self.emulated)

    def restore(self, base: World) -> None:
        """Be again what it was at that snapshot, as often as you like. The journal begins anew."""
        self._worlds.put(copy_of(base, self._name))

    def requests(
        self,
        operation: str | None = None,
        *,
        host: str | None = None,
        status: int | None = None,
        agent: str | None = None,
    ) -> Requests:
        """The requests that were for this operation (an operationId) and host, as an expectation.

        `status` is that of the answer; `agent` stands in the User-Agent.
        """
        return Requests(lambda: self.emulated.journal, self._wanted(operation, host, status, agent))

    @property
    def journal(self) -> JournalView:
        """All that it was asked, and its answers."""
        return JournalView(lambda: self.emulated.journal, self._wanted)

    def judge_client(self) -> None:
        """AssertionError when the code under test broke a rule of good manners (docs/judging.md), with each of them."""
        __tracebackhide__ = True
        from emulator.judging.reports import as_text  # noqa: PLC0415 - few tests want a verdict, and it imports much
        from emulator.judging.worlds import judge_world  # noqa: PLC0415

        verdict = judge_world(self.emulated)
        if verdict.is_guilty:
            raise AssertionError(as_text(verdict).rstrip())

    def world(self, **settings: Any) -> AbstractContextManager[Hypervisor]:
        """Another platform beside this one, with the same settings unless told otherwise, until the block ends."""
        return self._sibling(**settings)

    def _wanted(
        self, operation: str | None = None, host: str | None = None, status: int | None = None, agent: str | None = None
    ) -> Wanted:
        refuse_unknown(operation, self._operations)
        organization, environment, name = self._path(host) if host else (None, None, None)
        return Wanted(operation, organization, environment, name, status=status, agent=agent)

    def _path(self, host: str) -> tuple[str, str, str]:
        """The path of a host; also of one that is gone, or never was, if it was asked for."""
        try:
            return self.emulated.store.run(lambda unit: find_host(unit, host).path)
        except NotFound as error:
            names = {entry.names for entry in self.emulated.journal if host in (entry.host, "/".join(entry.names))}
            if len(names) != 1:
                raise UsageError(str(error)) from None
            organization, environment, name = names.pop()
            return organization, environment, name

    def _run(self, work: Callable[[Unit], Thing]) -> Thing:
        with explained():
            return self.emulated.store.run(work)
