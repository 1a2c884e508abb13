"""The journal: what it says was left behind, wherever the process that wrote it was killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import load_contract
from contract_tests.running.target import HostName, TargetError
from contract_tests.sending.journal import Effect, Journal, LeftOver, effect_of, left_overs

URL = "http://127.0.0.1:9"
A, B = HostName("o", "e", "a"), HostName("o", "e", "b")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "journal.jsonl"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    """A journal in which one run has begun."""
    journal = Journal(path, "first", URL)
    yield journal
    journal.close()


def test_the_lifecycle_says_what_makes_and_removes() -> None:
    """The effect of each operation comes from the contract; power actions and reads have none."""
    contract = load_contract()
    effects = {name: effect for name, one in contract.operations.items() if (effect := effect_of(one, contract))}
    assert effects == {
        "provisionInstance": Effect.MAKES,
        "importInstance": Effect.IMPORTS,
        "deleteInstance": Effect.REMOVES,
        "forgetInstance": Effect.FORGETS,
    }


def test_without_a_file_nothing_was_left(path: Path) -> None:
    """Where no run was, nothing was left behind."""
    assert left_overs(path) == []


def test_what_was_intended_may_be_there(journal: Journal, path: Path) -> None:
    """A line is on disk before anything is sent: what got no answer may have been made."""
    journal.intend(A, "provisionInstance", Effect.MAKES, "legal")
    assert left_overs(path) == [LeftOver(URL, A, "legal", certain=False)]


@pytest.mark.parametrize("status, left", [(200, True), (409, False), (404, False), (None, True), (500, True)])
def test_an_answer_says_what_was_made(journal: Journal, path: Path, status: int | None, left: bool) -> None:  # noqa: FBT001
    """What was refused was not made; without an answer, and after a 5xx, nobody knows."""
    journal.intend(A, "provisionInstance", Effect.MAKES, "legal").done(status)
    assert bool(left_overs(path)) is left


def test_a_machine_is_known_by_what_was_seen(journal: Journal, path: Path) -> None:
    """The identity that a look shows is kept, written once however often it is seen."""
    journal.intend(A, "provisionInstance", Effect.MAKES, "legal").done(200)
    for _ in range(3):
        journal.seen(A, "u-1")
    journal.seen(B, "u-2")
    assert left_overs(path) == [LeftOver(URL, A, "legal", machine="u-1")]
    assert path.read_text().count("u-1") == 1
    assert "u-2" not in path.read_text()


def test_a_host_that_was_seen_without_an_instance_has_none(journal: Journal, path: Path) -> None:
    """What perhaps was made is forgotten once the host was seen empty."""
    journal.intend(A, "provisionInstance", Effect.MAKES, "legal").done(None)
    journal.absent(A)
    assert left_overs(path) == []
    written = path.read_text()
    journal.absent(A)
    assert path.read_text() == written


def test_a_forgotten_machine_is_left_until_an_import_brings_it_back(journal: Journal, path: Path) -> None:
    """After a forget the machine is there still; an import of it and a delete end it."""
    journal.intend(A, "provisionInstance", Effect.MAKES, "legal").done(200, "u-1")
    journal.intend(A, "forgetInstance", Effect.FORGETS, "legal").done(202)
    assert left_overs(path) == [LeftOver(URL, A, "legal", machine="u-1", forgotten=True)]
    journal.intend(A, "importInstance", Effect.IMPORTS, "back", machine="u-1").done(200)
    assert left_overs(path) == [LeftOver(URL, A, "back", machine="u-1")]
    journal.intend(A, "deleteInstance", Effect.REMOVES, "back").done(204)
    assert left_overs(path) == []


def test_a_record_without_a_machine_leaves_none(journal: Journal, path: Path) -> None:
    """An import of a machine that nobody knows, and a forget of it, leave nothing to bring back."""
    journal.intend(A, "importInstance", Effect.IMPORTS, "legal", machine="u-9").done(200)
    assert left_overs(path) == [LeftOver(URL, A, "legal", machine="u-9", imported=True)]
    journal.intend(A, "forgetInstance", Effect.FORGETS, "legal").done(202)
    assert left_overs(path) == []


def test_what_was_sent_together_is_not_certain(journal: Journal, path: Path) -> None:
    """Of a delete and a provision under way together nobody knows which came last, until somebody looks."""
    journal.intend(A, "provisionInstance", Effect.MAKES, "legal").done(200)
    removing = journal.intend(A, "deleteInstance", Effect.REMOVES, "race")
    making = journal.intend(A, "provisionInstance", Effect.MAKES, "race")
    making.done(200)
    removing.done(204)
    assert [one.certain for one in left_overs(path)] == [False]
    journal.absent(A)
    assert left_overs(path) == []


def test_a_later_run_does_not_forget_an_earlier_one(journal: Journal, path: Path) -> None:
    """A journal is added to; what a run left on one server is not cleared by what another does elsewhere."""
    journal.intend(A, "provisionInstance", Effect.MAKES, "legal").done(200, "u-1")
    later = Journal(path, "second", "http://elsewhere.example")
    later.intend(A, "deleteInstance", Effect.REMOVES, "legal").done(204)
    later.close()
    assert [(one.url, one.machine) for one in left_overs(path)] == [(URL, "u-1")]


def test_a_line_that_was_cut_off_is_left_out(journal: Journal, path: Path) -> None:
    """A process that is killed while it writes leaves half a line, which says nothing."""
    journal.intend(A, "provisionInstance", Effect.MAKES, "legal").done(200, "u-1")
    with path.open("a") as file:
        file.write('{"number": 2, "host"')
    assert [one.machine for one in left_overs(path)] == ["u-1"]


def test_another_file_is_no_journal(path: Path) -> None:
    """A line that no journal has is named with its number."""
    path.write_text('{"run": "first", "url": "x"}\nhello\n')
    with pytest.raises(TargetError, match=":2: this is no line of a journal"):
        left_overs(path)


_STEPS = st.lists(st.tuples(st.sampled_from([A, B]), st.sampled_from(["make", "remove", "forget", "import", "look"])))


@given(_STEPS, st.integers(0))
def test_wherever_a_run_is_killed_all_its_machines_are_named(steps: list[tuple[HostName, str]], cut: int) -> None:
    """Cut the journal after any line: what the server has at that moment is among the left-overs."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        journal, server = Journal(path, "run", URL), _Server()
        moments = [server.machines()]
        for host, step in steps:
            _take(step, host, journal, server, moments)
        journal.close()
        lines = path.read_text().splitlines(keepends=True)
        assert len(moments) == len(lines)
        end = cut % len(lines)
        path.write_text("".join(lines[: end + 1]))
        found = left_overs(path)
        for host, machine in moments[end]:
            assert any(one.host == host and one.machine in (machine, None) for one in found), (machine, found)
        path.write_text("".join(lines))
        assert {(one.host, one.machine) for one in left_overs(path)} == set(server.machines())


class _Server:
    """The machines of a server that plays along: the instance of each host, and what was forgotten there."""

    def __init__(self) -> None:
        self.shown: dict[HostName, str] = {}
        self.hidden: dict[HostName, list[str]] = {A: [], B: []}
        self.count = 0

    def machines(self) -> list[tuple[HostName, str]]:
        """All that is there."""
        hidden = [(host, machine) for host, machines in self.hidden.items() for machine in machines]
        return [*self.shown.items(), *hidden]


def _take(
    step: str, host: HostName, journal: Journal, server: _Server, moments: list[list[tuple[HostName, str]]]
) -> None:
    """One request: the line before it, what the server does, the line after it; `moments` has a row for each line."""
    is_there = host in server.shown
    if step == "look":
        before = _lines(journal)
        if is_there:
            journal.seen(host, server.shown[host])
        else:
            journal.absent(host)
        moments.extend([server.machines()] * (_lines(journal) - before))
        return
    if step == "import" and not server.hidden[host]:
        return
    machine = server.hidden[host][0] if step == "import" else None
    effect = {"make": Effect.MAKES, "remove": Effect.REMOVES, "forget": Effect.FORGETS, "import": Effect.IMPORTS}[step]
    intent = journal.intend(host, step, effect, "test", machine=machine)
    status = _serve(step, host, server)
    moments.append(server.machines())  # killed before the answer was written
    intent.done(status, server.shown.get(host) if status == 200 else None)
    moments.append(server.machines())


def _serve(step: str, host: HostName, server: _Server) -> int:
    if step in ("make", "import"):
        if host in server.shown:
            return 409
        server.count += 1
        server.shown[host] = server.hidden[host].pop(0) if step == "import" else f"u-{server.count}"
        return 200
    if host not in server.shown:
        return 404
    machine = server.shown.pop(host)
    if step == "forget":
        server.hidden[host].append(machine)
    return 202


def _lines(journal: Journal) -> int:
    return Path(journal._file.name).read_text().count("\n")


def test_every_line_is_json_with_its_time(journal: Journal, path: Path) -> None:
    """A person, or a program, can read the journal line by line."""
    journal.intend(HostName("ö", "e", "a\u2028b"), "provisionInstance", Effect.MAKES, "legal").done(200, "u-1")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [("run" in row, "effect" in row, "status" in row) for row in rows] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert all(row["at"] for row in rows)
    assert [one.host.host for one in left_overs(path)] == ["a\u2028b"]
