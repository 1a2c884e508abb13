"""The command line: what it is told, in which words it refuses, and how its run ends."""

from __future__ import annotations

import http.server
import json
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contract import load_contract
from contract_tests.running import proof
from contract_tests.running.plan import plan_for
from contract_tests.running.proof import proofs
from emulator.auth import Principal, User
from tests.faulty_servers.choosing import DEAR
from tests.suite.judging import HOST, VACANT, command_line

URL = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("run",), "URL"),
        (("run", URL), "--host"),
        (("run", URL, "--host", "A/B"), "ORG/ENV/HOST"),
        (("run", URL, "--host", "A//C"), "''"),
        (("run", URL, "--host", "A/B/.."), "'..'"),
        (("run", "127.0.0.1:9", "--host", VACANT), "http://"),
        (("run", "ftp://x", "--host", VACANT), "http://"),
        (("run", URL + "?a=b", "--host", VACANT), "nothing after them"),
        (("run", URL, "--host", VACANT, "--no-such-option"), "--no-such-option"),
        (("run", URL, "--host", VACANT, "--allow", "everything"), "everything"),
        (("run", URL, "--host", VACANT, "--max-examples", "0"), "0"),
        (("run", URL, "--host", VACANT, "--without", "wings"), "wings"),
        (("run", URL, "--host", VACANT, "--feature", "wings"), "wings"),
        (("run", URL, "--host", VACANT, "--foreign", "a/b"), "'a/b' is no name"),
        (("run", URL, "--host", VACANT, "--foreign", "Guardis Test"), "a --host is of this organization"),
        (("run", URL, "--host", VACANT, "--workers", "2"), "give more --host"),
        (("run", URL, "--host", VACANT, "--profile", "half"), "half"),
        (("run", URL, "--host", VACANT, "--only", "lifecycle.pause-refussed"), "did you mean lifecycle.pause-refused"),
        (("run", URL, "--host", VACANT, "--skip", "pauseInstanze"), "did you mean pauseInstance"),
        (("run", URL, "--host", VACANT, "--only", "quiet", "--skip", "quiet"), "no test is left"),
        (("run", URL, "--host", VACANT, "--feature", "lock", "--skip", "lock"), "what is claimed is judged"),
        (("run", URL, "--host", VACANT, "--baseline", "no-such-file.toml"), "no-such-file.toml"),
        (("run", URL, "--host", VACANT, "--feature", "lock", "--without", "lock"), "say one of them"),
        (("run", URL, "--host", VACANT, "--contract", "no-such-file.yaml"), "no-such-file.yaml"),
        (("show", "lifecycle.no-such-rule"), "lifecycle.pause-leads"),
        (("jump",), "jump"),
    ],
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], named: str) -> None:
    """A mistake in the command line ends with 2 and one line that names it, without a traceback."""
    ended = command_line(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert named in ended.stderr


def test_a_password_without_a_user_is_a_mistake() -> None:
    """A password from the environment is of no use without a user: exit code 2."""
    ended = command_line("run", URL, "--host", VACANT, CONTRACT_PASSWORD="hunter2")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "--user" in ended.stderr
    assert "hunter2" not in ended.stderr


def test_a_broken_contract_is_refused_with_its_line(tmp_path: Path) -> None:
    """A contract that cannot be read ends with 2, and is named with the line."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("openapi: 3.1.0\ninfo: {title: x\n")
    ended = command_line("run", URL, "--host", VACANT, "--contract", str(broken))
    assert ended.returncode == 2
    assert f"{broken}:" in ended.stderr


def test_a_report_folder_that_cannot_be_is_a_mistake(tmp_path: Path) -> None:
    """A report folder below a file ends with 2."""
    (tmp_path / "file").touch()
    ended = command_line("run", URL, "--host", VACANT, folder=tmp_path / "file" / "report")
    assert ended.returncode == 2
    assert "--report-dir" in ended.stderr


def test_a_conforming_server_ends_with_0(serve: Callable[..., str], folder: Path) -> None:
    """The emulator holds every MUST: exit code 0, and the report is where the last line says."""
    skipped = [word for name in DEAR for word in ("--skip", name)]
    ended = command_line("run", serve(), "--host", HOST, "--max-examples", "1", *skipped, folder=folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "verdict: every MUST that was judged holds (exit code 0)" in ended.stdout
    assert str(folder / "record.json") in ended.stdout.splitlines()[-1]
    assert (folder / "record.json").exists()


def test_options_come_from_the_environment(serve: Callable[..., str], folder: Path) -> None:
    """Every option can be a variable; hosts stand one a line, because names contain spaces."""
    ended = command_line(
        "run",
        CONTRACT_URL=serve(),
        CONTRACT_HOST=f"{HOST}\n{VACANT}",
        CONTRACT_ALLOW="observe",
        CONTRACT_RANDOM_SEED="11",
        CONTRACT_REPORT_DIR=str(folder),
    )
    assert f"host {HOST}, {VACANT}, level observe\n" in ended.stdout
    assert "--random-seed 11\n" in ended.stdout


def test_nobody_there_is_no_verdict(folder: Path) -> None:
    """A port where nobody listens ends with 3 and one sentence."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        ended = command_line("run", url, "--host", VACANT, folder=folder)
    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1)
    assert "does not answer" in ended.stderr
    assert (folder / "record.json").exists()


def test_a_server_that_closes_every_connection_is_no_verdict(folder: Path) -> None:
    """A port that accepts and hangs up ends with 3."""
    with _hanging_up() as url:
        ended = command_line("run", url, "--host", VACANT, folder=folder)
    assert ended.returncode == 3
    assert "does not answer" in ended.stderr


@pytest.mark.parametrize(
    "scheme, mend",
    [("http", "if it speaks TLS, that begins with https"), ("https", "name a file with its authority in REQUESTS_CA")],
)
def test_a_port_that_speaks_tls_is_no_verdict(scheme: str, mend: str, tmp_path: Path, folder: Path) -> None:
    """Plain HTTP to a port of TLS, and TLS with a certificate that nobody knows, end with 3 and what to do."""
    with _tls_server(tmp_path) as port:
        ended = command_line("run", f"{scheme}://127.0.0.1:{port}", "--host", VACANT, folder=folder)
    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1), ended.stderr
    assert mend in ended.stderr


@pytest.mark.parametrize("path", ["", "/a/path"])
def test_a_static_web_server_is_no_verdict(path: str, tmp_path: Path, folder: Path) -> None:
    """A server of files answers 404 in HTML: no such server, exit code 3."""
    with _static_server(tmp_path) as url:
        ended = command_line("run", url + path, "--host", VACANT, folder=folder)
    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1)
    assert "does not answer as a server of this contract" in ended.stderr


@pytest.mark.parametrize(
    "status, headers, body, said",
    [
        ("200 OK", [("Content-Type", "text/html")], b"<html>hello</html>", "text/html"),
        ("200 OK", [("Content-Type", "application/json")], b'{"hello": "world"}', "does not answer as a server"),
        ("200 OK", [("Content-Type", "application/json")], b"[]", "does not answer as a server"),
        ("500 No", [("Content-Type", "text/plain")], b"oops", "does not answer as a server"),
        ("302 Found", [("Location", "https://elsewhere.example/")], b"", "redirects to https://elsewhere.example/"),
    ],
)
def test_another_kind_of_server_is_no_verdict(
    status: str,
    headers: list[tuple[str, str]],
    body: bytes,
    said: str,
    serve_application: Callable[..., str],
    folder: Path,
) -> None:
    """Whatever else answers at the URL ends with 3 and one sentence that tells what it was."""

    def application(_: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]

    ended = command_line("run", serve_application(application), "--host", VACANT, folder=folder)
    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1)
    assert said in ended.stderr


def test_a_host_that_is_not_there_is_no_verdict(serve: Callable[..., str], folder: Path) -> None:
    """A host that the server does not have ends with 3, and is named."""
    ended = command_line("run", serve(), "--host", "Guardis Test/Test Environment/nobody", folder=folder)
    assert ended.returncode == 3
    assert "there is no host Guardis Test/Test Environment/nobody" in ended.stderr


USERS = (
    User(Principal("alice", "alice"), "correct horse"),
    User(Principal("key", "key"), app_keys=("k3y",)),
)


@pytest.mark.parametrize(
    "shown, said",
    [
        ({}, "asks for credentials"),
        ({"CONTRACT_USER": "alice", "CONTRACT_PASSWORD": "wrong"}, "does not accept these credentials"),
    ],
)
def test_missing_and_wrong_credentials_are_no_verdict(
    shown: dict[str, str], said: str, serve: Callable[..., str], folder: Path
) -> None:
    """A server that asks for credentials ends with 3 when there are none, or wrong ones."""
    ended = command_line("run", serve(users=USERS), "--host", VACANT, folder=folder, **shown)
    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1)
    assert said in ended.stderr


@pytest.mark.parametrize(
    "variables, passed, secret",
    [
        ({"CONTRACT_USER": "alice", "CONTRACT_PASSWORD": "correct horse"}, "auth.basic", "correct horse"),
        ({"CONTRACT_APP_KEY": "k3y"}, "auth.application-key", "k3y"),
    ],
)
def test_credentials_are_used_and_not_told(
    variables: dict[str, str], passed: str, secret: str, serve: Callable[..., str], folder: Path
) -> None:
    """Credentials from the environment let the suite in, and stand in no line of its report."""
    ended = command_line("run", serve(users=USERS), "--host", VACANT, "--only", "auth", folder=folder, **variables)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    record, exchanges = (folder / name for name in ("record.json", "exchanges.ndjson"))
    assert json.loads(record.read_text())["requirements"][passed]["verdict"] == "passed"
    written = ended.stdout + record.read_text() + exchanges.read_text()
    assert secret not in written
    assert "YWxpY2U6" not in written  # "alice:" in base64


def test_list_names_every_requirement_with_its_tests() -> None:
    """`list` has a line for each requirement, with the number of tests that judge it."""
    ended = command_line("list")
    lines = {line.split()[0]: line for line in ended.stdout.splitlines()}
    contract = load_contract()
    assert ended.returncode == 0
    assert lines.keys() == contract.requirements.keys()
    assert "MUST" in lines["lifecycle.pause-leads"]
    assert re.search(r"  D  \d+ tests?", lines["lifecycle.pause-leads"])


def test_list_as_json_has_all_that_show_tells() -> None:
    """`list --format json` is one document: sentence, level, basis, feature, tests and proof of each requirement."""
    rows = {row["id"]: row for row in json.loads(command_line("list", "--format", "json").stdout)}
    row = json.loads(command_line("show", "console.refused", "--format", "json").stdout)
    assert rows["console.refused"] == row
    assert row["feature"] == "vnc"
    assert "read[getVnc,STOPPED]" in row["tests"]
    assert row["provenBy"] == proofs().get("console.refused", [])


def test_list_names_every_test() -> None:
    """`list --tests` has a line for each test, with what it may send and what it judges."""
    lines = command_line("list", "--tests").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [check.id for check in plan_for(load_contract())]
    assert any("power" in line and "lifecycle.pause-leads" in line for line in lines)


def test_show_tells_a_requirement_with_its_tests() -> None:
    """`show` has the sentence, the level, the basis, the tests and the faulty servers."""
    ended = command_line("show", "console.refused")
    assert ended.returncode == 0
    for words in (
        "vnc MUST be refused with 409",
        "this project's clarification",
        "feature   vnc",
        "read[getVnc,STOPPED]",
    ):
        assert words in ended.stdout
    assert f"proven by {', '.join(proofs().get('console.refused', [])) or 'no faulty server'}" in ended.stdout


def test_the_proof_is_read_by_requirement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A requirement is proven by the servers that were caught at it; without the file nothing is known."""
    path = tmp_path / "proof.json"
    monkeypatch.setattr(proof, "PATH", path)
    assert proofs() == {}
    caught = {"a": {"requirements": ["x", "y"], "caught": ["x"]}, "b": {"requirements": ["x"], "caught": ["x"]}}
    path.write_text(json.dumps({"faulty": caught, "lawful": {"c": "green"}}))
    assert proofs() == {"x": ["a", "b"]}


@contextmanager
def _static_server(folder: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Says nothing."""

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def _tls_server(folder: Path) -> Iterator[int]:
    """A port that speaks TLS, with a certificate of its own making."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client that does not speak TLS, or does not trust it, is what the test is about."""

    with Quiet(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def _hanging_up() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def hang_up() -> None:
            while True:
                connection, _ = listener.accept()
                connection.close()
                if ended.is_set():
                    return

        thread = threading.Thread(target=hang_up)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        ended.set()
        socket.create_connection(listener.getsockname()).close()
        thread.join()
