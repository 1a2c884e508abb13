"""The judge of races can be trusted: it says what trying every order says, and what the contract says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import load_contract
from contract_tests.judging.linearizability import Call, Search, Verdict

LIFECYCLE = load_contract().lifecycle
ABSENT = LIFECYCLE.absent


class World:
    """One way in which things may have gone: the stations of the instance, where it is, and what a poller saw last."""

    def __init__(self, stations: tuple[str, ...], at: int = 0, polled: int = 0) -> None:
        self.stations, self.at, self.polled = stations, at, polled

    def fire(self, trigger: str, status: int | None) -> Iterator[World]:
        """The worlds after a trigger that was answered like this, or was not answered."""
        state = self.stations[self.at]
        edge = LIFECYCLE.edge(state, trigger)
        if edge is None and status == (404 if state == ABSENT else 409):
            yield self
        if edge is not None and status not in (404, 409):
            # what has settled is all that a poller may still see; what has not, may all still be seen
            first = self.at if self.at == len(self.stations) - 1 else self.polled
            behind = self.stations[first : self.at + 1]
            for target in edge.to:
                ahead = (edge.via, target) if edge.via else (target,)
                yield World((*behind, *ahead), len(behind))

    def look(self, seen: str, *, rests: bool = False) -> Iterator[World]:
        """The worlds after a look that saw this; at an instance that has settled it sees where that is."""
        end = len(self.stations) - 1
        for place in range(self.polled, self.at + 1):
            if self.stations[place] == seen and (place == end or not rests):
                yield World(self.stations, self.at, place)

    def later(self) -> Iterator[World]:
        """This world, and the one in which the instance has settled meanwhile."""
        yield self
        if self.at < len(self.stations) - 1:
            yield World(self.stations, self.at + 1, self.polled)


def replays(order: Iterable[Call], worlds: list[World]) -> bool:
    """Whether these calls, one after the other, might have been answered as they were."""
    for call in order:
        now = [later for world in worlds for later in world.later()]
        if call.trigger is None:
            worlds = [after for world in now for after in world.look(str(call.seen), rests=call.rests)]
        else:
            worlds = [after for world in now for after in world.fire(call.trigger, call.status)]
    return bool(worlds)


def ending(call: Call) -> float:
    """When a call had ended for sure."""
    return float("inf") if call.status is None else call.end


def brute_force(calls: list[Call], state: str) -> bool:
    """Try every order, with and without each call that was lost, that respects who was answered before whom began."""
    answered = [call for call in calls if call.status is not None]
    lost = [call for call in calls if call.status is None]
    for size in range(len(lost) + 1):
        for happened in combinations(lost, size):
            for order in permutations([*answered, *happened]):
                late = any(ending(after) < before.start for i, before in enumerate(order) for after in order[i + 1 :])
                if not late and replays(order, [World((state,))]):
                    return True
    return False


def a_call(start: int, length: int, trigger: str, status: int | None) -> Call:
    """A trigger, accepted with 202, refused, or without an answer."""
    return Call(start, start + length, trigger, status)


TIMES = (st.integers(0, 6), st.integers(0, 4))
TRIGGERS = st.builds(
    a_call, *TIMES, st.sampled_from(LIFECYCLE.triggers), st.sampled_from([202, 202, 202, 404, 409, None])
)
LOOKS = st.builds(
    lambda start, length, seen, rests: Call(start, start + length, None, 200, seen, rests),
    *TIMES,
    st.sampled_from(list(LIFECYCLE.states)),
    st.booleans(),
)
SETTLED = st.sampled_from([name for name in LIFECYCLE.states if name not in LIFECYCLE.transient])


ANYTHING = st.lists(st.one_of(TRIGGERS, LOOKS), max_size=5)


@st.composite
def nearly_lawful(draw: st.DrawFn, state: str) -> list[Call]:
    """Calls that a lawful server answered, one of them perhaps changed: chance alone seldom makes such a history."""
    world, calls = World((state,)), list[Call]()
    for place in range(draw(st.integers(1, 5))):
        world = draw(st.sampled_from(list(world.later())))
        start, end = place - draw(st.integers(0, 2)), place + draw(st.integers(0, 2))
        if draw(st.booleans()):
            seen = draw(st.sampled_from(world.stations[world.polled : world.at + 1]))
            calls.append(Call(start, end, None, 200, seen, draw(st.booleans())))
            world = next(world.look(seen))
        else:
            legal_here = [one for one in LIFECYCLE.triggers if LIFECYCLE.edge(world.stations[world.at], one)]
            trigger = draw(st.sampled_from(draw(st.sampled_from([legal_here, legal_here, list(LIFECYCLE.triggers)]))))
            legal = LIFECYCLE.edge(world.stations[world.at], trigger) is not None
            status = 202 if legal else 404 if world.stations[world.at] == ABSENT else 409
            calls.append(Call(start, end, trigger, draw(st.sampled_from([status, status, status, None]))))
            world = draw(st.sampled_from(list(world.fire(trigger, status))))
    if draw(st.booleans()):
        calls[draw(st.integers(0, len(calls) - 1))] = draw(st.one_of(TRIGGERS, LOOKS))
    return calls


@settings(max_examples=600, deadline=None)
@given(st.data(), SETTLED)
def test_the_search_agrees_with_brute_force(data: st.DataObject, state: str) -> None:
    """The search finds an order exactly when trying all orders does."""
    calls = data.draw(st.one_of(nearly_lawful(state), ANYTHING))
    expected = Verdict.EXPLAINED if brute_force(calls, state) else Verdict.NOT_EXPLAINED
    assert Search(LIFECYCLE, calls).explain(state).verdict is expected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(TRIGGERS, LOOKS), max_size=6), SETTLED)
def test_the_longest_order_is_legal(calls: list[Call], state: str) -> None:
    """The order that is drawn is legal in itself, has each call once, and has all of them when they are explained."""
    found = Search(LIFECYCLE, calls).explain(state)
    order = [calls[number] for number in found.longest]
    assert len(set(found.longest)) == len(order)
    assert replays(order, [World((state,))])
    if found.verdict is Verdict.EXPLAINED:
        assert {number for number, call in enumerate(calls) if call.status is not None} <= set(found.longest)


@settings(max_examples=200, deadline=None)
@given(st.lists(TRIGGERS.filter(lambda call: call.status is not None), max_size=4), SETTLED)
def test_the_ends_are_those_that_a_last_look_may_see(calls: list[Call], state: str) -> None:
    """An instance can end in a state exactly when a look that comes last and sees it is explained."""
    rest = [name for name in LIFECYCLE.states if name not in LIFECYCLE.transient]
    ends = frozenset(name for name in rest if explained([*calls, Call(20, 21, None, 200, name)], state))
    assert Search(LIFECYCLE, calls).ends(state) == ends


def explained(calls: list[Call], state: str) -> bool:
    """Whether looks that do not lag and triggers have an order."""
    return Search(LIFECYCLE, calls, lagging=False).explain(state).verdict is Verdict.EXPLAINED


ACCEPTED_BOTH = [
    ("RUNNING", "pause", "pause", False),
    ("RUNNING", "pause", "shutdown", False),
    ("RUNNING", "reboot", "reboot", True),
    ("RUNNING", "off", "off", True),
    ("RUNNING", "pause", "resume", True),
    ("RUNNING", "shutdown", "start", True),
    ("STOPPED", "start", "start", False),
    ("PAUSED", "resume", "off", True),
    ("RUNNING", "delete", "forget", False),
    ("RUNNING", "delete", "provision", True),
    (ABSENT, "provision", "provision", False),
    (ABSENT, "provision", "import", False),
    (ABSENT, "provision", "delete", True),
]


@pytest.mark.parametrize("state, first, second, lawful", ACCEPTED_BOTH)
def test_whether_both_may_win(state: str, first: str, second: str, *, lawful: bool) -> None:
    """Two triggers that were sent together may both be accepted exactly when one is legal after the other."""
    calls = [Call(0, 2, first, 202), Call(0, 2, second, 202)]
    assert explained(calls, state) is lawful


def test_a_loser_is_refused_as_the_state_has_it() -> None:
    """Of two deletes the second is refused with 404; of two pauses with 409."""
    assert explained([Call(0, 2, "delete", 204), Call(0, 2, "delete", 404)], "RUNNING")
    assert not explained([Call(0, 2, "delete", 204), Call(0, 2, "delete", 409)], "RUNNING")
    assert explained([Call(0, 2, "pause", 202), Call(0, 2, "pause", 409)], "RUNNING")
    assert not explained([Call(0, 2, "pause", 409), Call(0, 2, "pause", 409)], "RUNNING")


def test_a_look_may_lag_but_not_go_back() -> None:
    """After an accepted pause a poller may see RUNNING, PENDING and PAUSED, and nothing of it twice."""
    pause, delete = Call(0, 1, "pause", 202), Call(2, 3, "delete", 204)

    def polled(*states: str, after: tuple[Call, ...] = (pause,)) -> Verdict:
        looks = [Call(2 * place, 2 * place + 1, None, 200, seen) for place, seen in enumerate(states, start=2)]
        return Search(LIFECYCLE, [*after, *looks]).explain("RUNNING").verdict

    assert polled("RUNNING", "PENDING", "PAUSED", "PAUSED") is Verdict.EXPLAINED
    assert polled("PENDING", "RUNNING") is Verdict.NOT_EXPLAINED
    assert polled("PAUSED", "PENDING") is Verdict.NOT_EXPLAINED
    assert polled("STOPPED") is Verdict.NOT_EXPLAINED
    at_rest = [pause, Call(4, 5, None, 200, "RUNNING", rests=True)]
    assert Search(LIFECYCLE, at_rest).explain("RUNNING").verdict is Verdict.NOT_EXPLAINED
    assert polled("RUNNING", "PENDING", ABSENT, after=(pause, delete)) is Verdict.EXPLAINED
    assert polled("PENDING", "RUNNING", ABSENT, after=(pause, delete)) is Verdict.NOT_EXPLAINED


def test_a_lost_answer_explains_what_came_of_it() -> None:
    """A trigger without an answer may have had its effect or not; a later look may see either."""
    for seen in ("RUNNING", "PAUSED"):
        assert explained([Call(0, 1, "pause"), Call(2, 3, None, 200, seen)], "RUNNING")
    assert explained([Call(0, 1, "pause", 500), Call(2, 3, None, 200, "PAUSED")], "RUNNING")
    assert not explained([Call(0, 1, "pause", 409), Call(2, 3, None, 200, "PAUSED")], "RUNNING")


def test_a_refusal_for_another_reason_tells_nothing() -> None:
    """A trigger that was put off or refused for its body changed nothing and proves nothing."""
    for status in (429, 503):
        assert explained([Call(0, 2, "pause", status), Call(0, 2, "pause", 202)], "RUNNING")
        assert not explained([Call(0, 2, "pause", status), Call(3, 4, None, 200, "PAUSED")], "RUNNING")
    assert not explained([Call(0, 2, "pause", 400), Call(3, 4, None, 200, "PAUSED")], "RUNNING")


def test_an_action_that_fails_is_told_from_a_race() -> None:
    """A shutdown that the guest ignored ends in RUNNING: only a search that allows for failures explains it."""
    calls = [Call(0, 1, "shutdown", 202), Call(2, 3, None, 200, "RUNNING")]
    assert not explained(calls, "RUNNING")
    assert Search(LIFECYCLE, calls, lagging=False, failing=True).explain("RUNNING").verdict is Verdict.EXPLAINED
    both = [Call(0, 2, "pause", 202), Call(0, 2, "shutdown", 202)]
    assert Search(LIFECYCLE, both, failing=True).explain("RUNNING").verdict is Verdict.NOT_EXPLAINED


def test_what_was_still_on_its_way_is_told_from_a_race() -> None:
    """After a reboot RUNNING may be the old one: only a search that allows for that explains a refused pause."""
    calls = [Call(0, 2, "pause", 409), Call(0, 2, "reboot", 409), Call(3, 4, None, 200, "RUNNING")]
    assert not explained(calls, "RUNNING")
    assert Search(LIFECYCLE, calls, arriving=True).explain("RUNNING").verdict is Verdict.EXPLAINED
    refused = [Call(0, 2, "start", 409)]
    assert Search(LIFECYCLE, refused, arriving=True).explain("STOPPED").verdict is Verdict.NOT_EXPLAINED


def test_the_search_gives_up_at_its_limit() -> None:
    """A search that would take too long says that it does not know, and shows how far it came."""
    calls = [Call(0, 9, "reboot", 202) for _ in range(6)] + [Call(0, 9, "pause", 202) for _ in range(2)]
    assert Search(LIFECYCLE, calls, limit=10).ends("RUNNING") is None
    found = Search(LIFECYCLE, calls, limit=10).explain("RUNNING")
    assert found.verdict is Verdict.UNKNOWN
    assert found.longest
    assert Search(LIFECYCLE, calls).explain("RUNNING").verdict is Verdict.NOT_EXPLAINED
