"""Rules of trouble, as people write them: YAML files, the built-in ones by name, and bodies of requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import orjson

from contract import Operation, YamlSource, load_yaml
from emulator.errors import StartError
from emulator.resources import fixtures
from emulator.trouble.kinds import ACTIONS, ANY, KINDS, OUTLINE, READS, Kind, schema_of

READ = "getInstance"

Operations = Mapping[str, Operation]
"""What a rule can be about: the operations of the contract and of the inventory, by operationId."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests meet which trouble. Names are globs, compared case by case; `name` None: it is given one.

    Of the requests of one host that fit, the first `skip` meet nothing; of the others each does with `probability`,
    until `count` have (None: without end). `operations` are operationIds.
    """

    name: str | None
    kind: Kind
    operations: frozenset[str]
    globs: tuple[str, str, str]
    skip: int
    count: int | None
    probability: float
    parameters: Mapping[str, Any]

    def fits(self, operation: str, names: tuple[str, ...]) -> bool:
        """Whether it is about this request; `names` are those in its path, outermost first, empty where it has none."""
        return operation in self.operations and all(map(fnmatchcase, names, self.globs))


@dataclass(frozen=True, slots=True)
class Plan:
    """Rules in their order; `random_seed` None: that of the world."""

    rules: tuple[Rule, ...]
    random_seed: int | None = None


QUIET = Plan(())
"""No trouble."""


def is_about(operation: Operation, about: str) -> bool:
    """Whether an operation is of those that a kind can be about."""
    return {
        ANY: True,
        ACTIONS: operation.trigger is not None and {200, 202} & operation.responses.keys() != set(),
        READS: operation.id == READ,
    }[about]


def builtin_troubles() -> Mapping[str, Path]:
    """The files of the built-in troubles, by name."""
    return {path.stem: path for path in sorted((fixtures() / "trouble").glob("*.yaml"))}


def load_plan(text: str, operations: Operations) -> Plan:
    """The plan that `--trouble` names: a file, or a built-in one. ContractError and StartError say what is wrong."""
    path = Path(text)
    if not path.exists():
        builtin = builtin_troubles()
        if text not in builtin:
            raise StartError(f"--trouble {text}: there is no such file; expected a YAML file, or {_any_of(builtin)}")
        path = builtin[text]
    return _read(load_yaml(path, OUTLINE), operations)


def plan_of(value: Any, operations: Operations) -> Plan:
    """The plan that the body of a request says. ContractError says what is wrong in it."""
    source = YamlSource(Path("body"), orjson.dumps(value).decode(), value)
    source.check(OUTLINE)
    return _read(source, operations)


def combine(plans: Iterable[Plan]) -> Plan:
    """One plan of several: their rules in order; the last random seed counts.

    StartError when two rules were given the same name.
    """
    rules: list[Rule] = []
    seed = None
    for plan in plans:
        seed = seed if plan.random_seed is None else plan.random_seed
        taken = {rule.name for rule in rules if rule.name}
        for rule in plan.rules:
            if rule.name in taken:
                raise StartError(f"two rules of trouble are called {rule.name!r}; give each a name of its own")
        rules += plan.rules
    return Plan(tuple(rules), seed)


def named(plan: Plan) -> Plan:
    """The same; rules without a name are called by their kind, and numbered where there are several."""
    taken = {rule.name for rule in plan.rules if rule.name}
    rules = []
    for rule in plan.rules:
        number, name = 1, rule.name or rule.kind.name
        while rule.name is None and name in taken:
            number += 1
            name = f"{rule.kind.name}-{number}"
        taken.add(name)
        rules.append(replace(rule, name=name))
    return replace(plan, rules=tuple(rules))


def _read(source: YamlSource, operations: Operations) -> Plan:
    value, builtin = source.value, builtin_troubles()
    plans = []
    for number, name in enumerate(value.get("include", ())):
        if name not in builtin:
            raise source.error(
                ("include", number), f"there is no built-in trouble {name!r}; expected {_any_of(builtin)}"
            )
        plans.append(load_plan(str(builtin[name]), operations))
    own, names = [], set()
    for number, row in enumerate(value.get("rules", ())):
        kind, place = KINDS[row["kind"]], ("rules", number)
        source.check(schema_of(kind), row, place)
        if row.get("name") in names:
            raise source.error((*place, "name"), f"two rules are called {row['name']!r}; give each a name of its own")
        names |= {row["name"]} if "name" in row else set()
        own.append(_rule(source, row, kind, place, operations))
    return combine([*plans, Plan(tuple(own), value.get("randomSeed"))])


def _rule(
    source: YamlSource, row: Mapping[str, Any], kind: Kind, place: Sequence[str | int], operations: Operations
) -> Rule:
    possible = [operation.id for operation in operations.values() if is_about(operation, kind.about)]
    wanted = row.get("operations", kind.defaults.get("operations", "*"))
    chosen: set[str] = set()
    for glob in [wanted] if isinstance(wanted, str) else wanted:
        fitting = {name for name in possible if fnmatchcase(name, glob)}
        if not fitting and "operations" in row:
            message = f"{glob!r} is no operation that can have {kind.name}; expected {_any_of(possible)}, or a glob"
            raise source.error((*place, "operations"), message)
        chosen |= fitting
    return Rule(
        name=row.get("name"),
        kind=kind,
        operations=frozenset(chosen),
        globs=(row.get("organization", "*"), row.get("environment", "*"), row.get("host", "*")),
        skip=row.get("skip", 0),
        count=row.get("count"),
        probability=row.get("probability", 1.0),
        parameters={name: row.get(name, kind.defaults.get(name)) for name in kind.parameters},
    )


def _any_of(names: Iterable[str]) -> str:
    """Such as: `flaky, slow or restless`."""
    *others, last = list(names) or ["none"]
    return f"{', '.join(others)} or {last}" if others else last
