"""Trouble: who meets it, that a seed repeats it, and how it is steered. What each kind does: test_trouble_kinds."""

from __future__ import annotations

import threading
from typing import Any

import requests
from hypothesis import given
from hypothesis import strategies as st

from contract import load_contract, load_document
from emulator import inventory
from emulator.trouble import Trouble, plan_of
from emulator.trouble.kinds import KINDS
from tests.emulator.conftest import DOCUMENTED, ENVIRONMENT, Running, Start
from tests.emulator.test_control import CONTROL, control
from tests.patience import PATIENCE

OPERATIONS = {**load_document(inventory.DOCUMENT).operations, **load_contract().operations}
TROUBLE = "/_emulator/trouble"


def trouble(emulator: Running, *rules: dict[str, Any], **more: Any) -> Any:
    """Make this trouble, check the answer against the document, and give it."""
    answer = emulator.request("PUT", TROUBLE, json={"rules": list(rules), **more})
    assert answer.status_code == 200, answer.text
    schema = CONTROL.operations["setTrouble"].responses[200].schema
    assert schema is not None
    assert CONTROL.validator(schema).problems(answer.json()) == []
    return answer.json()


def met(plan: Trouble, hosts: list[str], operation: str = "getInstance") -> dict[str, list[bool]]:
    """Which of the requests for each host met trouble, in their order."""
    found: dict[str, list[bool]] = {}
    for host in hosts:
        found.setdefault(host, []).append(plan.meet(operation, ("o", "e", host), 0.0) is not None)
    return found


def test_skip_count_and_globs_are_of_each_host() -> None:
    """The first ones meet nothing, then so many do; hosts that do not fit never do."""
    row = {"kind": "cut", "host": "web-*", "organization": "o", "skip": 2, "count": 3}
    plan = Trouble(plan_of({"rules": [row]}, OPERATIONS), 1)
    expected = [False, False, True, True, True, False, False]
    hosts = ["web-1", "db", "web-2"] * 7
    assert met(plan, hosts) == {"web-1": expected, "web-2": expected, "db": [False] * 7}
    assert plan.meet("getInstance", ("another", "e", "web-3"), 0.0) is None
    ((_, seen, hits),) = plan.counts()
    assert (seen, hits) == (14, 6)


def test_globs_of_operations_are_of_operation_ids() -> None:
    """One or several; a kind about actions is never about a read."""
    rows = [
        {"kind": "cut", "operations": ["get*", "pauseInstance"]},
        {"kind": "action-fails"},
        {"kind": "shutdown-ignored"},
    ]
    plan = plan_of({"rules": rows}, OPERATIONS)
    cut, fails, ignored = (rule.operations for rule in plan.rules)
    assert {"getInstance", "getVnc", "getHost", "pauseInstance"} <= cut
    assert not {"provisionInstance", "listHosts"} & cut
    assert {"provisionInstance", "pauseInstance", "rebootInstance", "importInstance"} <= fails
    assert not {"getInstance", "deleteInstance", "lockInstance", "listHosts"} & fails
    assert ignored == {"shutdownInstance", "stopInstance"}


@given(
    seed=st.integers(),
    order=st.permutations([host for host in "abc" for _ in range(20)]),
    probability=st.sampled_from([0.1, 0.5, 0.9]),
)
def test_a_seed_repeats_a_run_in_any_order(seed: int, order: list[str], probability: float) -> None:
    """What a host meets depends on its own requests alone."""
    plan = plan_of({"rules": [{"kind": "cut", "probability": probability}]}, OPERATIONS)
    assert met(Trouble(plan, seed), order) == met(Trouble(plan, seed), sorted(order))


def test_a_seed_repeats_a_run_under_many_threads(start: Start) -> None:
    """Eight clients, each with a host of its own, twice: the same answers."""
    emulator = start()
    runs = []
    for _ in range(2):
        trouble(emulator, {"kind": "unavailable", "probability": 0.4}, randomSeed=5)
        found: dict[int, list[int]] = {}

        def ask(number: int, found: dict[int, list[int]] = found) -> None:
            path = f"{emulator.url}{ENVIRONMENT}/hosts/nobody-{number}"
            found[number] = [requests.get(path, timeout=PATIENCE).status_code for _ in range(15)]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        runs.append(found)
    assert runs[0] == runs[1]
    assert len({tuple(run) for run in runs[0].values()}) > 1


def test_trouble_can_be_told_added_to_and_left_out(emulator: Running) -> None:
    """Rules have names; what they met is counted, and listed."""
    assert trouble(emulator, {"kind": "cut", "host": "x"}, {"kind": "cut", "host": "y"})["lawful"] is False
    added = emulator.request("POST", TROUBLE, json={"rules": [{"kind": "agent-silent", "name": "mute"}]}).json()
    assert [rule["name"] for rule in added["rules"]] == ["cut", "cut-2", "mute"]
    assert emulator.request("POST", TROUBLE, json={"rules": [{"kind": "cut", "name": "mute"}]}).status_code == 409
    assert emulator.request("DELETE", f"{TROUBLE}/rules/nothing").status_code == 404
    emulator.request("DELETE", f"{TROUBLE}/rules/cut")
    left = emulator.request("DELETE", f"{TROUBLE}/rules/cut-2").json()
    assert (left["lawful"], [rule["name"] for rule in left["rules"]]) == (True, ["mute"])
    emulator.request("PUT", f"{DOCUMENTED}/_reboot")
    emulator.state(DOCUMENTED)
    (rule,) = control(emulator, "GET", "trouble")["rules"]
    assert (rule["seen"], rule["hits"]) == (1, 1)
    (hit,) = control(emulator, "GET", "trouble/hits")["hits"]
    assert (hit["rule"], hit["kind"], hit["operation"]) == ("mute", "agent-silent", "rebootInstance")
    assert (hit["host"], hit["ordinal"]) == ("test-host-on-Hyp3", 1)
    entries = control(emulator, "GET", "journal?last=6")["entries"]
    assert ["mute"] in [entry["trouble"] for entry in entries]
    assert emulator.request("DELETE", TROUBLE).json()["rules"] == []
    assert emulator.world.trouble is None
    assert control(emulator, "GET", "trouble/hits") == {"hits": []}


def test_a_built_in_trouble_can_be_included(emulator: Running) -> None:
    """By its name, with rules beside it."""
    answer = emulator.request("PUT", TROUBLE, json={"include": ["busy"], "rules": [{"kind": "cut"}]}).json()
    assert [rule["kind"] for rule in answer["rules"]] == ["unavailable", "too-many-requests", "cut"]


def test_worlds_have_trouble_of_their_own(start: Start) -> None:
    """A new world has that of the start, a fork that of its source, and a reset begins again."""
    emulator = start(trouble=("busy",))
    assert len(control(emulator, "GET", "trouble")["rules"]) == 2
    trouble(emulator, {"kind": "unavailable", "skip": 1, "operations": "getInstance"})
    emulator.state(DOCUMENTED)
    fork = emulator.request("POST", "/_emulator/worlds", json={"fork": "default"}).json()["path"]
    emulator.request("DELETE", TROUBLE)
    assert emulator.request("GET", fork + DOCUMENTED).status_code == 503
    assert emulator.request("GET", DOCUMENTED).status_code == 200
    emulator.request("POST", "/_emulator/reset", json={})
    assert len(control(emulator, "GET", "trouble")["rules"]) == 2


def test_the_kinds_are_listed_with_their_schema(emulator: Running) -> None:
    """And with the built-in troubles."""
    listed = control(emulator, "GET", "trouble/kinds")
    assert {row["kind"]: row["lawful"] for row in listed["kinds"]} == {k.name: k.lawful for k in KINDS.values()}
    assert "lawfully-restless" in listed["builtin"]


def test_a_database_has_no_trouble(start: Start, tmp_path: Any) -> None:
    """Other processes over it would not know."""
    emulator = start(store=f"sqlite:///{tmp_path / 'one.db'}")
    answer = emulator.request("PUT", TROUBLE, json={"rules": [{"kind": "cut"}]})
    assert answer.status_code == 409
    assert "--store memory" in answer.json()["error"][0]
