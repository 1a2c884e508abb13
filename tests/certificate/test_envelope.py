"""The certificate: signatures over one statement, which openssl can check alone, and a file that has one form only."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from contract_tests.certifying import envelope
from contract_tests.certifying.certificate import of_certificate, signatures
from contract_tests.certifying.keys import make_keys, public_key, signer_of
from contract_tests.reports.reading import CERTIFICATE
from contract_tests.running.target import TargetError
from tests.certificate.folders import CONTRACT, copy_of, little
from tests.patience import PATIENCE
from tests.suite.judging import command_line


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certified folder, to be copied."""
    made = tmp_path_factory.mktemp("certified") / "folder"
    little(made, made.with_name("vendor"))
    make_keys(made.with_name("laboratory"))
    return made


@pytest.fixture
def folder(whole: Path) -> Any:
    """A copy of it, with the keys beside."""
    with copy_of(whole) as copy:
        yield copy


def _by_openssl(folder: Path, key: Path) -> subprocess.CompletedProcess[str]:
    """What the README of a certificate says to do without anything of ours."""
    blocks = re.findall(r"```sh\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.DOTALL)
    script = next(block for block in blocks if "openssl" in block).replace("VENDOR.pub", str(key))
    command = ["bash", "-e", "-c", script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE)


def test_openssl_alone_verifies_it(folder: Path) -> None:
    """The commands of the README check signature and files, for one signature and for several."""
    vendor, laboratory = (folder.with_name(f"{name}.pub") for name in ("vendor", "laboratory"))
    ended = _by_openssl(folder, vendor)
    assert ended.returncode == 0, ended.stderr
    assert "Signature Verified Successfully" in ended.stdout
    assert "exchanges.ndjson: OK" in ended.stdout
    assert _by_openssl(folder, laboratory).returncode != 0
    envelope.countersign(folder, signer_of(folder.with_name("laboratory")))
    for key in (vendor, laboratory):
        assert _by_openssl(folder, key).returncode == 0
    (folder / "exchanges.ndjson").write_bytes(b"")
    assert _by_openssl(folder, vendor).returncode != 0


def test_several_sign_one_statement(folder: Path) -> None:
    """A countersignature leaves the first one and the statement as they are; who signed is told by keys."""
    before = json.loads((folder / CERTIFICATE).read_bytes())
    ended = command_line("countersign", str(folder), "--sign", str(folder.with_name("laboratory")))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    after = json.loads((folder / CERTIFICATE).read_bytes())
    assert after["payload"] == before["payload"]
    assert after["signatures"][0] == before["signatures"][0]
    keys = {path: public_key(path) for path in (folder.with_name("vendor.pub"), folder.with_name("laboratory.pub"))}
    assert list(of_certificate(folder, CONTRACT, keys)) == []
    assert list(signatures(folder, keys).by) == list(keys)
    assert len(signatures(folder, {}).others) == 2


def test_nobody_signs_twice(folder: Path) -> None:
    """The same key once more is refused: exit code 2, nothing is changed."""
    before = (folder / CERTIFICATE).read_bytes()
    ended = command_line("countersign", str(folder), "--sign", str(folder.with_name("vendor")))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "this key has signed it already" in ended.stderr
    assert (folder / CERTIFICATE).read_bytes() == before


def test_nobody_signs_what_does_not_agree(folder: Path) -> None:
    """A folder that was touched gets no further signature: exit code 1."""
    (folder / "badge.svg").write_text("<svg/>")
    before = (folder / CERTIFICATE).read_bytes()
    ended = command_line("countersign", str(folder), "--sign", str(folder.with_name("laboratory")))
    assert ended.returncode == 1
    assert "badge.svg: its digest is not the one in the certificate" in ended.stdout
    assert "not signed" in ended.stdout
    assert (folder / CERTIFICATE).read_bytes() == before


def test_a_key_that_did_not_sign_is_named(folder: Path) -> None:
    """Whoever asks for a signature that is not there is told so."""
    path = folder.with_name("laboratory.pub")
    found = list(of_certificate(folder, CONTRACT, {path: public_key(path)}))
    assert found == [f"{CERTIFICATE}: not signed with {path}, key {public_key(path).keyid}"]


def test_a_signature_of_something_else_is_named(folder: Path) -> None:
    """A signature that was copied from another statement does not count."""
    path = folder / CERTIFICATE
    told = json.loads(path.read_bytes())
    told["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    path.write_bytes(rfc8785.dumps(told) + b"\n")
    path = folder.with_name("vendor.pub")
    key = public_key(path)
    found = list(of_certificate(folder, CONTRACT, {path: key}))
    assert found == [f"{CERTIFICATE}: the signature with {path}, key {key.keyid}, is not one of this statement"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data + b"\n",
        lambda data: b" " + data,
        lambda data: data.replace(b'{"payload"', b'{ "payload"'),
        lambda data: data.replace(b'{"payload"', b'{"more":1,"payload"'),
        lambda data: data.replace(b'"payloadType":"application/vnd.in-toto+json"', b'"payloadType":"application/json"'),
        lambda data: data.replace(b'=="', b'="'),
        lambda data: data[:-2],
        lambda _: b"[]\n",
        lambda _: b"{}\n",
        lambda _: b"\xff\n",
        lambda data: json.dumps(json.loads(data), indent=1).encode(),
    ],
)
def test_there_is_one_form_only(spoil: Callable[[bytes], bytes], folder: Path) -> None:
    """Any other spelling of a certificate is none, though a tolerant reader would take it."""
    path = folder / CERTIFICATE
    spoilt = spoil(path.read_bytes())
    assert spoilt != path.read_bytes()
    path.write_bytes(spoilt)
    found = list(of_certificate(folder, CONTRACT, {}))
    assert len(found) == 1
    assert found[0].startswith(f"{path}: expected ")


def test_a_folder_without_a_certificate_has_no_signature(folder: Path) -> None:
    """A report without a certificate is told from one with; a key that was asked for is then missing."""
    (folder / CERTIFICATE).unlink()
    for name in ("README.md", "badge.svg"):
        assert (folder / name).exists()
    asked = command_line("verify", str(folder), "--key", str(folder.with_name("vendor.pub")))
    assert asked.returncode == 1
    assert f"{CERTIFICATE}: there is no such file" in asked.stdout
    ended = command_line("countersign", str(folder), "--sign", str(folder.with_name("laboratory")))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)


def test_nothing_is_certified_twice_over(folder: Path) -> None:
    """A folder in which there is something is no place for a certificate: exit code 2."""
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    said = ("--vendor", "V", "--product", "P", "--product-version", "1")
    ended = command_line("certify", "http://127.0.0.1:9", "--host", "a/b/c", *said, folder=folder)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "there is something in it" in ended.stderr
    with pytest.raises(TargetError):
        signer_of(folder / "notes.txt")
