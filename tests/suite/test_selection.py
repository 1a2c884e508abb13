"""Which tests are made, and which requirements judged, by --only, --skip and --profile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import load_contract
from contract_tests.judging.document_rules import ALWAYS
from contract_tests.running.plan import plan_for
from contract_tests.running.selection import NOT_CHOSEN, PROFILES, Choice, Selection, select
from contract_tests.running.target import TargetError

CONTRACT = load_contract()
PLAN = plan_for(CONTRACT)
REQUIREMENTS = CONTRACT.requirements


def _select(*only: str, skip: tuple[str, ...] = (), profile: str = "full") -> Selection:
    return select(PLAN, Choice(only, skip, profile), CONTRACT)


def _ids(selection: Selection) -> list[str]:
    return [test.id for test in selection.tests]


def test_all_are_chosen_when_nothing_is_said() -> None:
    """Without --only, --skip and --profile the whole plan is made, and every requirement judged."""
    selection = _select()
    assert selection.tests == PLAN
    assert not selection.unjudged
    assert not selection.partial


def test_a_requirement_chooses_the_tests_that_judge_it() -> None:
    """A requirement's id chooses the tests that judge it, and nothing else is judged."""
    selection = _select("lifecycle.pause-refused")
    assert selection.tests
    assert all("lifecycle.pause-refused" in test.requirements for test in selection.tests)
    assert selection.unjudged.keys() == REQUIREMENTS.keys() - {"lifecycle.pause-refused"}
    assert set(selection.unjudged.values()) == {NOT_CHOSEN}


def test_a_test_chooses_itself_and_all_that_is_seen_counts() -> None:
    """A test's id, brackets and all, chooses that test; whatever it sees is judged."""
    name = next(test.id for test in PLAN if test.cell and test.operation == "pauseInstance")
    selection = _select(name)
    assert _ids(selection) == [name]
    assert not selection.unjudged
    assert selection.partial


@pytest.mark.parametrize(
    "name, fits",
    [
        ("refused", lambda test: test.name == "refused"),
        ("pauseInstance", lambda test: test.operation == "pauseInstance"),
        ("refused[*,RUNNING]", lambda test: test.id.startswith("refused[") and test.id.endswith(",RUNNING]")),
        ("refused*RUNNIN?]", lambda test: test.id.startswith("refused[") and test.id.endswith("RUNNING]")),
    ],
)
def test_tests_are_chosen_by_check_operation_and_pattern(name: str, fits: Callable[..., bool]) -> None:
    """The name of a check, an operation, or a pattern chooses the tests that have it."""
    assert set(_ids(_select(name))) >= {test.id for test in PLAN if fits(test)}
    assert set(_ids(_select(name))) <= {test.id for test in PLAN if fits(test) or name in test.requirements}


@pytest.mark.parametrize(
    "name, fits",
    [
        ("lifecycle", lambda one: one.area == "lifecycle"),
        ("SHOULD", lambda one: one.level == "SHOULD"),
        ("vnc", lambda one: one.feature == "vnc"),
        ("auth.*", lambda one: one.area == "auth"),
    ],
)
def test_requirements_are_chosen_by_area_level_feature_and_pattern(name: str, fits: Callable[..., bool]) -> None:
    """An area, a level, a feature, or a pattern chooses the requirements that have it."""
    judged = REQUIREMENTS.keys() - _select(name).unjudged.keys()
    assert judged == {one.id for one in REQUIREMENTS.values() if fits(one)}


def test_what_every_answer_shows_needs_any_answer() -> None:
    """A requirement that no test has of its own, because every answer shows it, chooses all tests."""
    own = {name for test in PLAN for name in test.requirements}
    name = next(name for name in ALWAYS if name not in own)
    assert _select(name).tests == PLAN


def test_names_add_up_and_skip_wins() -> None:
    """Several names choose all that any of them chooses; what is skipped goes, whoever chose it."""
    both = _select("refused", "reading")
    assert {test.name for test in both.tests} == {"refused", "reading"}
    assert {test.name for test in _select("refused", "reading", skip=("refused",)).tests} == {"reading"}


def test_a_skipped_requirement_is_not_judged() -> None:
    """What is skipped is not judged, and a test that judges nothing else is not made."""
    selection = _select(skip=("lifecycle.pause-refused",))
    assert dict(selection.unjudged) == {"lifecycle.pause-refused": NOT_CHOSEN}
    assert not [test for test in selection.tests if set(test.requirements) == {"lifecycle.pause-refused"}]


def test_a_skipped_feature_is_left_alone() -> None:
    """No test is made that needs a feature which is skipped."""
    assert [test for test in PLAN if "forget" in test.features]
    assert not [test for test in _select(skip=("forget",)).tests if "forget" in test.features]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_judges_the_bases_that_it_names(profile: str) -> None:
    """A profile judges the requirements of its bases, and says of the others that they are outside it."""
    selection = _select(profile=profile)
    judged = REQUIREMENTS.keys() - selection.unjudged.keys()
    assert {REQUIREMENTS[name].basis for name in judged} == set(PROFILES[profile])
    assert set(selection.unjudged.values()) <= {f"outside the profile {profile}"}
    assert all(not test.requirements or not judged.isdisjoint(test.requirements) for test in selection.tests)


@pytest.mark.parametrize(
    "only, skip, said",
    [
        (("lifecycle.pause-refussed",), (), "--only lifecycle.pause-refussed: nothing has that name; did you mean"),
        ((), ("pauseInstanze",), "--skip pauseInstanze: nothing has that name; did you mean pauseInstance"),
        (("qqqq",), (), "--only qqqq: nothing has that name; contract-tests list"),
        (("",), (), "nothing has that name"),
        (("reading",), ("reading",), "--only reading --skip reading: no test is left"),
        ((), ("*",), "--skip *: no test is left"),
    ],
)
def test_a_name_that_nothing_has_is_told(only: tuple[str, ...], skip: tuple[str, ...], said: str) -> None:
    """A name that nothing has is told with those near it; so is a choice that leaves nothing."""
    with pytest.raises(TargetError) as raised:
        _select(*only, skip=skip)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


_NAMES = st.sampled_from([*REQUIREMENTS, *CONTRACT.operations, *CONTRACT.features, "MUST", *(test.id for test in PLAN)])


@given(st.lists(_NAMES, max_size=3), st.lists(_NAMES, max_size=3), st.sampled_from([*PROFILES]))
def test_a_selection_keeps_the_order_and_says_what_it_leaves_out(
    only: list[str], skip: list[str], profile: str
) -> None:
    """Whatever is chosen, the order is that of the plan, nothing skipped is in it, and a part is called one."""
    try:
        selection = _select(*only, skip=tuple(skip), profile=profile)
    except TargetError as error:
        assert "no test is left" in str(error)  # noqa: PT017 - one of the two outcomes that there are
        return
    order = [test.id for test in PLAN]
    assert _ids(selection) == sorted(_ids(selection), key=order.index)
    assert not set(_ids(selection)) & set(skip)
    assert not selection.partial or len(selection.tests) < len(PLAN)
    assert all(name in selection.unjudged for name in skip if name in REQUIREMENTS)
