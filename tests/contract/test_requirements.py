"""The requirements: well-formed, complete (every answer and every cell has one), and refused when they are not."""

from __future__ import annotations

import re
from itertools import product

import pytest

from contract import Contract, Lifecycle, Scope
from tests.contract.conftest import Edit
from tests.contract.refusals import Broken, assert_refused

AREAS = {
    *("representation", "operations", "names", "http", "errors", "lifecycle", "identity", "properties", "agent"),
    *("console", "lock", "auth", "isolation", "race", "robustness", "refused"),
}


def kinds_of_cell(lifecycle: Lifecycle, state: str, trigger: str) -> set[str]:
    """What `cells` can call a cell: legal or refused, pending in a transient state, locked with an instance."""
    kinds = {"refused" if lifecycle.edge(state, trigger) is None else "legal"}
    if state in lifecycle.transient:
        kinds.add("pending")
    if state != lifecycle.absent:
        kinds.add("locked")
    return kinds


def covers_answer(scope: Scope, operation: str, status: int) -> bool:
    """Whether the requirement names the answer; one without statuses is about all of them, and covers none."""
    return operation in scope.operations and status in scope.statuses


def covers_cell(scope: Scope, state: str, trigger: str, kind: str) -> bool:
    """Whether the requirement is about this kind of cell; without states it is about all of them."""
    return scope.cells == kind and trigger in scope.triggers and (not scope.states or state in scope.states)


def test_every_answer_has_a_requirement(contract: Contract) -> None:
    """No operation has a status of which nothing is required."""
    scopes = [requirement.scope for requirement in contract.requirements.values()]
    missing = [
        (operation.id, status)
        for operation in contract.operations.values()
        for status in operation.responses
        if not any(covers_answer(scope, operation.id, status) for scope in scopes)
    ]
    assert missing == []


def test_every_cell_has_a_requirement(contract: Contract) -> None:
    """No state and trigger are without one, nor are they while the instance is locked or on its way."""
    scopes = [requirement.scope for requirement in contract.requirements.values()]
    lifecycle = contract.lifecycle
    missing = [
        (state, trigger, kind)
        for state, trigger in product(lifecycle.states, lifecycle.triggers)
        for kind in kinds_of_cell(lifecycle, state, trigger)
        if not any(covers_cell(scope, state, trigger, kind) for scope in scopes)
    ]
    assert missing == []


def test_every_trigger_has_its_two_requirements(contract: Contract) -> None:
    """One says where a trigger leads, one where it is refused."""
    expected = {
        f"lifecycle.{trigger}-{rule}" for trigger in contract.lifecycle.triggers for rule in ("leads", "refused")
    }
    assert expected <= set(contract.requirements)


def test_every_feature_has_a_requirement(contract: Contract) -> None:
    """A feature of which nothing is required could not be certified."""
    assert {requirement.feature for requirement in contract.requirements.values()} == {None, *contract.features}


def test_the_areas_are_known(contract: Contract) -> None:
    """An id starts with one of the areas."""
    assert {requirement.area for requirement in contract.requirements.values()} == AREAS


def test_ids_are_words(contract: Contract) -> None:
    """An id is an area and a rule in words, never a position."""
    for name, requirement in contract.requirements.items():
        assert name == requirement.id
        assert re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z0-9]+)*", name)


def test_a_statement_is_one_sentence_with_one_keyword(contract: Contract) -> None:
    """The keyword is the level; a sentence starts and ends as one, and has no other inside."""
    for requirement in contract.requirements.values():
        assert re.findall(r"\b(?:MUST|SHOULD|MAY|SHALL)\b", requirement.statement) == [requirement.level]
        assert requirement.statement.endswith(".")
        assert not re.search(r"[.!?] [A-Z]", requirement.statement)


def test_no_statement_stands_twice(contract: Contract) -> None:
    """Two ids are two rules."""
    statements = [requirement.statement for requirement in contract.requirements.values()]
    assert len(set(statements)) == len(statements)


def test_all_is_spelled_out(contract: Contract) -> None:
    """The star is every operation, trigger or state of the document."""
    assert contract.requirements["errors.shape"].scope.operations == set(contract.operations)
    assert contract.requirements["race.linearizable"].scope.triggers == set(contract.lifecycle.triggers)


ID = "id: operations.import-empty-list,"
SCOPE = 'applies-to: {operations: "*", statuses: [429, 503]}'
BROKEN = {
    "an id twice": Broken(
        ID, "id: 'operations.import-code',", "'operations.import-code'", "x-requirements.{}.id", "stands twice"
    ),
    "an id that is no words": Broken(
        ID, "id: Operations.17,", "id: Operations.17,", "x-requirements.{}.id", "it is 'Operations.17'"
    ),
    "an unknown level": Broken(
        "{id: operations.import-empty-list, level: MUST",
        "{id: operations.import-empty-list, level: MAY",
        "level: MAY",
        "x-requirements.{}.level",
        "it is 'MAY'; expected MUST or SHOULD",
    ),
    "a level that is not the keyword": Broken(
        "An import of an empty list MUST be",
        "An import of an empty list SHOULD be",
        "An import of an empty list",
        "x-requirements.{}.statement",
        "exactly one keyword, the level: MUST",
    ),
    "two keywords": Broken(
        "An import of an empty list MUST be",
        "An import of an empty list MUST and SHOULD be",
        "An import of an empty list",
        "x-requirements.{}.statement",
        "exactly one keyword",
    ),
    "an unknown basis": Broken(
        f"{ID} level: MUST, basis: P",
        f"{ID} level: MUST, basis: X",
        "basis: X",
        "x-requirements.{}.basis",
        "D or C or P",
    ),
    "an unknown feature": Broken(
        f"{ID} level: MUST, basis: P, feature: import",
        f"{ID} level: MUST, basis: P, feature: imports",
        "feature: imports",
        "x-requirements.{}.feature",
        "there is no feature 'imports'; expected one of vnc",
    ),
    "an unknown operation": Broken(
        SCOPE, SCOPE.replace('"*"', "[fly]"), "[fly]", "x-requirements.{}.applies-to.operations", "no operation 'fly'"
    ),
    "an unknown status": Broken(
        SCOPE, SCOPE.replace("429", "418"), "418", "x-requirements.{}.applies-to.statuses", "no status 418"
    ),
    "an unknown trigger": Broken(
        SCOPE, "applies-to: {triggers: [fly]}", "[fly]", "x-requirements.{}.applies-to.triggers", "no trigger 'fly'"
    ),
    "an unknown state": Broken(
        SCOPE,
        'applies-to: {operations: "*", states: [LIMBO]}',
        "[LIMBO]",
        "x-requirements.{}.applies-to.states",
        "no state 'LIMBO'",
    ),
    "an unknown schema": Broken(
        SCOPE,
        'applies-to: {operations: "*", schema: Nothing}',
        "schema: Nothing",
        "x-requirements.{}.applies-to.schema",
        "no schema 'Nothing'",
    ),
    "an unknown kind of cell": Broken(
        SCOPE,
        'applies-to: {triggers: "*", cells: open}',
        "cells: open",
        "x-requirements.{}.applies-to.cells",
        "it is 'open'; expected legal or refused or locked or pending",
    ),
    "nothing that it applies to": Broken(
        SCOPE,
        "applies-to: {states: [RUNNING]}",
        "applies-to: {states: [RUNNING]}",
        "x-requirements.{}.applies-to",
        "'operations' is missing; or 'triggers' is missing",
    ),
    "statuses of no operation": Broken(
        SCOPE,
        'applies-to: {triggers: "*", statuses: [200]}',
        'applies-to: {triggers: "*", statuses: [200]}',
        "x-requirements.{}.applies-to",
        "'operations' is missing",
    ),
    "a slip in a name": Broken(
        SCOPE, "apply-to: {triggers: []}", "id: errors.retry-after", "x-requirements.{}", "'applies-to' is missing"
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_requirement_is_refused(contract: Contract, edited: Edit, broken: Broken) -> None:
    """What cannot be required is named by file, line and place."""
    changed = "operations.import-empty-list" if ID in broken.old or "empty list" in broken.old else "errors.retry-after"
    place = broken.place.format(list(contract.requirements).index(changed))
    assert_refused(edited((broken.old, broken.new)), broken._replace(place=place))
