"""Paths that name nothing, one by one: refused in the error's shape, and nothing reached."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.settings import Settings
from tests.emulator.conftest import DOCUMENTED, ENVIRONMENT, EXAMPLE, VACANT, Running, running
from tests.emulator.raw_http import request, send, unchanged

NAMES = {
    "an encoded slash": b"%2F",
    "a slash in a name": b"test-host%2Fon-Hyp3",
    "an encoded slash in lower case": b"a%2fb",
    "a zero": b"%00",
    "a zero after a name": b"test-host-on-Hyp3%00",
    "a line break": b"%0D%0Aa",
    "a dot": b".",
    "two dots": b"..",
    "an encoded dot": b"%2e",
    "two encoded dots": b"%2e%2e",
    "two half-encoded dots": b".%2E",
    "nothing": b"",
    "255 characters": b"x" * 255,
    "300 characters": b"x" * 300,
    "300 characters of two bytes": b"%C3%A9" * 300,
    "an encoded byte that is not UTF-8": b"%FF",
    "half a character": b"%C3%28",
    "a surrogate": b"%ED%A0%80",
    "an overlong slash": b"%C0%AF",
    "a lone percent sign": b"%",
    "digits that are none": b"%zz",
    "an old escape": b"%u0041",
    "a double encoding": b"test%252Dhost-on-Hyp3",
    "a plus for a space": b"Test+Environment",
    "a parameter": b"test-host-on-Hyp3;v=1",
    "a star": b"*",
    "a template": b"{host_name}",
    "a delete character": b"\x7f",
    "a backslash": b"a\\b",
}
PLACES = {
    "organization": b"/organizations/%s/environments/Test%%20Environment/hosts/test-host-on-Hyp3/instance",
    "environment": b"/organizations/Guardis%%20Test/environments/%s/hosts/test-host-on-Hyp3/instance",
    "host": b"/organizations/Guardis%%20Test/environments/Test%%20Environment/hosts/%s/instance",
}
REQUESTS = [
    ("GET", b""),
    ("DELETE", b""),
    ("POST", b""),
    ("PUT", b"/_off"),
    ("POST", b"/properties"),
    ("POST", b"/lock"),
]


@pytest.fixture(scope="module")
def target() -> Iterator[Running]:
    """One emulator for all refusals: none of them may leave a trace."""
    with running(Settings(seeds=(EXAMPLE,), clock="frozen")) as emulator:
        yield emulator


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_nobodys_gets_404(target: Running, name: str, place: str) -> None:
    """Whatever stands in a name's place, every operation refuses it in the error's shape and changes nothing."""
    path = PLACES[place] % NAMES[name]
    for method, suffix in REQUESTS:
        with unchanged(target):
            answer = send(target, request(method, path + suffix, b"[]" if suffix == b"/properties" else b""))
        assert answer.status == 404, (method, suffix)
        assert answer.messages()


@pytest.mark.parametrize(
    "path",
    [
        f"{ENVIRONMENT}/hosts/web-1/../test-host-on-Hyp3/instance",
        f"{ENVIRONMENT}/hosts/./test-host-on-Hyp3/instance",
        f"{ENVIRONMENT}/hosts/web-1/%2e%2e/test-host-on-Hyp3/instance",
        f"{ENVIRONMENT}/hosts//test-host-on-Hyp3/instance",
        f"{ENVIRONMENT}/hosts/test-host-on-Hyp3%2Finstance",
        f"{ENVIRONMENT}%2Fhosts/test-host-on-Hyp3/instance",
        f"{DOCUMENTED}//",
        f"{DOCUMENTED}/.",
        f"{DOCUMENTED};",
        f"{DOCUMENTED}%00",
        f"{DOCUMENTED}%20",
        f"{DOCUMENTED}/vnc%2F",
        DOCUMENTED.replace("instance", "Instance"),
        DOCUMENTED.replace("/organizations", "/Organizations"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_detour_does_not_reach_an_instance(target: Running, method: str, path: str) -> None:
    """Segments are taken as they stand: no path is folded, and no slash is made of an escape."""
    with unchanged(target):
        answer = send(target, request(method, path))
    assert answer.status == 404
    assert answer.messages()


@pytest.mark.parametrize(
    "suffix", ["%2F_off", "%2f_off", "/%2F_off", "/_off%2F", "/_off%00", "/_off.", "/_OFF", "/off"]
)
def test_a_detour_does_not_reach_an_action(target: Running, suffix: str) -> None:
    """An action has one address, in two slash forms."""
    with unchanged(target):
        answer = send(target, request("PUT", DOCUMENTED + suffix))
    assert answer.status == 404
    assert answer.messages()


@pytest.mark.parametrize("suffix", ["%2Fproperties", "/properties%2F"])
def test_a_detour_does_not_reach_an_import(target: Running, suffix: str) -> None:
    """An encoded slash is refused also where a body would be taken."""
    with unchanged(target):
        assert send(target, request("POST", VACANT + suffix, b"[]")).status == 404


@pytest.mark.parametrize(
    "path", ["/", "/favicon.ico", "/organizations/", "*", "//", "/%2F", "/w", "/_emulator", "/\x01"]
)
def test_a_path_beside_the_api_is_no_server_error(target: Running, path: str) -> None:
    """Outside of the API there is 404, or the inventory's 200, for every method."""
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = send(target, request(method, path), has_body=method != "HEAD")
        assert answer.status in {200, 204, 400, 404, 405, 415}, (method, path)


@pytest.mark.parametrize("name", [b"\xff", "é".encode(), "é".encode("latin-1")])
def test_a_raw_byte_that_is_not_ascii_gets_400(target: Running, name: bytes) -> None:
    """A path is ASCII: all else is percent-encoded, or it is no HTTP."""
    with unchanged(target):
        answer = send(target, request("DELETE", PLACES["host"] % name))
    assert answer.status == 400
    assert answer.messages()


def test_slashes_before_a_path_are_folded(target: Running) -> None:
    """A client that joins its base URL and a path with a slash too many is served."""
    assert send(target, request("GET", f"//{DOCUMENTED}")).status == 200


def test_a_query_of_5_kb_is_ignored(target: Running) -> None:
    """Unknown parameters are ignored, however long they are."""
    assert send(target, request("GET", f"{DOCUMENTED}?q={'x' * 5000}&%FF=%00&&=&%")).status == 200


def test_a_path_of_30_kb_is_refused(target: Running) -> None:
    """A name may be long, but it is still nobody's."""
    assert send(target, request("GET", f"{ENVIRONMENT}/hosts/{'x' * 30_000}/instance")).status == 404
