"""The journal: what an entry knows, how it is found, and how many are kept."""

from __future__ import annotations

import threading

import pytest

from emulator.instances import use_cases
from emulator.journal import BODY, RECORD, Entry, Journal, pack
from tests.emulator.conftest import DOCUMENTED, EXAMPLE, ROOT, VACANT, Running, Start
from tests.emulator.entries import CONTRACT, PLACE, entry


def newest(emulator: Running) -> Entry:
    """The last entry of the default world."""
    return list(emulator.world.journal)[-1]


def test_an_entry_knows_the_request_and_its_answer(emulator: Running) -> None:
    """Who asked for what, of which host, and what came of it, to the last header and byte."""
    answer = emulator.request("PUT", f"{DOCUMENTED}/_pause/?x=1", headers={"User-Agent": "deployer/2"}, data=b"{}")
    it = newest(emulator)
    assert (it.number, it.world, it.agent) == (1, "default", "deployer/2")
    assert (it.organization, it.environment, it.host) == PLACE
    assert (it.operation, it.status, it.before, it.after) == ("pauseInstance", 202, "RUNNING", "PAUSED")
    assert (it.trouble, it.error) == ((), None)
    assert dict(it.request_headers)["User-Agent"] == "deployer/2"
    assert dict(it.request_headers)["Content-Length"] == "2"
    assert (it.request_body, it.response_body) == (b"{}", answer.content)
    answer = emulator.request("POST", VACANT, json={"a": 1})
    it = newest(emulator)
    assert (it.request_body, it.response_body) == (b'{"a": 1}', answer.content)
    assert ("Content-Type", "application/json") in it.response_headers
    assert emulator.request("PUT", f"{DOCUMENTED}/_nothing").status_code == 404
    assert (newest(emulator).operation, newest(emulator).names) == (None, ())


def test_names_are_known_though_the_request_was_refused_at_the_door(start: Start) -> None:
    """401 comes before the operation is looked at; the entry has its names all the same."""
    emulator = start(seeds=(EXAMPLE, ROOT / "fixtures" / "users.yaml"))
    emulator.request("GET", "/organizations/No%20One/environments/E/hosts/H%C3%A9/instance")
    assert newest(emulator).status == 401
    assert newest(emulator).names == ("No One", "E", "Hé")


def test_an_entry_knows_the_requirements_that_it_was_about() -> None:
    """Those that apply to the operation with that status, trigger and state; none where the contract has none."""
    touched = entry("pauseInstance", status=202, before="RUNNING", after="PENDING").requirements
    assert {"operations.action-code", "operations.documented-answers", "names.percent-encoded"} <= set(touched)
    assert not {"errors.shape", "operations.forget-code", "operations.get-shows-instance"} & set(touched)
    refused = entry("pauseInstance", status=404, before="ABSENT", after="ABSENT").requirements
    assert "errors.no-instance" in refused
    assert "errors.no-instance" not in entry("pauseInstance", status=404, before="RUNNING").requirements
    assert entry(None).requirements == entry("listHosts").requirements == ()


def test_every_requirement_with_operations_is_touched_by_something() -> None:
    """The relation leaves out no row of the contract that names operations and statuses."""
    seen = {
        name
        for operation in CONTRACT.operations.values()
        for status in operation.responses
        for state in CONTRACT.lifecycle.states
        for name in CONTRACT.touched(operation, status, state)
    }
    assert seen == {row.id for row in CONTRACT.requirements.values() if row.scope.operations}


def test_an_error_in_the_emulator_is_told_with_its_traceback(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thing that a client cannot see, and that a test must not overlook."""
    emulator = start()

    def broken(*_: object) -> None:
        raise ZeroDivisionError("here")

    monkeypatch.setattr(use_cases, "settle", broken)
    assert emulator.request("GET", DOCUMENTED).status_code == 500
    error = newest(emulator).error
    assert error is not None
    assert error.startswith("Traceback")
    assert error.endswith("ZeroDivisionError: here\n")


def test_a_large_body_is_kept_in_part(emulator: Running) -> None:
    """Read or refused for its length, the journal has its beginning."""
    emulator.request("POST", VACANT, data=b'{"a":"' + b"x" * 2 * BODY + b'"}')
    assert emulator.request("POST", VACANT, data=b"x" * (2 << 20)).status_code == 413
    assert [len(it.request_body) for it in emulator.world.journal] == [BODY, BODY]


def test_a_journal_is_bounded_by_bytes() -> None:
    """The oldest go first; an entry that is too large by itself is kept until the next."""
    journal = Journal(10 * (RECORD + 100))
    small = len(entry().packed) + 1
    for _ in range(50):
        journal.add(entry(request_body=b"x" * (100 - small)))
    assert [it.number for it in journal] == list(range(41, 51))
    assert journal.size == journal.capacity
    journal.add(entry(request_body=b"x" * BODY))
    assert [it.number for it in journal] == [51]
    journal.add(entry())
    assert [it.number for it in journal] == [52]
    assert journal.size == RECORD + small


def test_headers_count_too() -> None:
    """What is kept of a request is counted, whatever part of it is large."""
    packed = pack({"HTTP_X": "x" * 1000, "wsgi.input": object()}, [("A", "b")])
    assert entry(packed=packed).size > RECORD + 1000
    assert entry(packed=packed).request_headers == [("X", "x" * 1000)]
    assert entry(packed=packed).response_headers == [("A", "b")]


def test_a_setting_bounds_the_journal_of_each_world(start: Start) -> None:
    """Also after a reset, and in a world that was made or forked."""
    emulator = start(journal_bytes=1234)
    worlds = emulator.worlds
    worlds.reset()
    assert {world.journal.capacity for world in (emulator.world, worlds.make(), worlds.fork("default"))} == {1234}


def test_numbers_go_on_after_a_reset(emulator: Running) -> None:
    """Whoever remembers the last number that it saw misses nothing, and sees nothing twice."""
    emulator.request("GET", DOCUMENTED)
    number = emulator.world.journal.number
    emulator.worlds.reset()
    assert list(emulator.world.journal) == []
    emulator.request("GET", DOCUMENTED)
    assert [it.number for it in emulator.world.journal] == [number + 1]


def test_entries_are_found_by_what_they_are_about() -> None:
    """Operation, names, status, agent and number; what is not said does not matter."""
    journal = Journal()
    agent = pack({"HTTP_USER_AGENT": "deployer/2 (linux)"}, [])
    for it in (entry(), entry("pauseInstance", status=409), entry(names=PLACE[:1]), entry(packed=agent)):
        journal.add(it)
    assert [it.number for it in journal.find("getInstance")] == [1, 3, 4]
    assert [it.number for it in journal.find(host=PLACE[2], since=1)] == [2, 4]
    assert journal.count(organization=PLACE[0]) == 4
    assert journal.count(environment=PLACE[1]) == 3
    assert journal.count(status=409) == journal.count("pauseInstance", host=PLACE[2]) == 1
    assert journal.count(agent="deployer/2") == 1
    assert journal.count("pauseInstance", host="another") == 0


def test_many_threads_number_without_a_gap() -> None:
    """Entries stand in the order of their numbers, so that nobody who asks for later ones misses one."""
    journal = Journal()

    def add() -> None:
        for _ in range(500):
            journal.add(entry())

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [it.number for it in journal] == list(range(1, 2001))
