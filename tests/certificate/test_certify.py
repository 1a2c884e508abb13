"""`certify` as a vendor runs it, and `verify` as a customer does."""

from __future__ import annotations

import base64
import html
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from contract_tests.certifying.rendering import rendered
from contract_tests.reports.reading import CERTIFICATE
from tests.certificate.folders import CONTRACT, record_in
from tests.faulty_servers.catalogue import FAULTS
from tests.patience import PATIENCE
from tests.suite.judging import EXAMPLE, HOST, ROOT, VACANT, command_line
from tests.suite.serving import emulator

SAID = ("--vendor", "Acme & Söhne", "--product", "Hyp | <visor>", "--product-version", "3.1")
HOSTS = ("--host", HOST, "--host", VACANT)
LITTLE = ("--random-seed", "7", "--max-examples", "1")
PASSWORD, USER, KEY = "s3cret: ü", "ann", "a-key-of-her-own"
PEOPLE = f"""
organizations: [{{name: Acme}}]
users: [{{username: {USER}, password: "{PASSWORD}", fullName: Ann, organizations: [Guardis Test], appKeys: [{KEY}]}}]
"""


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vendor's private key."""
    path = tmp_path_factory.mktemp("keys") / "vendor"
    assert command_line("keygen", str(path)).returncode == 0
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, vendor: Path) -> Path:
    """The certificate of the emulator, which asks for a password, or for a key."""
    made = tmp_path_factory.mktemp("certified") / "folder"
    people = made.with_name("people.yaml")
    people.write_text(PEOPLE, "utf-8")
    with emulator("--seed", str(EXAMPLE), "--seed", str(people)) as url:
        ended = command_line(
            *("certify", url, *HOSTS, *SAID, *LITTLE, "--foreign", "Acme", "--sign", str(vendor)),
            folder=made,
            CONTRACT_USER=USER,
            CONTRACT_PASSWORD=PASSWORD,
            CONTRACT_APP_KEY=KEY,
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "certificate: " in ended.stdout
    return made


def test_a_customer_believes_it(folder: Path, vendor: Path) -> None:
    """One command says what was checked, who signed, what that does not show, and how to see that."""
    ended = command_line("verify", str(folder), "--key", f"{vendor}.pub")
    assert ended.returncode == 0, ended.stdout
    for words in ("tests judged again", f"signed: with {vendor}.pub, key ", "not shown: that the exchanges are true"):
        assert words in ended.stdout
    assert re.search(r"^  contract-tests replay \S+ \S+$", ended.stdout, re.MULTILINE)


def test_it_says_conformant_everywhere(folder: Path) -> None:
    """Statement, badge and README say the same, and what the vendor said stands there as text."""
    stated = json.loads(base64.b64decode(json.loads((folder / CERTIFICATE).read_bytes())["payload"]))
    assert stated["predicate"]["result"] == "PASSED"
    assert stated["subject"][0]["name"] == "record.json"
    assert {row["name"] for row in stated["predicate"]["configuration"]} >= {"openapi.yaml", "plan", "proof"}
    assert ">conformant 20" in (folder / "badge.svg").read_text("utf-8")
    readme = (folder / "README.md").read_text("utf-8")
    assert readme.startswith("# Hyp \\| \\<visor\\> 3.1 by Acme \\& Söhne: conformant\n")
    assert record_in(folder)["certification"] == {
        "vendor": "Acme & Söhne",
        "product": "Hyp | <visor>",
        "productVersion": "3.1",
    }


def _spelled(secret: str) -> Iterator[bytes]:
    """A secret in every encoding in which it could be hidden."""
    for data in {secret.encode(), secret.encode("latin-1")}:
        yield data
        yield from (data.hex().encode(), data.hex().upper().encode())
        for before in range(3):  # within something longer, base64 depends on where it begins
            encoded = base64.b64encode(b"x" * before + data)
            yield encoded[4 if before else 0 : -4]
        yield base64.b64encode(f"{USER}:".encode() + data)
    for text in (quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], html.escape(secret)):
        yield text.encode()


@pytest.mark.parametrize("secret", [PASSWORD, KEY])
def test_no_file_has_a_secret(secret: str, folder: Path, vendor: Path) -> None:
    """Password and key are in no file, in no encoding; nor is the private key."""
    private = vendor.read_text().splitlines()[1]
    wanted = {spelled for spelled in _spelled(secret) if len(spelled) > 4} | {private.encode()}
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert [spelled for spelled in wanted if spelled in content] == [], path


def test_everything_can_be_made_again(folder: Path) -> None:
    """`render` makes the same files, to the byte."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in rendered(folder, CONTRACT):
        (folder / name).unlink()
    ended = command_line("render", str(folder))
    assert ended.returncode == 0, ended.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_failing_server_gets_a_certificate_that_says_so(tmp_path: Path, vendor: Path) -> None:
    """Exit code 1; the certificate is valid, and reads as a failure wherever it is looked at; so does a comparison."""
    folder = tmp_path / "failing"
    with FAULTS["pause-is-accepted-in-STOPPED"].start() as url:
        ended = command_line("certify", url, *HOSTS, *SAID, *LITTLE, "--sign", str(vendor), folder=folder)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    verified = command_line("verify", str(folder), "--key", f"{vendor}.pub")
    assert verified.returncode == 0, verified.stdout
    assert "record: the contract is broken" in verified.stdout
    stated = json.loads(base64.b64decode(json.loads((folder / CERTIFICATE).read_bytes())["payload"]))
    assert stated["predicate"]["result"] == "FAILED"
    assert "lifecycle.pause-refused" in stated["predicate"]["failedTests"]
    assert ">not conformant 20" in (folder / "badge.svg").read_text("utf-8")
    assert ": not conformant\n" in (folder / "README.md").read_text("utf-8")
    assert sorted(path.name for path in (folder / "failures").iterdir())


def test_a_certification_that_was_killed_goes_on(tmp_path: Path, vendor: Path) -> None:
    """Killed in the middle, resumed: the same plan, one certificate, which a customer believes."""
    folder = tmp_path / "folder"
    with emulator() as url:
        command = [sys.executable, "-m", "contract_tests", "certify", url, *HOSTS, *SAID, *LITTLE]
        process = subprocess.Popen(
            [*command, "--report-dir", str(folder)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        exchanges = folder / "exchanges.ndjson"
        while not exchanges.exists() or exchanges.read_bytes().count(b"\n") < 500:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=PATIENCE)
        assert not (folder / CERTIFICATE).exists()
        unfinished = command_line("verify", str(folder))
        assert unfinished.returncode == 1
        assert "contract-tests resume goes on with it" in unfinished.stdout
        ended = command_line("resume", str(folder), "--sign", str(vendor))
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert command_line("verify", str(folder), "--key", f"{vendor}.pub").returncode == 0
    assert len(record_in(folder)["run"]["resumed"]) == 1
    assert "resumed 1 time" in (folder / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((*HOSTS[:2], *SAID), "one --host: the whole contract needs two"),
        ((*HOSTS, *SAID, "--allow", "power"), "--allow power is not enough"),
        ((*HOSTS, *SAID, "--app-key-file", "KEY"), "credentials without --foreign"),
        ((*HOSTS, *SAID[:4]), "--product-version"),
        ((*HOSTS, *SAID[2:], "--vendor", " "), "--vendor is empty"),
        ((*HOSTS, *SAID, "--sign", "NOTHING"), "--sign NOTHING: cannot be read"),
        ((*HOSTS, *SAID, "--only", "legal"), "No such option '--only'"),
    ],
)
def test_what_a_certificate_cannot_be_made_of_is_named(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    """Exit code 2, one line, and no folder: nothing was sent, and the next try finds the place as it was."""
    key = tmp_path / "key"
    key.write_text("k")
    given = [str(key) if word == "KEY" else word for word in arguments]
    ended = command_line("certify", "http://127.0.0.1:9", *given, folder=tmp_path / "folder")
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended.stderr
    assert words in ended.stderr
    assert not (tmp_path / "folder").exists()


def test_far_away_it_must_be_allowed(tmp_path: Path) -> None:
    """At an address that is not this machine's own, what it does to the hosts must be asked for."""
    ended = command_line("certify", "http://hypervisor.example", *HOSTS, *SAID, folder=tmp_path / "folder")
    assert ended.returncode == 2
    assert "certify makes and deletes instances on the named hosts; say --allow full" in ended.stderr
