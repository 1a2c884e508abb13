"""Which tests of the plan a run makes, and which requirements it judges: --only, --skip and --profile.

A name that is a requirement, or several (an area, a level, a feature), chooses what is judged. A name that is a test,
or several (a check, an operation), chooses what is done; all that is seen then counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from contract import Contract, Requirement
from contract_tests.judging.document_rules import ALWAYS
from contract_tests.running.near import hint
from contract_tests.running.registry import Check
from contract_tests.running.target import TargetError

PROFILES: Mapping[str, str] = {"documented": "D", "client": "DC", "full": "DCP"}
"""The bases of the requirements that a profile judges (openapi.yaml: x-requirements)."""

NOT_CHOSEN = "left out by --only or --skip"


@dataclass(frozen=True, slots=True)
class Choice:
    """What --only, --skip and --profile say."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    profile: str = "full"

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.only and not self.skip and self.profile == "full"


EVERYTHING = Choice()
"""What a run does that was told nothing."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The tests of a run, in the order of the plan. `unjudged`: requirements that do not count, each with its reason.

    `left_out`: the requirements that tests judge which were left out; of these nothing may be seen, and none to blame.
    """

    tests: tuple[Check, ...]
    unjudged: Mapping[str, str]
    left_out: frozenset[str] = frozenset()

    @property
    def partial(self) -> bool:
        """Whether any test was left out."""
        return bool(self.left_out)


@dataclass(frozen=True, slots=True)
class _Named:
    """What some names stand for: ids of requirements, ids of tests, and features."""

    requirements: frozenset[str]
    tests: frozenset[str]
    features: frozenset[str]


def select(plan: Sequence[Check], choice: Choice, contract: Contract) -> Selection:
    """The part of a plan that is chosen. TargetError for a name that nothing has, and when nothing is left."""
    only = _named("--only", choice.only, plan, contract)
    skip = _named("--skip", choice.skip, plan, contract)
    unjudged = _outside(choice.profile, contract) | dict.fromkeys(sorted(skip.requirements), NOT_CHOSEN)
    wanted = _wanted(plan, only) if choice.only else tuple(plan)
    tests = tuple(one for one in wanted if not _is_left_out(one, skip, unjudged))
    if not tests:
        raise TargetError(f"{_said(choice)}: no test is left; contract-tests list --tests names them all")
    if choice.only and not only.tests:
        unjudged = {name: NOT_CHOSEN for name in contract.requirements if name not in only.requirements} | unjudged
    left_out = frozenset(name for one in plan if one not in tests for name in one.requirements)
    return Selection(tests, unjudged, left_out)


def _outside(profile: str, contract: Contract) -> dict[str, str]:
    bases = PROFILES[profile]
    return {
        requirement.id: f"outside the profile {profile}"
        for requirement in contract.requirements.values()
        if requirement.basis not in bases
    }


def _wanted(plan: Sequence[Check], only: _Named) -> Sequence[Check]:
    """The tests that are named, and those that judge what is named.

    What is judged in every answer chooses no test, unless there is no other.
    """
    chosen = [one for one in plan if one.id in only.tests or not only.requirements.isdisjoint(one.requirements)]
    return chosen or (plan if not only.requirements.isdisjoint(ALWAYS) else [])


def _is_left_out(test: Check, skip: _Named, unjudged: Collection[str]) -> bool:
    if test.id in skip.tests or not skip.features.isdisjoint(test.features):
        return True
    return bool(test.requirements) and all(name in unjudged for name in test.requirements)


def _named(option: str, names: Iterable[str], plan: Sequence[Check], contract: Contract) -> _Named:
    found = [_find(option, name, plan, contract) for name in names]
    return _Named(
        *(frozenset().union(*(getattr(one, kind) for one in found)) for kind in ("requirements", "tests", "features"))
    )


def _find(option: str, name: str, plan: Sequence[Check], contract: Contract) -> _Named:
    """What one name stands for; `*` and `?` stand for any characters and for one.

    A name that both a check and an area have stands for the check.
    """
    fits = _fitting(name)
    is_check = any(name == one.name for one in plan)

    def names(one: Requirement) -> tuple[str, ...]:
        return (one.id, "" if is_check else one.area, one.level, one.feature or "")

    found = _Named(
        requirements=frozenset(one.id for one in contract.requirements.values() if any(map(fits, names(one)))),
        tests=frozenset(one.id for one in plan if any(map(fits, _names(one)))),
        features=frozenset(filter(fits, contract.features)),
    )
    if not (found.requirements or found.tests):
        near = hint(name, _all_names(plan, contract)) or "contract-tests list --tests has them all"
        raise TargetError(f"{option} {name}: nothing has that name; {near}")
    return found


def _names(test: Check) -> tuple[str, ...]:
    """The names by which a test is chosen: its id, its check, its operation and its state."""
    return (test.id, test.name, test.operation or "", test.cell.state if test.cell else "")


def _fitting(name: str) -> Callable[[str], bool]:
    pattern = re.compile("".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in name))
    return lambda text: bool(text) and pattern.fullmatch(text) is not None


def _all_names(plan: Sequence[Check], contract: Contract) -> Iterable[str]:
    for requirement in contract.requirements.values():
        yield from (requirement.id, requirement.area, requirement.level)
    yield from contract.features
    yield from contract.operations
    for test in plan:
        yield from (test.name, test.id)


def _said(choice: Choice) -> str:
    words = [*(f"--only {name}" for name in choice.only), *(f"--skip {name}" for name in choice.skip)]
    return " ".join([*words, *([f"--profile {choice.profile}"] if choice.profile != "full" else [])])
