"""Requests byte by byte: what goes out, what may not, what comes back, and what is kept of it."""

from __future__ import annotations

import json
import shlex
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import load_contract
from contract_tests.running.target import Credentials, Level, Target, parse_host
from contract_tests.sending.client import Client
from contract_tests.sending.exchanges import ExchangeLog
from contract_tests.sending.lines import Lines
from contract_tests.sending.raw import Connection, End, Message
from contract_tests.sending.replies import LostReplyError, NotAllowedError
from tests.patience import PATIENCE
from tests.suite.judging import HOST

CONTRACT = load_contract()
NAMED = parse_host(HOST, CONTRACT)
SECRETS = Credentials("ann", "s3cret", "a-key")
BYTES = st.binary(max_size=40).filter(lambda data: b"\r" not in data and b"\n" not in data)


@contextmanager
def _speaking(*answers: bytes) -> Iterator[str]:
    """A server that says these bytes to its first visitor, each after having heard something, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            visitor, _ = listener.accept()
            with visitor:
                for answer in answers:
                    visitor.recv(65536)
                    visitor.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join(timeout=PATIENCE)


def _heard(method: str, *answers: bytes) -> tuple[End, int, bytes]:
    with _speaking(*answers) as url, Connection(url, 5, 5, "") as connection:
        connection.send(b"GET / HTTP/1.1\r\n\r\n")
        answer = connection.hear(method)
        return answer.end, answer.status, answer.body


def test_an_answer_is_told_from_other_bytes_and_from_none() -> None:
    """What comes back is an answer, no HTTP, or nothing before the server hangs up."""
    assert _heard("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") == (End.ANSWERED, 200, b"{}")
    assert _heard("GET", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\n\r\n") == (End.ANSWERED, 404, b"")
    assert _heard("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")[2] == b"a"
    assert _heard("GET", b"<html>no</html>\n")[0] is End.NO_HTTP
    assert _heard("GET", b"")[0] is End.CLOSED
    assert _heard("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}")[0] is End.CLOSED


def test_a_silent_server_is_not_waited_for() -> None:
    """After its patience a connection says that nothing came."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Connection(url, 5, 0.01, "") as connection:
            assert connection.hear("GET").end is End.SILENT


def test_answers_on_one_connection_are_told_apart() -> None:
    """Each answer ends where it says; what follows an answer that has no body is found."""
    first = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"
    bare = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"
    with _speaking(first + bare) as url, Connection(url, 5, 5, "") as connection:
        connection.send(b"x")
        assert connection.hear("GET").body == b"one"
        assert connection.hear("HEAD").body == b""
        assert connection.rest(5) == b"two"


@given(BYTES, st.lists(BYTES, max_size=3), st.binary(max_size=40), st.booleans())
def test_a_command_sends_the_same_bytes(line: bytes, fields: list[bytes], body: bytes, is_guarded: bool) -> None:  # noqa: FBT001
    """What the shell prints for a message is the message, credentials from the environment included."""
    own = [b"Authorization: Basic YW5uOnMzY3JldA==", b"X-ComodIT-AppKey: a-key"] if is_guarded else []
    message = Message(line, (*own, *(b"X: %s" % field for field in fields)), body)
    command = message.command("http://127.0.0.1:1")
    assert command is not None
    assert "s3cret" not in command
    assert "YW5u" not in command
    printing, _, sending = command.rpartition(" | ")
    assert shlex.split(sending) == ["nc", "-w", "5", "127.0.0.1", "1"]
    variables = {
        "CONTRACT_USER": "ann",
        "CONTRACT_PASSWORD": "s3cret",
        "CONTRACT_APP_KEY": "a-key",
        "PATH": "/usr/bin:/bin",
    }
    printed = subprocess.run(["bash", "-c", printing], env=variables, capture_output=True, check=True)
    assert printed.stdout == message.data


def test_a_command_speaks_tls_where_the_server_does() -> None:
    """For https the message goes through openssl."""
    command = Message(b"x").command("https://example.org")
    assert command == r"printf 'x\015\012\015\012' | openssl s_client -quiet -connect example.org:443"
    assert Message(b"x", body=b"a" * 5000).command("http://127.0.0.1:1") is None


LinesFor = Callable[..., Lines]


@pytest.fixture
def lines_for(tmp_path: Path) -> Iterator[LinesFor]:
    """Makes lines to a URL, with credentials and one named host; exchanges.ndjson is in the test's folder."""
    with ExitStack() as stack:

        def make(url: str, level: Level = Level.FULL) -> Lines:
            log = ExchangeLog(tmp_path / "exchanges.ndjson")
            stack.callback(log.close)
            return Lines(Client(Target(url=url, hosts=(NAMED,), credentials=SECRETS, level=level), CONTRACT, log))

        yield make


@pytest.mark.parametrize("base", ["", "/the/api"])
def test_what_may_be_sent_depends_on_where_it_goes(lines_for: LinesFor, base: str) -> None:
    """Reads and what has no path go anywhere; a write to the named host, or to a name that cannot exist."""
    lines = lines_for(f"http://127.0.0.1:1{base}")
    here, nowhere = NAMED.path("/organizations/{a}/environments/{b}/hosts/{c}/instance"), "/hosts/x-0123456789abcdef"
    for message in (
        Message(b"rubbish"),
        Message(b"\x16\x03\x01 x y"),
        lines.message("GET", "/anything"),
        lines.message("PUT", f"{here}/_start"),
        lines.message("FOO", nowhere),
        Message(b"DELETE http://127.0.0.1:1%s%s HTTP/1.1" % (base.encode(), here.encode())),
    ):
        lines.permit(message)
    for method in ("PUT", "FOO", "delete"):
        with pytest.raises(NotAllowedError, match="not named with --host"):
            lines.permit(lines.message(method, "/organizations/others"))
    with pytest.raises(NotAllowedError, match="needs the level full"):
        lines_for(f"http://127.0.0.1:1{base}", Level.POWER).permit(lines.message("PUT", here))


def test_a_message_carries_label_and_credentials_and_the_log_does_not(
    serve: Callable[..., str], lines_for: LinesFor, tmp_path: Path
) -> None:
    """What is sent says who sends it; what is kept has neither password nor key."""
    lines = lines_for(serve())
    message = lines.message("GET", "/organizations/x")
    assert message.headers["User-Agent"].startswith("contract-tests/")
    assert message.headers["X-ComodIT-AppKey"] == "a-key"
    heard = lines.once(message)
    assert heard.status == 404
    (row,) = [json.loads(line) for line in (tmp_path / "exchanges.ndjson").read_text().splitlines()]
    assert row["number"] == heard.number == 1
    assert row["request"]["headers"]["Authorization"] == "[redacted]"
    assert row["response"]["status"] == 404
    assert "a-key" not in json.dumps(row)
    assert "s3cret" not in json.dumps(row)


def test_a_server_that_is_not_there_loses_the_reply(lines_for: LinesFor) -> None:
    """Without a connection nothing is said about the server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(LostReplyError):
        lines_for(f"http://127.0.0.1:{port}").once(Message(b"x"))


def test_a_proxy_is_not_put_to_the_test(lines_for: LinesFor, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no HTTP is not sent through a proxy, which would answer it itself."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:2")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(LostReplyError, match="NO_PROXY"):
        lines_for("http://server.example").once(Message(b"x"))


def test_what_may_make_a_machine_is_in_the_books(serve: Callable[..., str], lines_for: LinesFor) -> None:
    """A provision and a delete, sent as bytes, are among what was made and removed; a refused one is not."""
    lines = lines_for(serve())
    path = NAMED.path("/organizations/{a}/environments/{b}/hosts/{c}/instance")
    for method in ("POST", "DELETE", "DELETE", "POST"):
        lines.once(lines.message(method, path, b"Connection: close"))
    assert [words.partition(",")[0] for words in lines.client.accounts.removed] == [f"{NAMED} by deleteInstance"]
    assert [words.partition(",")[0] for words in lines.client.accounts.created] == [f"{NAMED} by provisionInstance"]
    assert lines.client.written == {NAMED}
