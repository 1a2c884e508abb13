"""HTTP by the contract: slashes, HEAD, OPTIONS, 405, headers, names and the paths that are not offered."""

from __future__ import annotations

import pytest

from contract import Operation, load_contract
from tests.emulator.conftest import DOCUMENTED, VACANT, Running, Start
from tests.emulator.raw_http import Connection, request, send, unchanged

OPERATIONS = list(load_contract().operations.values())
INSTANCE = OPERATIONS[0].path
METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"}
UNKNOWN = "secret_only=False&force=False&skip=True&x&&=&a=1&a=2&%FF=%&max=x&show_processed=x"


def path_of(operation: Operation, instance: str) -> str:
    """The operation's path on the instance at that address."""
    return instance + operation.path.removeprefix(INSTANCE)


def methods_of(path: str) -> set[str]:
    """The methods that the contract, and HTTP, give a path."""
    offered = {operation.method for operation in OPERATIONS if operation.path == path}
    return offered | {"OPTIONS"} | ({"HEAD"} if "GET" in offered else set())


def body_of(operation: Operation) -> bytes:
    """The least body that the operation takes."""
    return b"[]" if operation.body and operation.body.required else b""


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
@pytest.mark.parametrize("instance", [VACANT, DOCUMENTED])
def test_every_path_has_two_slash_forms(emulator: Running, operation: Operation, instance: str) -> None:
    """With and without a slash at the end the same state gives the same answer, and no redirect."""
    answers = []
    for slash in ("", "/"):
        emulator.worlds.reset()
        answer = send(emulator, request(operation.method, path_of(operation, instance) + slash, body_of(operation)))
        assert not 300 <= answer.status < 400
        answers.append((answer.status, answer.body))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "path", [DOCUMENTED, VACANT, f"{DOCUMENTED}/vnc", f"{VACANT}/vnc", "/organizations", "/nothing"]
)
def test_head_answers_as_get_without_a_body(emulator: Running, path: str) -> None:
    """HEAD has the status and the headers of GET, and nothing after them."""
    whole = send(emulator, request("GET", path))
    with Connection(emulator.port) as connection:
        connection.send(request("HEAD", path, headers={"Connection": "close"}))
        head = connection.answer(has_body=False)
        assert connection.is_closed()
    assert head is not None
    assert head.status == whole.status
    assert {**head.headers, "date": "", "connection": ""} == {**whole.headers, "date": "", "connection": ""}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("template", sorted({operation.path for operation in OPERATIONS}))
def test_options_lists_the_methods_of_a_path(emulator: Running, template: str, slash: str) -> None:
    """OPTIONS answers 204 with Allow, and changes nothing."""
    with unchanged(emulator):
        answer = send(emulator, request("OPTIONS", DOCUMENTED + template.removeprefix(INSTANCE) + slash))
    assert (answer.status, answer.body) == (204, b"")
    assert set(answer.headers["allow"].split(", ")) == methods_of(template)


@pytest.mark.parametrize("instance", [DOCUMENTED, VACANT])
@pytest.mark.parametrize("template", sorted({operation.path for operation in OPERATIONS}))
def test_a_method_that_a_path_lacks_gets_405(emulator: Running, template: str, instance: str) -> None:
    """Every other method is refused with Allow, whether there is an instance or not."""
    for method in METHODS - methods_of(template):
        for slash in ("", "/"):
            with unchanged(emulator):
                data = request(method, instance + template.removeprefix(INSTANCE) + slash)
                answer = send(emulator, data, has_body=method != "HEAD")
            assert answer.status == 405, method
            assert set(answer.headers["allow"].split(", ")) == methods_of(template)
            assert method == "HEAD" or method in answer.messages()[0]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
@pytest.mark.parametrize("instance", [VACANT, DOCUMENTED])
def test_unknown_query_parameters_are_ignored(emulator: Running, operation: Operation, instance: str) -> None:
    """An operation answers with a query as without one."""
    answers = []
    for query in ("", f"?{UNKNOWN}"):
        emulator.worlds.reset()
        answer = send(emulator, request(operation.method, path_of(operation, instance) + query, body_of(operation)))
        answers.append((answer.status, answer.body))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        {"content-type": "application/json", "CONNECTION": "close"},
        {"Content-Length": "0"},
        {"Content-Type": "application/json", "Content-Length": "0", "Accept-Encoding": "identity"},
        {"Accept": "text/html"},
        {"Accept-Charset": "x", "TE": "trailers", "Range": "bytes=0-1", "If-None-Match": "*"},
        {"Host": None},
        {"Host": "elsewhere.example:1"},
    ],
)
@pytest.mark.parametrize("method, path, status", [("GET", "", 200), ("PUT", "/_off", 202), ("POST", "/lock", 200)])
def test_a_request_without_a_body_is_served_whatever_it_says(
    emulator: Running, method: str, path: str, status: int, headers: dict[str, str | None]
) -> None:
    """A media type, a length of nothing, and headers that mean nothing here are accepted."""
    assert send(emulator, request(method, DOCUMENTED + path, headers=headers)).status == status


@pytest.mark.parametrize("method, path", [("POST", ""), ("DELETE", ""), ("PUT", "/_off"), ("GET", "")])
def test_connection_close_is_obeyed(emulator: Running, method: str, path: str) -> None:
    """The answer comes, then the connection ends."""
    with Connection(emulator.port) as connection:
        connection.send(request(method, DOCUMENTED + path, headers={"connection": "close"}))
        answer = connection.answer()
        assert answer is not None
        assert answer.headers["connection"] == "close"
        assert connection.is_closed()


@pytest.mark.parametrize("version, closes", [(b"HTTP/1.0", True), (b"HTTP/1.1", False), (b"HTTP/1.9", True)])
def test_old_and_unknown_versions_are_served(emulator: Running, version: bytes, *, closes: bool) -> None:
    """HTTP/1.0 is served and ends the connection, with and without Host; so does a version of the future."""
    with Connection(emulator.port) as connection:
        connection.send(request("GET", DOCUMENTED, headers={"Host": None}).replace(b"HTTP/1.1", version))
        answer = connection.answer()
        assert answer is not None
        assert answer.status == 200
        if closes:
            assert connection.is_closed()


def test_an_absolute_target_is_served(emulator: Running) -> None:
    """What a proxy is asked for is served too, whatever host it names."""
    with unchanged(emulator):
        assert send(emulator, request("GET", f"http://elsewhere.example{DOCUMENTED}")).status == 200


@pytest.mark.parametrize("suffix", ["alerts", "files", "files/a", "status", "status/x", "_create_image", "nothing"])
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_what_is_not_offered_gets_404_with_a_message_that_helps(emulator: Running, method: str, suffix: str) -> None:
    """The message names what is missing, and what there is in its place."""
    with unchanged(emulator):
        answer = send(emulator, request(method, f"{DOCUMENTED}/{suffix}"))
    assert answer.status == 404
    assert f"has no {suffix.partition('/')[0]!r}" in answer.messages()[0]
    assert "_start" in answer.messages()[0]


def test_a_base_path_stands_before_every_path(start: Start) -> None:
    """With a base path the API is below it and nowhere else, and near misses are explained there."""
    emulator = start(base_path="/api/v1")
    assert emulator.request("GET", f"/api/v1{DOCUMENTED}").status_code == 200
    assert emulator.request("GET", f"/api/v1{DOCUMENTED}/").status_code == 200
    assert emulator.request("GET", DOCUMENTED).status_code == 404
    message = send(emulator, request("GET", f"/api/v1{DOCUMENTED}/files")).messages()[0]
    assert "has no 'files'" in message
