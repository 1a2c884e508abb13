"""The verdict on a client: badly mannered ones are judged guilty of just what they did, good ones are acquitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from emulator.errors import NO_ANSWER
from emulator.journal import pack
from emulator.judging import RULES, Verdict, judge
from emulator.judging.worlds import Court, judge_world, terms_of
from tests.emulator.conftest import DOCUMENTED, VACANT, Running, Start
from tests.emulator.entries import entry
from tests.emulator.public_client import PublicClient
from tests.emulator.test_client_manner import CREDENTIALS, USERS, lead_a_life, made

Client = Callable[[Running], None]


def broken(verdict: Verdict) -> list[str]:
    """The ids of the rules that were broken, one for each finding."""
    return [finding.rule.id for finding in verdict.findings]


def pass_time(emulator: Running, seconds: float) -> None:
    """Wait, as a client whose sleep moves the clock."""
    emulator.world.clock.advance(seconds)


def settle(emulator: Running, path: str = DOCUMENTED) -> None:
    """Poll with pauses until the instance is no longer PENDING."""
    while emulator.state(path) == "PENDING":
        pass_time(emulator, 3)


def starts_what_runs(emulator: Running) -> None:
    """It has looked, and starts a machine that runs."""
    assert emulator.state(DOCUMENTED) == "RUNNING"
    assert emulator.request("PUT", f"{DOCUMENTED}/_start").status_code == 409


def starts_what_is_not_there(emulator: Running) -> None:
    """It fires at a host without an instance."""
    assert emulator.request("PUT", f"{VACANT}/_start").status_code == 404


def does_not_wait(emulator: Running) -> None:
    """It resumes before the pause has settled."""
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    assert emulator.state(DOCUMENTED) == "PENDING"
    assert emulator.request("PUT", f"{DOCUMENTED}/_resume").status_code == 409
    settle(emulator)


def polls_without_pause(emulator: Running) -> None:
    """It reads as fast as it can."""
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    for _ in range(8):
        emulator.state(DOCUMENTED)
    pass_time(emulator, 3)
    assert emulator.state(DOCUMENTED) == "PAUSED"


def polls_without_end(emulator: Running) -> None:
    """It waits for STOPPED on a machine whose guest does not listen: it reads RUNNING hour after hour."""
    emulator.request("PUT", f"{DOCUMENTED}/_shutdown")
    emulator.state(DOCUMENTED)
    with emulator.world.store.unit() as unit:
        instance = unit.host("Guardis Test", "Test Environment", "test-host-on-Hyp3").instance
        assert instance is not None
        instance.pending, instance.state = None, "RUNNING"
    for _ in range(400):
        assert emulator.state(DOCUMENTED) == "RUNNING"
        pass_time(emulator, 3)


def never_looks(emulator: Running) -> None:
    """It fires and leaves."""
    assert emulator.request("PUT", f"{DOCUMENTED}/_pause").status_code == 202


def looks_too_late(emulator: Running) -> None:
    """It fires the next trigger without a look at what became of the first."""
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    pass_time(emulator, 60)
    assert emulator.request("PUT", f"{DOCUMENTED}/_resume").status_code == 202
    settle(emulator)


def takes_an_error_for_done(emulator: Running) -> None:
    """Its provision is refused, and it goes on with the machine that is not there."""
    assert emulator.request("POST", VACANT, data=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    assert emulator.request("PUT", f"{VACANT}/_pause").status_code == 404


def sends_what_nobody_knows(emulator: Running) -> None:
    """It asks for a size, of which the documentation says nothing."""
    assert emulator.request("POST", VACANT, json={"state": "STOPPED", "flavour": "large"}).status_code == 200
    settle(emulator, VACANT)


def sends_a_body_with_an_action(emulator: Running) -> None:
    """It says how to pause, which nobody reads."""
    assert emulator.request("PUT", f"{DOCUMENTED}/_pause", json={"force": True}).status_code == 202
    settle(emulator)


LOSES_ONE = {"rules": [{"kind": "lost-answer", "operations": ["pauseInstance"], "count": 1}]}


def repeats_itself_blindly(emulator: Running) -> None:
    """Its answer is lost on the way, and it sends the same once more."""
    emulator.request("PUT", "/_emulator/trouble", json=LOSES_ONE).raise_for_status()
    with pytest.raises(requests.ConnectionError):
        emulator.request("PUT", f"{DOCUMENTED}/_pause")
    assert emulator.request("PUT", f"{DOCUMENTED}/_pause").status_code == 409
    settle(emulator)


def shows_its_password_to_everyone(emulator: Running) -> None:
    """It sends credentials, though nobody asked."""
    for _ in range(3):
        assert emulator.request("GET", DOCUMENTED, auth=("ann", "secret")).status_code == 200


def uses_an_old_token(emulator: Running) -> None:
    """It asks for a console, stops the machine, and then shows the token."""
    token = emulator.request("GET", f"{DOCUMENTED}/vnc").json()["token"]
    emulator.request("PUT", f"{DOCUMENTED}/_off")
    settle(emulator)
    emulator.request("GET", DOCUMENTED, params={"token": token})


BAD: Mapping[Client, str] = {
    starts_what_runs: "trigger.legal",
    starts_what_is_not_there: "trigger.legal",
    does_not_wait: "trigger.not-while-pending",
    polls_without_pause: "poll.pause",
    polls_without_end: "poll.end",
    never_looks: "action.looked-at",
    looks_too_late: "action.looked-at",
    takes_an_error_for_done: "error.heeded",
    sends_what_nobody_knows: "body.documented",
    sends_a_body_with_an_action: "body.documented",
    repeats_itself_blindly: "write.not-repeated-blindly",
    shows_its_password_to_everyone: "credentials.asked-for",
    uses_an_old_token: "console.token-fresh",
}


@pytest.mark.parametrize("client", BAD, ids=lambda client: str(client.__name__))
def test_a_badly_mannered_client_is_guilty_of_just_that(start: Start, client: Client) -> None:
    """One finding, of the rule that it broke, with the request that shows it."""
    emulator = start(timing="realistic")
    client(emulator)
    verdict = judge_world(emulator.world)
    assert broken(verdict) == [BAD[client]]
    assert verdict.is_guilty
    (finding,) = verdict.findings
    assert finding.client == "python-requests" + finding.client.removeprefix("python-requests")
    assert 0 < finding.numbers[-1] <= emulator.world.journal.number
    assert finding.rule in RULES
    assert emulator.request("GET", "/_emulator/verdict").json()["findings"][0]["rule"] == BAD[client]


def write(**members: Any) -> Any:
    """A pause, as it stands in a journal."""
    least = {"method": "PUT", "path": "/x/_pause", "status": 202, "before": "RUNNING", "after": "PENDING"}
    return entry("pauseInstance", **{**least, **members})


LOOK = {"before": "PAUSED", "after": "PAUSED"}


def test_a_write_that_comes_again_after_a_lost_answer(emulator: Running) -> None:
    """Blindly: guilty, and of that alone, though it is refused then; after a look: acquitted."""
    terms = terms_of(emulator.world)
    lost = write(packed=pack({NO_ANSWER: True}, []))
    again = write(status=409, before="PENDING")
    assert broken(judge([lost, again, entry(**LOOK)], terms)) == ["write.not-repeated-blindly"]
    seen = entry(before="RUNNING", after="RUNNING")
    assert broken(judge([lost, seen, write(), entry(**LOOK)], terms)) == []


def test_who_comes_again_before_the_time(emulator: Running) -> None:
    """Retry-After is a time to wait, in seconds."""
    terms = terms_of(emulator.world)
    busy = b'[{},[["Retry-After","5"]]]'
    first = entry(status=503, packed=busy)
    assert broken(judge([first, entry(at=1.0)], terms)) == ["error.retry-after"]
    assert broken(judge([first, entry(at=5.0)], terms)) == []
    assert broken(judge([first, entry(path="/other")], terms)) == []


def test_what_another_client_has_done_is_no_fault(start: Start) -> None:
    """A trigger that was legal when its client last looked is not charged; nor is one after trouble."""
    emulator = start()
    assert emulator.state(DOCUMENTED) == "RUNNING"
    other = {"User-Agent": "another/1"}
    emulator.request("PUT", f"{DOCUMENTED}/_off", headers=other)
    emulator.request("GET", DOCUMENTED, headers=other)
    assert emulator.request("PUT", f"{DOCUMENTED}/_pause").status_code == 409
    verdict = judge_world(emulator.world)
    assert broken(verdict) == []
    assert verdict.clients[1] == "another/1 (anonymous)"
    emulator.request("PUT", f"{DOCUMENTED}/_pause", headers=other)
    assert [finding.client for finding in judge_world(emulator.world).findings] == ["another/1 (anonymous)"]


def test_a_client_that_knows_its_manners_is_acquitted(start: Start) -> None:
    """It looks first, waits with pauses, reads refusals, deletes what may be gone, and sends what is documented."""
    emulator = start(timing="realistic")
    for method, path, body in (
        ("PUT", f"{DOCUMENTED}/_pause", None),
        ("PUT", f"{DOCUMENTED}/_resume", None),
        ("POST", VACANT, {}),
        ("PUT", f"{VACANT[:-9]}/instance/_off", None),
    ):
        assert emulator.request(method, path, json=body).status_code < 300
        settle(emulator, DOCUMENTED if path.startswith(DOCUMENTED) else VACANT)
    token = emulator.request("GET", f"{DOCUMENTED}/vnc").json()["token"]
    emulator.request("GET", DOCUMENTED, params={"token": token})
    exported = emulator.request("GET", DOCUMENTED).json()
    for _ in range(2):
        emulator.request("DELETE", VACANT)
    emulator.request("POST", VACANT, json=exported)
    emulator.request("PUT", f"{VACANT}/_off")
    emulator.request("DELETE", VACANT)
    assert emulator.request("POST", f"{VACANT}/properties", json=exported["properties"]).status_code in (200, 409)
    settle(emulator, VACANT)
    emulator.request("PUT", f"{DOCUMENTED}/_off")
    settle(emulator)
    assert broken(judge_world(emulator.world)) == []


def test_the_manner_of_the_public_client_is_good(start: Start) -> None:
    """Its whole life of a host, sleeping three seconds between two looks, breaks no rule."""
    emulator = start(seeds=(), users=USERS, timing="realistic")
    client = PublicClient(emulator.port, CREDENTIALS["application key"], lambda: pass_time(emulator, 3))
    lead_a_life(made(client))
    verdict = judge_world(emulator.world)
    assert verdict.findings == ()
    assert verdict.clients == ("no User-Agent (zoë)",)
    assert verdict.requests > 50


def test_all_worlds_are_judged_together_and_the_control_api_is_not(start: Start) -> None:
    """Each world by itself, with its name in what is found."""
    emulator = start()
    court = Court(emulator.worlds)
    other = emulator.worlds.make("other")
    never_looks(emulator)
    emulator.request("PUT", f"/w/other{DOCUMENTED}/_pause")
    emulator.request("GET", "/_emulator/journal", headers={"Authorization": "Bearer x"})
    verdict = court.verdict()
    assert [finding.world for finding in verdict.findings] == ["default", "other"]
    assert (verdict.requests, len(verdict.clients)) == (2, 1)
    assert other.journal.number == 1


def test_a_world_that_leaves_is_judged_before(start: Start) -> None:
    """What was done before a reset, and in a world that was dropped, is in the verdict at the end, once."""
    emulator = start()
    court = Court(emulator.worlds)
    emulator.worlds.make("other")
    emulator.request("PUT", f"/w/other{DOCUMENTED}/_pause")
    emulator.worlds.drop("other")
    never_looks(emulator)
    emulator.worlds.reset()
    never_looks(emulator)
    verdict = court.verdict()
    assert [finding.world for finding in verdict.findings] == ["other", "default", "default"]
    assert verdict.requests == 3


def test_a_verdict_says_what_it_has_not_seen(start: Start) -> None:
    """Requests that the journal has let go are counted, not judged."""
    emulator = start(journal_bytes=1)
    for _ in range(3):
        emulator.state(DOCUMENTED)
    emulator.worlds.reset()
    assert judge_world(emulator.world).unseen == 0
    for _ in range(3):
        emulator.state(DOCUMENTED)
    verdict = judge_world(emulator.world)
    assert (verdict.requests, verdict.unseen) == (1, 2)
