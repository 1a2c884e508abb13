"""Which checks there are, which requirements each of them judges, and what it needs. A check is a function.

A module of checks registers them when it is imported; `contract_tests.running.plan` imports them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from contract import Contract, Operation
from contract_tests.moving.tour import Node
from contract_tests.running.target import Level

if TYPE_CHECKING:
    from contract_tests.running.bench import Bench

Run = Callable[["Bench"], None]
Subject = TypeVar("Subject")
Requirements = Callable[[Contract], Iterable[str]]


class UnknownRequirementError(Exception):
    """A check is tied to a requirement that is in no contract: the suite is wrong, not the server."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A place in the lifecycle that a check is about: a state, and what is tried there.

    `start` is where the host must be before. `target` is where a legal trigger must lead; without one the instance
    stays as it is. `launch` sets it on its way to a transient `state`. `last`: it moves the instance and is no move of
    a tour, so that it comes after it. `one_of_several`: the same launch is made from other states too.
    """

    state: str
    start: Node
    operation: Operation | None = None
    target: str | None = None
    launch: Operation | None = None
    features: tuple[str, ...] = ()
    level: Level = Level.FULL
    last: bool = False
    one_of_several: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """What tells it from other cells: operation, state, and what else there is to say."""
        known = self.target if self.start.forgotten else None
        source = self.start.state if self.one_of_several else None
        parts = [self.operation and self.operation.id, self.state, known, self.launch and self.launch.id, source]
        return tuple(part for part in parts if part)

    def __str__(self) -> str:
        return f"{self.operation.id} in {self.state}" if self.operation else self.state


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the plan. `level` is what it sends at most, `features` what the server must claim for it.

    `id` is its name, with what tells it from others of that name in brackets. `hosts` is how many it needs.
    """

    id: str
    title: str
    level: Level
    requirements: tuple[str, ...]
    run: Run
    features: tuple[str, ...] = ()
    hosts: int = 1
    cell: Cell | None = None
    operation: str | None = None

    @property
    def name(self) -> str:
        """What it has in common with others of its kind."""
        return self.id.partition("[")[0]


@dataclass(frozen=True, slots=True)
class _Entry:
    module: str
    requirements: Requirements
    expand: Callable[[Contract, _Entry], Iterator[Check]]


_ENTRIES: dict[str, _Entry] = {}


def check(
    name: str,
    title: str,
    *,
    level: Level,
    requirements: Iterable[str] = (),
    derived: Requirements | None = None,
    hosts: int = 1,
) -> Callable[[Run], Run]:
    """Register a check. `derived` finds further requirements in the contract given, such as those of its cells."""

    def register(run: Run) -> Run:
        def expand(contract: Contract, entry: _Entry) -> Iterator[Check]:
            yield Check(name, title, level, tuple(entry.requirements(contract)), run, hosts=hosts)

        _add(name, run.__module__, requirements, derived, expand)
        return run

    return register


def check_each(
    name: str,
    title: str,
    *,
    operations: Callable[[Contract], Iterable[tuple[Operation, Level, Iterable[str]]]],
) -> Callable[[Callable[[Bench, Operation], None]], Callable[[Bench, Operation], None]]:
    """Register a check for each of some operations: `name[operationId]`, with the level and the ids of each."""

    def register(run: Callable[[Bench, Operation], None]) -> Callable[[Bench, Operation], None]:
        def expand(contract: Contract, _: _Entry) -> Iterator[Check]:
            for operation, level, ids in operations(contract):
                yield Check(
                    id=f"{name}[{operation.id}]",
                    title=f"{title} {operation.id}",
                    level=level,
                    requirements=tuple(ids),
                    run=partial(_with, run, operation),
                    features=(operation.feature,) if operation.feature else (),
                    operation=operation.id,
                )

        def every(contract: Contract) -> Iterable[str]:
            return [requirement for _, _, ids in operations(contract) for requirement in ids]

        _add(name, run.__module__, (), every, expand)
        return run

    return register


def check_cells(
    name: str, title: str, *, cells: Callable[[Contract], Iterable[tuple[Cell, Iterable[str]]]]
) -> Callable[[Callable[[Bench, Cell], None]], Callable[[Bench, Cell], None]]:
    """Register a check for each of some cells, with the ids that it judges: `name[operationId,STATE]`."""

    def register(run: Callable[[Bench, Cell], None]) -> Callable[[Bench, Cell], None]:
        def expand(contract: Contract, _: _Entry) -> Iterator[Check]:
            for cell, ids in cells(contract):
                yield Check(
                    id=f"{name}[{','.join(cell.words)}]",
                    title=f"{title} {cell}",
                    level=cell.level,
                    requirements=tuple(dict.fromkeys(ids)),
                    run=partial(_with, run, cell),
                    features=cell.features,
                    cell=cell,
                    operation=cell.operation.id if cell.operation else None,
                )

        def every(contract: Contract) -> Iterable[str]:
            return [requirement for _, ids in cells(contract) for requirement in ids]

        _add(name, run.__module__, (), every, expand)
        return run

    return register


def _with(run: Callable[[Bench, Subject], None], subject: Subject, bench: Bench) -> None:
    run(bench, subject)


def _add(
    name: str,
    module: str,
    requirements: Iterable[str],
    derived: Requirements | None,
    expand: Callable[[Contract, _Entry], Iterator[Check]],
) -> None:
    if name in _ENTRIES:
        raise ValueError(f"a check {name!r} is there already")
    fixed = tuple(requirements)

    def ids(contract: Contract) -> Iterable[str]:
        return dict.fromkeys([*fixed, *(derived(contract) if derived else ())])

    _ENTRIES[name] = _Entry(module, ids, expand)


def plan(contract: Contract, builtin: Contract, order: Sequence[str]) -> tuple[Check, ...]:
    """The checks for a contract, in the order in which their modules are named.

    An id that the contract given has dropped is dropped too. UnknownRequirementError for an id that not even the
    built-in contract has.
    """
    known: Mapping[str, object] = {**builtin.requirements, **contract.requirements}
    entries = sorted(_ENTRIES.values(), key=lambda entry: order.index(entry.module))
    checks = [one for entry in entries for one in entry.expand(contract, entry)]
    for one in checks:
        unknown = [requirement for requirement in one.requirements if requirement not in known]
        if unknown:
            raise UnknownRequirementError(f"check {one.id} judges {', '.join(unknown)}, which no contract has")
    return tuple(
        replace(one, requirements=tuple(name for name in one.requirements if name in contract.requirements))
        for one in checks
    )
