"""Who is let in: HTTP Basic in two encodings, application keys, open servers, and the order of refusals."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import pytest

from emulator.auth import Authenticator, Principal, User
from emulator.settings import Settings
from tests.emulator.conftest import DOCUMENTED, EXAMPLE, ROOT, VACANT, Running, Start, running
from tests.emulator.raw_http import Answer, request, send, unchanged

USERS = ROOT / "fixtures" / "users.yaml"
FOREIGN = DOCUMENTED.replace("Guardis%20Test", "Elsewhere")
NOBODY = f"{DOCUMENTED.replace('test-host-on-Hyp3', 'nobody')}"


def basic(user: str, password: str, encoding: str = "utf-8") -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode(encoding)).decode()}


ADMIN, ANN = basic("admin", "admin"), basic("ann", "s3cret: ü")
LET_IN = {
    "Basic": ADMIN,
    "Basic in lower case": {"authorization": ADMIN["Authorization"].replace("Basic", "basic")},
    "Basic in upper case": {"AUTHORIZATION": ADMIN["Authorization"].replace("Basic", "BASIC")},
    "Basic with more spaces": {"Authorization": ADMIN["Authorization"].replace(" ", "   ")},
    "a password in UTF-8, with a colon": ANN,
    "a password in ISO-8859-1": basic("ann", "s3cret: ü", "latin-1"),
    "an application key": {"X-ComodIT-AppKey": "admin-key"},
    "an application key in a header in lower case": {"x-comodit-appkey": "admin-key"},
    "an application key in a header in upper case": {"X-COMODIT-APPKEY": "admin-key"},
    "the application key of a program": {"X-ComodIT-AppKey": "robot-key"},
}
KEPT_OUT: dict[str, dict[str, str]] = {
    "nothing": {},
    "a wrong password": basic("admin", "Admin"),
    "an empty password": basic("admin", ""),
    "a password with a space": basic("admin", "admin "),
    "a password cut at its colon": basic("ann", "s3cret"),
    "a password in another encoding": basic("ann", "s3cret: ü", "utf-16"),
    "an unknown user": basic("root", "admin"),
    "an empty user": basic("", "admin"),
    "nobody and nothing": basic("", ""),
    "the user of a key with no password": basic("robot", ""),
    "the user of a key with None": basic("robot", "None"),
    "the key as a password": basic("robot", "robot-key"),
    "no colon": {"Authorization": "Basic " + b64encode(b"admin").decode()},
    "no base64": {"Authorization": "Basic !!!!"},
    "half of base64": {"Authorization": ADMIN["Authorization"][:-1]},
    "base64 with a gap": {"Authorization": "Basic YWRtaW46 YWRtaW4="},
    "base64 of another alphabet": {"Authorization": "Basic \xfc\xfc\xfc\xfc"},
    "no token": {"Authorization": "Basic"},
    "an empty header": {"Authorization": ""},
    "another scheme": {"Authorization": "Bearer admin-key"},
    "a digest": {"Authorization": 'Digest username="admin"'},
    "no scheme": {"Authorization": b64encode(b"admin:admin").decode()},
    "a wrong key": {"X-ComodIT-AppKey": "Admin-Key"},
    "an empty key": {"X-ComodIT-AppKey": ""},
    "two keys": {"X-ComodIT-AppKey": "admin-key, robot-key"},
    "a password for a key": {"X-ComodIT-AppKey": "admin"},
    "a wrong key beside a right password": {"X-ComodIT-AppKey": "x", **ADMIN},
    "an empty key beside a right password": {"X-ComodIT-AppKey": "", **ADMIN},
    "the credentials in a cookie": {"Cookie": "X-ComodIT-AppKey=admin-key"},
}


@pytest.fixture(scope="module")
def guarded() -> Iterator[Running]:
    """An emulator with the users of fixtures/users.yaml."""
    with running(Settings(seeds=(EXAMPLE, USERS), clock="frozen")) as emulator:
        yield emulator


def refused(emulator: Running, data: bytes) -> Answer:
    """Send what must be refused: in the error's shape, and nothing changes."""
    with unchanged(emulator):
        answer = send(emulator, data)
    assert answer.messages()
    return answer


@pytest.mark.parametrize("how", LET_IN)
def test_the_right_credentials_are_let_in(guarded: Running, how: str) -> None:
    """A known user reads the instance."""
    assert send(guarded, request("GET", DOCUMENTED, headers=LET_IN[how])).status == 200


@pytest.mark.parametrize("how", KEPT_OUT)
def test_missing_and_wrong_credentials_get_401_with_a_challenge(guarded: Running, how: str) -> None:
    """Nobody else reads or changes it; the challenge says how to get in, and the message tells no secret."""
    for method, path in (("GET", ""), ("DELETE", ""), ("PUT", "/_off"), ("OPTIONS", "")):
        answer = refused(guarded, request(method, DOCUMENTED + path, headers=KEPT_OUT[how]))
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith('Basic realm="')
        assert "s3cret" not in answer.messages()[0]


def test_a_wrong_user_and_a_wrong_password_read_the_same(guarded: Running) -> None:
    """A refusal does not tell whether there is a user of that name."""
    answers = [
        refused(guarded, request("GET", DOCUMENTED, headers=basic(*pair))) for pair in (("admin", "x"), ("x", "admin"))
    ]
    assert answers[0].body == answers[1].body


@pytest.mark.parametrize("organization", ["Acme", "Elsewhere", "guardis%20test", "%FF", ".."])
@pytest.mark.parametrize(
    "method, suffix", [("GET", ""), ("POST", ""), ("DELETE", "/"), ("PUT", "/_off"), ("GET", "/vnc")]
)
def test_another_organization_gets_403_whether_it_exists_or_not(
    guarded: Running, method: str, suffix: str, organization: str
) -> None:
    """A user of one organization is kept out of all others, in a message that names both."""
    path = DOCUMENTED.replace("Guardis%20Test", organization) + suffix
    answer = refused(guarded, request(method, path, headers=ANN))
    assert answer.status == 403
    assert "'ann'" in answer.messages()[0]


BEYOND = ["", "/", "/files", "/_off", "/nothing/at/all", "%2F", "/_off%2F", "/%FF", "/properties"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("suffix", BEYOND)
def test_401_comes_before_everything(guarded: Running, suffix: str, method: str) -> None:
    """Without credentials unknown paths, wrong methods and bad bodies are all 401."""
    for path in (DOCUMENTED, NOBODY, FOREIGN, "/nowhere"):
        answer = refused(guarded, request(method, path + suffix, b"{", {"Content-Type": "text/plain"}))
        assert answer.status == 401


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("suffix", BEYOND)
def test_403_comes_before_everything_else(guarded: Running, suffix: str, method: str) -> None:
    """In another organization unknown paths, wrong methods and bad bodies are all 403."""
    answer = refused(guarded, request(method, FOREIGN + suffix, b"{", {"Content-Type": "text/plain", **ANN}))
    assert answer.status == 403


@pytest.mark.parametrize("path", [NOBODY, DOCUMENTED.replace("Test%20Env", "Env"), FOREIGN])
@pytest.mark.parametrize("body", [b"{", b"[1]", b"[]", b" " * 2_000_000])
def test_404_comes_before_what_is_wrong_with_a_body(guarded: Running, path: str, body: bytes) -> None:
    """Where there is no such host, a body that is bad, too large or of another type is 404."""
    for media_type in ("application/json", "text/plain"):
        headers = {"Content-Type": media_type, **ADMIN}
        assert refused(guarded, request("POST", f"{path}/properties", body, headers)).status == 404


def test_a_body_is_judged_before_the_state_or_after(guarded: Running) -> None:
    """A bad body for a host that has an instance is refused for one or the other reason."""
    answer = refused(guarded, request("POST", f"{DOCUMENTED}/properties", b"{", ADMIN))
    assert answer.status in {400, 409}


@pytest.mark.parametrize("headers", [{}, *KEPT_OUT.values()], ids=str)
def test_an_open_server_takes_and_ignores_credentials(emulator: Running, headers: dict[str, str]) -> None:
    """Whatever a client shows to an open server, it is let in."""
    assert send(emulator, request("GET", DOCUMENTED, headers=headers)).status == 200


def test_users_of_the_settings_stand_in_for_those_of_the_seeds(start: Start) -> None:
    """A server that is told its users knows only those; one that is told none is open."""
    bob = User(Principal("bob"), "pass:word", ("bob key",))
    emulator = start(seeds=(EXAMPLE, USERS), users=(bob,))
    assert send(emulator, request("GET", DOCUMENTED, headers=basic("bob", "pass:word"))).status == 200
    assert send(emulator, request("GET", DOCUMENTED, headers={"X-ComodIT-AppKey": "bob key"})).status == 200
    assert send(emulator, request("GET", DOCUMENTED, headers=ADMIN)).status == 401
    assert send(start(seeds=(EXAMPLE, USERS), users=()), request("GET", VACANT)).status == 404


def test_an_empty_password_can_be_a_password() -> None:
    """A user whose password is empty is let in with an empty one only."""
    authenticator = Authenticator([User(Principal("guest"), "")])
    assert authenticator.principal(basic("guest", "")).username == "guest"
    assert not authenticator.is_open


def test_an_application_key_may_have_letters_beyond_ascii(start: Start) -> None:
    """A key in a header arrives byte by byte; it is known in ISO-8859-1 and in UTF-8."""
    emulator = start(users=(User(Principal("zoë"), app_keys=("clé",)),))
    for key in ("clé", "clé".encode().decode("latin-1")):
        assert send(emulator, request("GET", DOCUMENTED, headers={"X-ComodIT-AppKey": key})).status == 200
