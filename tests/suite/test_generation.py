"""Generated and chosen data: what a server makes of them is held to every character, and refusals to every property."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st

from contract import load_contract
from contract_tests.checks.exact import LONG_KEY, LONG_VALUE, SAMPLES
from contract_tests.judging.answer_checks import Representations
from contract_tests.judging.body_rules import NO_MACHINE, BodyRules, naming_no_machine
from contract_tests.moving.navigator import Navigator
from contract_tests.moving.waiter import Timeouts, Waiter
from contract_tests.running.bench import Bench, Options
from contract_tests.running.target import Credentials, Level, Target, parse_host
from contract_tests.sending.api import HostApi
from contract_tests.sending.client import Client
from contract_tests.sending.exchanges import ExchangeLog
from contract_tests.sending.generated import draw
from tests.faulty_servers.catalogue import FAULTS
from tests.faulty_servers.middle import Answer, Call, Changed, Forward
from tests.suite.judging import VACANT, judge

EXACT = [name for name, fault in FAULTS.items() if fault.make.__module__.endswith("exactness")]


@pytest.mark.parametrize("name", EXACT)
def test_a_server_that_improves_properties_is_caught_by_chosen_ones(name: str, folder: Path) -> None:
    """Trimmed, folded, normalised, escaped, cut, guessed: each is seen in the chosen properties, without any luck."""
    fault = FAULTS[name]
    with fault.start() as url:
        verdict = judge(url, folder, only=("exact-properties",), hosts=(VACANT,))
    assert verdict.failed() == fault.requirements, verdict.text


def test_the_chosen_properties_are_those_of_the_contract() -> None:
    """Every sample is valid, so that no server may refuse it, and the longest are as long as the contract allows."""
    contract = load_contract()
    operation = contract.operations["importInstance"]
    assert operation.body is not None
    validator = contract.document.validator(operation.body.schema)
    for name, properties in SAMPLES.items():
        rows = [{"key": key, "value": value} for key, value in properties.items()]
        assert validator.problems(rows) == [], name
    pairs = [pair for properties in SAMPLES.values() for pair in properties.items()]
    assert max(len(key) for key, _ in pairs) == LONG_KEY
    assert max(len(value) for _, value in pairs) == LONG_VALUE
    too_long = [{"key": "k" * (LONG_KEY + 1), "value": ""}]
    assert validator.problems(too_long)


def test_a_refused_body_that_changes_a_property_is_caught(serve: Callable[..., str], folder: Path) -> None:
    """An import to a running instance gets its 4xx; that it took a property away is seen in the properties."""
    bad: set[str] = set()

    def spoils(application: Any) -> Changed:
        def answer(call: Call, forward: Forward) -> Answer:
            given = forward(call)
            if call.action == "properties" and given.status in (400, 409, 415):
                bad.add(call.root)
            if given.status in (202, 204) or (call.method == "POST" and given.status == 200):
                bad.discard(call.root)
            if call.root in bad and (call.method, call.action, given.status) == ("GET", "", 200):
                shown = given.value
                return given.saying(
                    {**shown, "properties": [row for row in shown["properties"] if row["key"] != "mac"]}
                )
            return given

        return Changed(application, answer)

    verdict = judge(serve(around=spoils), folder, only=("bodies[importInstance]",), hosts=(VACANT,))
    assert verdict.failed() == {"refused.illegal-trigger"}, verdict.text


def test_an_import_that_get_does_not_show_is_caught(serve: Callable[..., str], folder: Path) -> None:
    """An import that answers what was sent and keeps nothing of it is found out by the GET after it."""

    def forgetful(application: Any) -> Changed:
        def answer(call: Call, forward: Forward) -> Answer:
            given = forward(call)
            if (call.method, call.action, given.status) == ("GET", "", 200):
                return given.saying({**given.value, "properties": []})
            return given

        return Changed(application, answer)

    verdict = judge(serve(around=forgetful), folder, only=("bodies[importInstance]",), hosts=(VACANT,), max_examples=6)
    assert "properties.values-kept" in verdict.failed(), verdict.text


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench for a server that nobody asks."""
    contract = load_contract()
    target = Target("http://127.0.0.1:9", (parse_host(VACANT, contract),), Credentials(), Level.FULL)
    with closing(ExchangeLog(tmp_path / "exchanges.ndjson")) as log:
        client = Client(target, contract, log)
        waiter = Waiter(client, Timeouts(), Random(1))
        yield Bench(client, waiter, Navigator(client, waiter), Options(random_seed=5, max_examples=20))


def test_a_trouble_ends_the_drawing_at_once(bench: Bench) -> None:
    """What goes wrong in one example is raised as it is, and nothing is sent again to explain it."""
    used: list[int] = []

    def use(number: int) -> None:
        used.append(number)
        if len(used) == 3:
            raise ConnectionError("the line is cut")

    with pytest.raises(ConnectionError, match="the line is cut"):
        draw(st.integers(), use, bench)
    assert len(used) == 3


@pytest.mark.parametrize(
    "operation, body, statuses",
    [
        ("importInstance", [], (200,)),
        ("importInstance", [{"key": "a", "value": "b"}, {"key": "a", "value": "c"}], (400,)),
        ("importInstance", b"[NaN]", (400,)),
        ("importInstance", [{"key": f"{n:02}", "value": "v" * 65_535} for n in range(17)], (413,)),
        ("provisionInstance", {}, (200,)),
        ("provisionInstance", [], (400,)),
        ("provisionInstance", b"", (200,)),
    ],
)
def test_what_must_come_for_a_body_is_known(operation: str, body: Any, statuses: tuple[int, ...]) -> None:
    """The contract's validator says what a body gets: also for a key twice, which JSON Schema cannot say."""
    contract = load_contract()
    api = HostApi(contract, parse_host(VACANT, contract))
    case = api.operations[operation].Case(body=body, media_type="application/json")
    expected = BodyRules(contract, contract.operations[operation]).expected(case)
    assert expected.statuses == statuses
    assert expected.words.startswith(str(statuses[0]))


def test_a_machine_that_could_be_somebody_elses_is_not_named() -> None:
    """The machine that a drawn body names is replaced by one that is nobody's; all else stays."""
    shown = Representations(load_contract())
    body = [{"key": "libvirt.uuid", "value": "97c6b5be-bc74-4a4c-5a64-a594c00c88a8"}, {"key": "mac", "value": "m"}]
    assert naming_no_machine(shown, body) == [{"key": "libvirt.uuid", "value": NO_MACHINE}, body[1]]
    assert naming_no_machine(shown, {"key": "libvirt.uuid"}) == {"key": "libvirt.uuid"}
