"""Races: what is sent together leaves together, is labelled and recorded, and only a race is blamed on a race."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from schemathesis.core import NOT_SET

from contract import load_contract
from contract_tests.checks.race_history import History, Row, looks_of
from contract_tests.checks.volleys import MOST, Volleys
from contract_tests.judging.answer_checks import Representations
from contract_tests.judging.linearizability import Call as Told
from contract_tests.moving.tour import Map
from contract_tests.moving.waiter import Course, Snapshot
from contract_tests.reports.history_picture import draw
from contract_tests.running.target import APP_KEY_HEADER, Credentials, HostName, Level, Target, parse_host
from contract_tests.sending.client import Client
from contract_tests.sending.exchanges import ExchangeLog
from contract_tests.sending.replies import LostReplyError, NotAllowedError, Reply
from tests.faulty_servers.catalogue import FAULTS
from tests.faulty_servers.middle import Answer, Call, Change, Changed, Forward, refusal
from tests.patience import PATIENCE
from tests.suite.judging import HOST, VACANT, judge
from tests.suite.serving import emulator

CONTRACT = load_contract()
SLOW = "default: {uniform: [0.02, 0.06]}\n"
RACES = ("race", "burst")


MakeClient = Callable[..., Client]


@pytest.fixture
def client_of(tmp_path: Path) -> Iterator[MakeClient]:
    """Makes a client of the suite for the vacant host of a server; its exchanges go to the test's folder."""
    with ExitStack() as stack:

        def make(url: str, level: Level = Level.FULL, **credentials: str) -> Client:
            target = Target(url, (parse_host(VACANT, CONTRACT),), Credentials(**credentials), level)
            log = stack.enter_context(closing(ExchangeLog(tmp_path / "exchanges.ndjson")))
            return Client(target, CONTRACT, log)

        yield make


def operations(*names: str) -> list[tuple[Any, Any]]:
    """Operations without a body."""
    return [(CONTRACT.operations[name], NOT_SET) for name in names]


def host(client: Client) -> HostName:
    """The one host of a client."""
    return client.target.hosts[0]


class Gathering:
    """Lets requests into a server only when so many are there: who waits for an answer first never gets one."""

    def __init__(self, application: Any, count: int) -> None:
        self._application = application
        self._barrier = threading.Barrier(count)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serve one request, when all are there."""
        self._barrier.wait(PATIENCE)
        return self._application(environ, start_response)


def test_all_are_on_their_way_before_the_first_is_answered(
    serve: Callable[..., str], client_of: MakeClient, tmp_path: Path
) -> None:
    """Eight requests reach a server that answers none before it has all, and overlap in time by the client's clock."""
    client = client_of(serve(around=lambda application: Gathering(application, 8)))
    answers = client.together(operations(*["provisionInstance"] * 4, *["getInstance"] * 4), host(client))
    assert sorted(str(one.status) for one in answers[:4]) == ["200", "409", "409", "409"]
    assert max(one.start for one in answers) < min(one.end for one in answers)


def test_each_is_labelled_recorded_and_redacted(
    serve: Callable[..., str], client_of: MakeClient, tmp_path: Path
) -> None:
    """Requests that are sent together carry the label and the credentials, and are in the log without them."""
    seen: list[tuple[str, str]] = []

    def around(application: Any) -> Any:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            seen.append((environ["HTTP_USER_AGENT"], environ["HTTP_X_COMODIT_APPKEY"]))
            return application(environ, start_response)

        return app

    client = client_of(serve(around=around), app_key="secret-key")
    client.check_id = "race[RUNNING]"
    client.together(operations("provisionInstance", "getInstance"), host(client))
    assert [agent.endswith("(race[RUNNING])") and key == "secret-key" for agent, key in seen] == [True, True]
    rows = [json.loads(line) for line in (tmp_path / "exchanges.ndjson").read_text().splitlines()]
    assert [row["operation"] for row in rows] == ["provisionInstance", "getInstance"]
    assert {row["request"]["headers"][APP_KEY_HEADER] for row in rows} == {"[redacted]"}
    assert client.statuses["provisionInstance"][200] == 1


def test_nothing_is_sent_that_is_not_allowed(serve: Callable[..., str], client_of: MakeClient, tmp_path: Path) -> None:
    """A volley with one request above the level is not sent at all, nor one to a host that was not named."""
    client = client_of(serve(), Level.POWER)
    with pytest.raises(NotAllowedError):
        client.together(operations("getInstance", "deleteInstance"), host(client))
    with pytest.raises(NotAllowedError):
        client.together(operations("getInstance"), parse_host(HOST, CONTRACT))
    assert (tmp_path / "exchanges.ndjson").read_text() == ""


def test_a_lost_answer_is_told_from_one_that_came(
    serve: Callable[..., str], client_of: MakeClient, tmp_path: Path
) -> None:
    """Of two requests one loses its answer: it has none, and the other its own."""

    def around(application: Any) -> Any:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            if environ["REQUEST_METHOD"] == "GET":
                return application(environ, start_response)
            start_response("202 Accepted", [("Content-Length", "100")])
            return iter([b"{"])

        return app

    client = client_of(serve(around=around))
    pause, look = client.together(operations("pauseInstance", "getInstance"), host(client))
    assert (pause.status, pause.reply) == (None, None)
    assert pause.reason
    assert look.status == 404


class Quiet(WSGIRequestHandler):
    """Says nothing of what it serves."""

    def log_message(self, *_: Any) -> None:
        """Not a word."""


def test_a_server_that_takes_one_after_the_other_is_waited_for(client_of: MakeClient) -> None:
    """A server of one thread, whose queue is shorter than the volley, answers all of it."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [("Content-Type", "application/json")])
        return [b'{"error": ["none"]}']

    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            client = client_of(f"http://127.0.0.1:{server.server_port}")
            answers = client.together(operations(*["getInstance"] * 8), host(client))
        finally:
            server.shutdown()
            thread.join()
    assert [one.status for one in answers] == [404] * 8


def test_what_cannot_be_connected_is_not_sent(client_of: MakeClient) -> None:
    """Where nobody listens nothing is sent, and the reason says so."""
    client = client_of("http://127.0.0.1:9")
    with pytest.raises(LostReplyError, match="refused"):
        client.together(operations("getInstance", "getInstance"), host(client))


def test_every_pair_that_matters_is_sent() -> None:
    """From RUNNING every pair of legal triggers is there, and those that one trigger makes legal for the other."""
    volleys = Volleys(Map(CONTRACT), Representations(CONTRACT).reading)
    pairs = {frozenset(one.id for one in volley.operations) for volley in volleys.pairs("RUNNING")}
    legal = {"pauseInstance", "shutdownInstance", "rebootInstance", "powerOffInstance", "deleteInstance"}
    assert {frozenset((one, other)) for one in legal for other in legal} <= pairs
    assert frozenset(("pauseInstance", "resumeInstance")) in pairs
    assert frozenset(("shutdownInstance", "stopInstance")) in pairs
    assert frozenset(("pauseInstance", "startInstance")) not in pairs


@pytest.mark.parametrize("state", [name for name in CONTRACT.lifecycle.states if name != "PENDING"])
def test_volleys_are_small_and_lose_no_machine(state: str) -> None:
    """At most eight requests come together; what deletes comes last; no volley makes a machine and forgets it."""
    volleys = Volleys(Map(CONTRACT), Representations(CONTRACT).reading)
    for found in (volleys.pairs(state), volleys.bursts(state)):
        assert found
        names = [[operation.id for operation in volley.operations] for volley in found]
        assert all(2 <= len(volley) <= MOST for volley in names)
        assert not [volley for volley in names if {"forgetInstance", "provisionInstance"} <= set(volley)]
        deletes = ["deleteInstance" in volley for volley in names]
        assert deletes == sorted(deletes)


def test_no_race_is_blamed_on_the_emulator(folder: Path) -> None:
    """All races from all states are lawful on the emulator, and nothing is left of them."""
    with emulator() as url:
        verdict = judge(url, folder, hosts=(VACANT,), only=RACES)
    assert verdict.verdict("race.linearizable") == "passed", verdict.text
    assert verdict.verdict("race.whole-reads") == "passed"
    assert sum(row["figures"].get("races", 0) for row in verdict.record["results"]) > 100
    assert not verdict.record["summary"]["leftBehind"]


def test_looks_after_a_race_are_in_their_order() -> None:
    """One look comes after the other: what goes back between two of them has no order."""
    reply = Reply(1, 200, {}, None, "", "", 0.0)

    def seen(*states: str) -> str | None:
        course = Course(tuple((state, 0.0) for state in states), Snapshot(states[-1], None, reply), settled=True)
        off = Row("powerOffInstance", Told(0.0, 1.0, "off", 202))
        history = History("RUNNING", (off,), looks_of(course, "getInstance", 1.0, "ABSENT"), course.last, settled=True)
        return history.judged(CONTRACT.lifecycle).rule

    assert seen("RUNNING", "PENDING", "STOPPED") is None
    assert seen("STOPPED", "PENDING", "STOPPED") == "race.whole-reads"
    assert seen("PENDING", "RUNNING", "STOPPED") == "race.whole-reads"
    assert seen("STOPPED", "RUNNING") == "race.linearizable"


@pytest.mark.parametrize("pause_begins, excused", [(0.9, False), (1.1, True)])
def test_what_was_answered_in_turn_is_no_race_yet(pause_begins: float, *, excused: bool) -> None:
    """A server that is slow to take in the second request answers in turn: what an action undid must come again."""
    reply = Reply(1, 200, {}, None, "", "", 0.0)
    course = Course((("PAUSED", 0.0),), Snapshot("PAUSED", None, reply), settled=True)
    off = Row("powerOffInstance", Told(0.0, 1.0, "off", 202))
    pause = Row("pauseInstance", Told(pause_begins, 2.0, "pause", 202))
    look = Row("getInstance", Told(1.9, 2.0, None, 200, "PAUSED"))
    looks = looks_of(course, "getInstance", 2.0, "ABSENT")
    judgement = History("STOPPED", (off, pause, look), looks, course.last, settled=True).judged(CONTRACT.lifecycle)
    assert judgement.rule == "race.linearizable"
    assert (judgement.perhaps is not None) is excused


@pytest.mark.parametrize("timing", ["polls:3", "slow"])
def test_a_server_that_takes_its_time_is_not_blamed(timing: str, folder: Path, tmp_path: Path) -> None:
    """Where PENDING is seen, the looks of a race see a path of the lifecycle."""
    (tmp_path / "slow").write_text(SLOW)
    with emulator("--timing", timing if timing != "slow" else str(tmp_path / timing)) as url:
        verdict = judge(url, folder, hosts=(VACANT,), only=("burst[RUNNING]", "race[STOPPED]"), settle_timeout=20.0)
    assert verdict.verdict("race.linearizable") == "passed", verdict.text
    assert verdict.verdict("race.whole-reads") == "passed"
    assert any("PENDING" in row["statesSeen"] for row in verdict.record["results"])


def test_a_race_comes_with_its_history(folder: Path) -> None:
    """A finding tells answers and end, has a command that sends all again, and a history with what fits nowhere."""
    with FAULTS["two-starts-both-win"].start() as url:
        verdict = judge(url, folder, only=("race[STOPPED]",))
    finding = verdict.record["results"][0]["findings"][0]
    assert finding["requirements"] == ["race.linearizable"]
    assert finding["what"] == "2 times startInstance together in STOPPED"
    assert finding["got"] == "2 times startInstance 202; in the end RUNNING"
    assert finding["curl"].count("_start") == 2
    assert finding["curl"].endswith("& wait")
    history = finding["history"]
    assert history["initial"] == "STOPPED"
    assert [call["status"] for call in history["calls"]] == [202, 202, 200]
    assert len(history["longest"]) == 2
    assert draw(history).count("fits nowhere") == 1


def changed(answer: Change) -> Callable[[Any], Any]:
    """A server with a change in the middle."""
    return lambda application: Changed(application, answer)


def wrong_in(action: str, to: Callable[[Call, Forward], Answer]) -> Change:
    """A server that does something else at an action."""
    return lambda call, forward: to(call, forward) if call.action == action else forward(call)


def accepted(call: Call, forward: Forward) -> Answer:
    """Whatever the action is, it is accepted."""
    honest = forward(call)
    return Answer(202) if honest.status == 409 else honest


ALONE = {
    "pause switches off": wrong_in("_pause", lambda call, forward: forward(call.at("_off"))),
    "pause is always accepted": wrong_in("_pause", accepted),
    "reboot is refused": wrong_in("_reboot", lambda _call, _forward: refusal(409, "no")),
}


@pytest.mark.parametrize("name", ALONE)
def test_what_is_wrong_without_a_race_is_not_blamed_on_one(name: str, serve: Callable[..., str], folder: Path) -> None:
    """A server that does the same wrong thing when it is asked in turn is no fault of a race: it is noted."""
    verdict = judge(serve(around=changed(ALONE[name])), folder, only=("race[RUNNING]",))
    assert "race.linearizable" not in verdict.failed(), verdict.text
    assert any("no fault of a race" in note for note in verdict.record["results"][0]["notes"])


def test_an_action_that_failed_once_is_no_race(serve: Callable[..., str], folder: Path) -> None:
    """An off that comes to nothing one time may have failed in the world: that is no verdict on a race."""
    ignored: list[Call] = []

    def once(call: Call, forward: Forward) -> Answer:
        if call.action == "_off" and not ignored:
            ignored.append(call)
            return Answer(202)
        return forward(call)

    verdict = judge(serve(around=changed(once)), folder, only=("race[RUNNING]",))
    assert verdict.verdict("race.linearizable") == "passed", verdict.text
    assert any("an action may have failed" in note for note in verdict.record["results"][0]["notes"])


def test_a_lost_answer_is_no_race(serve: Callable[..., str], folder: Path) -> None:
    """Where the answers to a trigger are lost, nothing is blamed and no more is sent: what it may still do is open."""
    sent: list[str] = []

    def around(application: Any) -> Any:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            if not environ["PATH_INFO"].endswith("_pause"):
                return application(environ, start_response)
            sent.append(environ["PATH_INFO"])
            start_response("202 Accepted", [("Content-Length", "100")])
            return iter([b"{"])

        return app

    verdict = judge(serve(around=around), folder, only=("race[RUNNING]",))
    assert verdict.verdict("race.linearizable") == "inconclusive", verdict.text
    assert len(sent) == 2


def test_races_keep_to_the_level(serve: Callable[..., str], folder: Path) -> None:
    """With --allow power nothing is made, deleted, imported or forgotten, and the host is left as it was found."""
    verdict = judge(serve(), folder, level=Level.POWER, only=RACES)
    rows = {row["id"]: row["verdict"] for row in verdict.record["results"]}
    assert {rows[f"{name}[{state}]"] for name in RACES for state in ("ABSENT", "UNDEFINED")} == {"not-run"}
    assert {rows[f"{name}[{state}]"] for name in RACES for state in ("RUNNING", "PAUSED", "STOPPED")} == {"passed"}
    sent = {json.loads(line)["request"]["method"] for line in (folder / "exchanges.ndjson").read_text().splitlines()}
    assert sent == {"GET", "PUT"}
    assert "forgetInstance" not in verdict.record["operations"]
    assert not verdict.record["summary"]["leftBehind"]


class Machines:
    """Counts the machines that a server has, forgotten ones too: a middle that lets one write in at a time."""

    def __init__(self) -> None:
        self.alive: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, call: Call, forward: Forward) -> Answer:
        """Pass the call on, and see what it did to the machines."""
        if call.method == "GET":
            return forward(call)
        with self._lock:
            before = self._machine(forward(call.at("", "GET")))
            answer = forward(call)
            if answer.status == 204:
                self.alive.discard(before)
            elif call.method == "POST" and call.action == "" and answer.status == 200:
                self.alive.add(self._machine(answer))
            return answer

    def _machine(self, answer: Answer) -> str:
        rows = answer.value["properties"] if answer.status == 200 else []
        return next((row["value"] for row in rows if row["key"] == "libvirt.uuid"), "none")


def test_no_machine_is_left_by_a_race_that_forgets(serve: Callable[..., str], folder: Path) -> None:
    """What was forgotten in a race is taken back by its name and deleted: no machine outlives the run."""
    machines = Machines()
    url = serve(around=changed(machines))
    verdict = judge(url, folder, hosts=(VACANT,), only=("race[RUNNING]", "burst[RUNNING]", "race[STOPPED]"))
    assert verdict.verdict("race.linearizable") == "passed", verdict.text
    assert verdict.record["operations"]["forgetInstance"]["202"] > 10
    assert machines.alive == set()
