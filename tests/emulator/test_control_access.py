"""Who may use the control API, and what its journal tells."""

from __future__ import annotations

import pytest

from emulator.control import Guard
from emulator.errors import Forbidden, Refusal, Unauthorized
from tests.emulator.conftest import DOCUMENTED, EXAMPLE, ROOT, VACANT, Running, Start
from tests.emulator.raw_http import request, send, unchanged

USERS = ROOT / "fixtures" / "users.yaml"
FAR = "203.0.113.7"
HERE = {"Host": "127.0.0.1:8795"}


def journal(emulator: Running, last: str) -> int:
    """The status of a look into the journal."""
    return send(emulator, request("GET", f"/_emulator/journal?last={last}")).status


def test_the_journal_tells_what_was_asked_and_answered(emulator: Running) -> None:
    """An entry has the request, the answer, the states around it and the message of a refusal, oldest first."""
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    emulator.request("PUT", f"{DOCUMENTED}/_pause")
    emulator.request("GET", VACANT)
    emulator.request("GET", "/nowhere")
    entries = emulator.request("GET", "/_emulator/journal").json()["entries"]
    shown = [(e["method"], e["operation"], e["status"], e["before"], e["after"]) for e in entries]
    assert shown == [
        ("PUT", "pauseInstance", 202, "RUNNING", "PAUSED"),
        ("PUT", "pauseInstance", 409, "PAUSED", "PAUSED"),
        ("GET", "getInstance", 404, "ABSENT", "ABSENT"),
        ("GET", None, 404, None, None),
    ]
    assert entries[0]["message"] is None
    assert "cannot pause" in entries[1]["message"]
    assert entries[0]["path"] == f"{DOCUMENTED}/_pause"


def test_the_journal_gives_the_newest(emulator: Running) -> None:
    """`last` is how many entries to give, 100 when it is not given."""
    for _ in range(103):
        emulator.request("GET", DOCUMENTED)
    assert len(emulator.request("GET", "/_emulator/journal").json()["entries"]) == 100
    (entry,) = emulator.request("GET", "/_emulator/journal?last=1&control=true").json()["entries"]
    assert entry["path"] == "/_emulator/journal"


@pytest.mark.parametrize("last", ["0", "10001", "-1", "x", "", "1.5", "%C2%B2", "9" * 5000, "1e3"])
def test_a_number_of_entries_that_cannot_be_gets_400(emulator: Running, last: str) -> None:
    """The number is from 1 to 10000."""
    assert journal(emulator, last) == 400


def test_the_largest_number_of_entries_is_taken(emulator: Running) -> None:
    """The limits themselves are within the limits."""
    assert [journal(emulator, "1"), journal(emulator, "10000")] == [200, 200]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8795", "", "[",
                                  "192.168.1.1", "127.0.0.1@evil.example", "[2001:db8::1]", None])  # fmt: skip
def test_a_foreign_host_gets_403(emulator: Running, host: str | None) -> None:
    """A name that was made to point here is no way in: pages of foreign names are kept out."""
    for method, path, body in (("GET", "journal", b""), ("POST", "reset", b"{}")):
        with unchanged(emulator):
            answer = send(emulator, request(method, f"/_emulator/{path}", body, {"Host": host}))
        assert answer.status == 403
        assert answer.messages()


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "https://localhost.evil.example", "file://", "http://["]
)
def test_a_foreign_origin_gets_403(emulator: Running, origin: str) -> None:
    """A web page of elsewhere neither reads nor writes."""
    for method, path, body in (("GET", "clock", b""), ("POST", "reset", b"{}")):
        with unchanged(emulator):
            answer = send(emulator, request(method, f"/_emulator/{path}", body, {"Origin": origin}))
        assert answer.status == 403
        assert answer.messages()


@pytest.mark.parametrize("headers", [{"Host": "localhost"}, {"Host": "LOCALHOST:1"}, {"Host": "[::1]:8795"},
                                     {"Host": "127.0.0.2"}, {"Origin": "http://localhost:3000"}])  # fmt: skip
def test_this_machine_is_let_in_by_any_of_its_names(emulator: Running, headers: dict[str, str]) -> None:
    """Programs and pages of this machine may use it."""
    assert send(emulator, request("POST", "/_emulator/reset", b"{}", headers)).status == 200


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_write_that_a_form_could_send_gets_415(emulator: Running, media_type: str) -> None:
    """Writes are JSON, which a page cannot send elsewhere without asking first."""
    for path in ("reset", "clock"):
        with unchanged(emulator):
            answer = send(emulator, request("POST", f"/_emulator/{path}", b"{}", {"Content-Type": media_type}))
        assert answer.status == 415
        assert answer.messages()


def test_it_does_not_ask_for_the_credentials_of_the_emulated_api(start: Start) -> None:
    """A server with users is steered without being one of them."""
    emulator = start(seeds=(EXAMPLE, USERS))
    assert send(emulator, request("GET", DOCUMENTED)).status == 401
    assert send(emulator, request("GET", "/_emulator/clock")).status == 200


@pytest.mark.parametrize("base_path", ["", "/api"])
def test_it_is_guarded_below_a_base_path_too(start: Start, base_path: str) -> None:
    """The control API lies below the base path, behind the same guard."""
    emulator = start(base_path=base_path, seeds=(EXAMPLE, USERS))
    assert send(emulator, request("GET", f"{base_path}/_emulator/clock")).status == 200
    for path in ("clock", "journal", "nothing"):
        data = request("GET", f"{base_path}/_emulator/{path}", headers={"Origin": "http://evil.example"})
        assert send(emulator, data).status == 403


def test_it_can_be_left_out(start: Start) -> None:
    """Without control its paths are as unknown as any other."""
    emulator = start(control=False, seeds=(EXAMPLE, USERS))
    assert send(emulator, request("GET", "/_emulator/health")).status == 401
    assert send(start(control=False), request("GET", "/_emulator/health")).status == 404


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_the_guard_lets_in_loopback_without_a_token(peer: str) -> None:
    """Every form of a loopback address is this machine."""
    guard = Guard("secret")
    guard.check(HERE, peer)
    with pytest.raises(Forbidden, match=r"closed to Host: evil\.example"):
        guard.check({"Host": "evil.example"}, peer)


@pytest.mark.parametrize(
    "peer", [FAR, "192.168.0.1", "::ffff:192.168.0.1", "fe80::1%eth0", "", None, "localhost.example"]
)
@pytest.mark.parametrize(
    "sent", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer secre", "Basic secret", "secret"]
)
def test_the_guard_wants_its_token_from_elsewhere(peer: str | None, sent: str | None) -> None:
    """Another address without the token is refused with a challenge, whatever Host it says."""
    headers = HERE if sent is None else {**HERE, "Authorization": sent}
    with pytest.raises(Unauthorized) as refusal:
        Guard("secret").check(headers, peer)
    assert refusal.value.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("sent", ["Bearer secret", "bearer secret", "BEARER  secret "])
def test_the_guard_lets_in_the_token_from_anywhere(sent: str) -> None:
    """With the token neither address, Host nor Origin matter."""
    headers = {"Host": "emulator.example", "Origin": "http://emulator.example", "Authorization": sent}
    Guard("secret").check(headers, FAR)
    with pytest.raises(Unauthorized):
        Guard("other").check(headers, FAR)


@pytest.mark.parametrize("sent", ["Bearer", "Bearer ", "Bearer None", "Bearer x"])
def test_a_guard_without_a_token_lets_nobody_in_from_elsewhere(sent: str) -> None:
    """No token is not an empty token."""
    with pytest.raises(Refusal):
        Guard(None).check({**HERE, "Authorization": sent}, FAR)
