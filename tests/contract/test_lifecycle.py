"""The lifecycle: the table of the document beside a second copy, written by hand, and what makes it impossible."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract import Contract, Edge, Lifecycle, State, load_contract
from tests.contract.conftest import BUILTIN, Edit
from tests.contract.refusals import Broken, assert_refused, line_of, refusal

A, P, R, H, S, U = "ABSENT", "PENDING", "RUNNING", "PAUSED", "STOPPED", "UNDEFINED"

BY_HAND: dict[tuple[str, str], tuple[str | None, tuple[str, ...], str | None]] = {
    # from, trigger: passes through, settles in, settles in when it fails in the world
    (A, "provision"): (P, (R,), U),
    (A, "import"): (U, (R, H, S, U), None),
    (S, "start"): (P, (R,), S),
    (R, "pause"): (P, (H,), R),
    (H, "resume"): (P, (R,), H),
    (R, "shutdown"): (P, (S,), R),
    (R, "reboot"): (P, (R,), R),
    (R, "off"): (P, (S,), R),
    (H, "off"): (P, (S,), H),
    (P, "off"): (P, (S,), None),
    (P, "delete"): (None, (A,), None),
    (R, "delete"): (None, (A,), None),
    (H, "delete"): (None, (A,), None),
    (S, "delete"): (None, (A,), None),
    (U, "delete"): (None, (A,), None),
    (P, "forget"): (None, (A,), None),
    (R, "forget"): (None, (A,), None),
    (H, "forget"): (None, (A,), None),
    (S, "forget"): (None, (A,), None),
    (U, "forget"): (None, (A,), None),
}
KINDS = {A: "absent", P: "transient", R: "stable", H: "stable", S: "stable", U: "unknown"}
TRIGGERS = {trigger for _, trigger in BY_HAND}


@pytest.mark.parametrize("trigger", sorted(TRIGGERS))
@pytest.mark.parametrize("state", sorted(KINDS))
def test_a_cell_says_what_was_written_by_hand(contract: Contract, state: str, trigger: str) -> None:
    """The document and the copy agree on each cell, legal or not."""
    edge = contract.lifecycle.edge(state, trigger)
    assert (edge and (edge.via, edge.to, edge.otherwise)) == BY_HAND.get((state, trigger))


def test_the_table_has_no_other_cells(contract: Contract) -> None:
    """Neither side knows a state or a trigger that the other does not."""
    lifecycle = contract.lifecycle
    assert {name: state.kind for name, state in lifecycle.states.items()} == KINDS
    assert set(lifecycle.triggers) == TRIGGERS
    assert len(lifecycle.edges) == len(BY_HAND)


def test_each_edge_says_why(contract: Contract) -> None:
    """A rule without a reason is a guess."""
    assert all(edge.why.endswith(".") and edge.basis in {"D", "C", "P"} for edge in contract.lifecycle.edges)


def test_the_guest_runs_in_one_state(contract: Contract) -> None:
    """The agent is Up, and an address is there, only while RUNNING."""
    assert [name for name, state in contract.lifecycle.states.items() if state.guest_runs] == [R]


def test_the_special_states_have_names(contract: Contract) -> None:
    """No code needs to know what the states are called."""
    lifecycle = contract.lifecycle
    assert (lifecycle.absent, lifecycle.transient, lifecycle.unknown) == (A, (P,), U)


def test_legal_from_lists_the_states_of_a_trigger(contract: Contract) -> None:
    """It is what a refusal tells the client."""
    assert set(contract.lifecycle.legal_from("off")) == {P, R, H}
    assert contract.lifecycle.legal_from("unheard-of") == ()


def test_the_lock_names_operations_and_a_member(contract: Contract) -> None:
    """The lock is part of the lifecycle, and a feature."""
    lock = contract.lifecycle.lock
    assert lock is not None
    assert (lock.lock, lock.unlock, lock.field, lock.feature) == ("lockInstance", "unlockInstance", "locked", "lock")


STATES = "x-lifecycle.states"
STOP = "paths./organizations/{org_name}/environments/{env_name}/hosts/{host_name}/instance/_stop.put"
START = "paths./organizations/{org_name}/environments/{env_name}/hosts/{host_name}/instance/_start.put"
VNC = "paths./organizations/{org_name}/environments/{env_name}/hosts/{host_name}/instance/vnc.get"
START_EDGE = "        start:\n          via: PENDING\n          to: RUNNING\n          else: STOPPED\n"
ROW = "    HUNG:\n      kind: {kind}\n      summary: It hangs.\n"
UNDEFINED_ROW = "    UNDEFINED:\n      kind: unknown\n"
ENUM = "[UNDEFINED, PENDING, RUNNING, PAUSED, STOPPED]\n          readOnly"

BROKEN = {
    "a trigger that nothing fires": Broken(
        START_EDGE,
        START_EDGE.replace("start:", "ignite:"),
        "ignite:",
        f"{STATES}.STOPPED.edges.ignite",
        "no operation fires the trigger 'ignite'",
    ),
    "a trigger without an edge": Broken(
        "x-trigger: start", "x-trigger: ignite", "x-trigger: ignite", f"{START}.x-trigger", "has an edge for 'ignite'"
    ),
    "a trigger fired twice": Broken(
        "x-trigger: start",
        "x-trigger: pause # too",
        "      x-trigger: pause",
        f"{START.replace('_start', '_pause')}.x-trigger",
        "startInstance fires 'pause' already",
    ),
    "via nowhere": Broken(
        "via: UNDEFINED", "via: LIMBO", "via: LIMBO", f"{STATES}.ABSENT.edges.import.via", "there is no state 'LIMBO'"
    ),
    "to nowhere": Broken(
        "to: [RUNNING, PAUSED, STOPPED, UNDEFINED]",
        "to: [RUNNING, LIMBO]",
        "to: [RUNNING, LIMBO]",
        f"{STATES}.ABSENT.edges.import.to",
        "there is no state 'LIMBO'; expected one of ABSENT, PENDING, RUNNING, PAUSED, STOPPED, UNDEFINED",
    ),
    "else nowhere": Broken(
        "else: UNDEFINED", "else: LIMBO", "else: LIMBO", f"{STATES}.ABSENT.edges.provision.else", "no state 'LIMBO'"
    ),
    "no state in the representation": Broken(
        "          x-role: state\n",
        "",
        "    Instance:",
        "components.schemas.Instance",
        "the x-role state and an enum",
    ),
    "no list of the states": Broken(
        "          enum: [UNDEFINED, PENDING, RUNNING, PAUSED, STOPPED]\n          readOnly",
        "          readOnly",
        "        state:",
        "components.schemas.Instance.properties.state",
        "it does not list the states",
    ),
    "a missing row": Broken(
        ENUM,
        ENUM.replace("PAUSED,", "PAUSED, SUSPENDED,"),
        "  states:",
        STATES,
        "the row SUSPENDED is missing",
    ),
    "a row that is never shown": Broken(
        UNDEFINED_ROW, ROW.format(kind="stable") + UNDEFINED_ROW, "    HUNG:", f"{STATES}.HUNG", "lacks HUNG"
    ),
    "no absent state": Broken("kind: absent", "kind: stable", "  states:", STATES, "no row is of the kind absent"),
    "two absent states": Broken(
        UNDEFINED_ROW, UNDEFINED_ROW.replace("unknown", "absent"), "  states:", STATES, "ABSENT, UNDEFINED is"
    ),
    "a kind that is unknown": Broken(
        "kind: transient", "kind: hasty", "kind: hasty", f"{STATES}.PENDING.kind", "expected absent or transient or"
    ),
    "a state that is legal and unknown": Broken(
        "x-legal-in: [RUNNING, PAUSED]",
        "x-legal-in: [RUNNING, LIMBO]",
        "[RUNNING, LIMBO]",
        f"{VNC}.x-legal-in",
        "'LIMBO'",
    ),
    "an alias of nothing": Broken(
        "x-alias-of: shutdownInstance",
        "x-alias-of: haltInstance",
        "haltInstance",
        f"{STOP}.x-alias-of",
        "'haltInstance'",
    ),
    "an alias with another trigger": Broken(
        "x-alias-of: shutdownInstance",
        "x-alias-of: powerOffInstance",
        "x-alias-of: powerOffInstance",
        f"{STOP}.x-alias-of",
        "powerOffInstance fires 'off'; an alias fires the same trigger",
    ),
    "a lock that is no operation": Broken(
        "    lock: lockInstance",
        "    lock: bolt",
        "lock: bolt",
        "x-lifecycle.lock.lock",
        "there is no operation 'bolt'",
    ),
    "a lock of no member": Broken(
        "    field: locked", "    field: bolted", "field: bolted", "x-lifecycle.lock.field", "no member of the schema"
    ),
    "a lock of no feature": Broken(
        "    feature: lock\n", "    feature: bolt\n", "feature: bolt", "x-lifecycle.lock.feature", "no feature 'bolt'"
    ),
    "an edge without a reason": Broken(
        "          why: Only what is off can be switched on.\n",
        "",
        "        start:",
        f"{STATES}.STOPPED.edges.start",
        "'why' is missing",
    ),
    "an edge with a slip": Broken(
        "          else: UNDEFINED\n",
        "          otherwise: UNDEFINED\n",
        "        provision:",
        f"{STATES}.ABSENT.edges.provision",
        "'otherwise' is not known here",
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_an_impossible_lifecycle_is_refused(edited: Edit, broken: Broken) -> None:
    """What cannot be in a lifecycle is named by file, line and place."""
    assert_refused(edited((broken.old, broken.new)), broken)


def test_two_edges_for_one_cell_are_refused(edited: Edit) -> None:
    """A cell has one edge: a second one is a key that stands twice."""
    again = "        start: {to: RUNNING, basis: P, why: Again.}\n"
    path = edited(
        ("        delete:\n          to: ABSENT\n          basis: D\n          why: The storage is gone too.", again)
    )
    line = line_of(path, "why: Again.")
    assert refusal(path).problems == (f"{path}:{line}: the key 'start' stands twice in one mapping; expected YAML",)


def test_a_state_that_cannot_be_reached_is_refused(edited: Edit) -> None:
    """Every row can be reached from where there is no instance."""
    row = f"{ROW.format(kind='stable')}      edges:\n        delete: {{to: ABSENT, basis: P, why: So it ends.}}\n"
    path = edited((UNDEFINED_ROW, row + UNDEFINED_ROW), (ENUM, ENUM.replace("PAUSED,", "PAUSED, HUNG,")))
    line = line_of(path, "    HUNG:")
    assert refusal(path).problems == (
        f"{path}:{line}: {STATES}.HUNG: no edges lead to HUNG; expected a way to it from where there is no instance",
    )


def test_a_state_that_is_reached_only_from_itself_is_refused(edited: Edit) -> None:
    """A round trip between two states is no way into them."""
    hung = f"{ROW.format(kind='stable')}      edges:\n        pause: {{to: LOST, basis: P, why: Round.}}\n"
    lost = hung.replace("HUNG", "LOST", 1).replace("to: LOST", "to: HUNG")
    path = edited((UNDEFINED_ROW, hung + lost + UNDEFINED_ROW), (ENUM, ENUM.replace("PAUSED,", "PAUSED, HUNG, LOST,")))
    assert ["no edges lead to" in problem for problem in refusal(path).problems] == [True, True]


def test_a_state_that_cannot_be_left_is_refused(edited: Edit) -> None:
    """An edge that leads back to its own state is no way out."""
    row = f"{ROW.format(kind='stable')}      edges:\n        reboot: {{to: HUNG, basis: P, why: It hangs again.}}\n"
    path = edited(
        (UNDEFINED_ROW, row + UNDEFINED_ROW),
        (ENUM, ENUM.replace("PAUSED,", "PAUSED, HUNG,")),
        ("          else: UNDEFINED", "          else: HUNG"),
    )
    line = line_of(path, "    HUNG:")
    assert refusal(path).problems == (
        f"{path}:{line}: {STATES}.HUNG: no edge leads out of HUNG; expected a way to another state",
    )


def test_a_lifecycle_can_do_without_a_lock(edited: Edit) -> None:
    """The lock is optional, as are states of which the platform cannot tell."""
    text = BUILTIN.read_text()
    lock = text[text.index("  lock:\n    feature: lock\n") : text.index("  states:\n    ABSENT:")]
    lifecycle = load_contract(edited((lock, ""))).lifecycle
    assert lifecycle.lock is None
    assert replace(lifecycle, states={A: lifecycle.states[A]}).unknown is None


def test_a_lifecycle_can_grow(edited: Edit) -> None:
    """A new state with its operation is read without a change in code."""
    row = (
        "    SUSPENDED:\n      kind: stable\n      summary: On disk.\n      edges:\n"
        "        resume: {via: PENDING, to: RUNNING, basis: P, why: Back from disk.}\n"
    )
    edge = "        suspend: {via: PENDING, to: SUSPENDED, basis: P, why: To disk.}\n        pause:\n"
    reboot = "  /organizations/{org_name}/environments/{env_name}/hosts/{host_name}/instance/_reboot:\n"
    suspend = (
        f"{reboot.replace('_reboot', '_suspend')}    put:\n      operationId: suspendInstance\n"
        "      x-trigger: suspend\n      responses: {'202': {description: Accepted.}}\n"
    )
    path = edited(
        (UNDEFINED_ROW, row + UNDEFINED_ROW),
        ("        pause:\n", edge),
        (ENUM, ENUM.replace("PAUSED,", "PAUSED, SUSPENDED,")),
        (reboot, suspend + reboot),
    )
    grown = load_contract(path)
    assert [step.trigger for step in grown.lifecycle.shortest_path(A, "SUSPENDED") or ()] == ["provision", "suspend"]
    assert grown.operations["suspendInstance"].trigger == "suspend"


NAMES = ["A", "B", "C", "D", "E"]


@st.composite
def lifecycles(draw: st.DrawFn) -> Lifecycle:
    """Any table over five states, possible or not; some edges have several targets."""
    cells = draw(st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(["x", "y", "z"]))))
    targets = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True).map("".join)
    return table(*(f"{state}{trigger}{draw(targets)}" for state, trigger in sorted(cells)))


def distance(lifecycle: Lifecycle, start: str, goal: str) -> int | None:
    """How many sure steps it takes, found by widening the circle of what can be reached."""
    circle = {start}
    for steps in range(len(NAMES)):
        if goal in circle:
            return steps
        circle |= {edge.to[0] for edge in lifecycle.edges if edge.state in circle and len(edge.to) == 1}
    return None


def table(*cells: str) -> Lifecycle:
    """A lifecycle of cells that are written as state, trigger and targets, a letter each."""
    edges = tuple(Edge(cell[0], cell[1], None, tuple(cell[2:]), None, "P", "So.") for cell in cells)
    return Lifecycle({name: State(name, "stable", "", guest_runs=False) for name in NAMES}, edges, None)


@given(lifecycles(), st.sampled_from(NAMES), st.sampled_from(NAMES))
@example(table("AxB", "AyC", "BxE", "CxD", "DxE"), "A", "E")
@example(table("AxC", "AyB", "BxE", "CxD", "DxE"), "A", "E")
@example(table("AxBE", "AyC", "CxE"), "A", "E")
def test_the_shortest_path_is_a_path_and_the_shortest(lifecycle: Lifecycle, start: str, goal: str) -> None:
    """Its steps are sure edges of the table, each from where the last one led; no way is shorter."""
    path = lifecycle.shortest_path(start, goal)
    assert (None if path is None else len(path)) == distance(lifecycle, start, goal)
    here = start
    for edge in path or ():
        assert edge in lifecycle.edges
        assert (edge.state, len(edge.to)) == (here, 1)
        (here,) = edge.to
    assert path is None or here == goal


def test_the_shortest_path_to_every_state_is_known(contract: Contract) -> None:
    """From no instance every stable state is a few sure steps away; an import is not sure."""
    ways = {goal: contract.lifecycle.shortest_path(A, goal) for goal in KINDS}
    assert {goal: way and [edge.trigger for edge in way] for goal, way in ways.items()} == {
        A: (),
        R: ["provision"],
        H: ["provision", "pause"],
        S: ["provision", "shutdown"],
        P: None,
        U: None,
    }
