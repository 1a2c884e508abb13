"""Keys: made so that nobody else reads them, and refused, in one line, when they are none."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from contract_tests.certifying.keys import key_id, make_keys, public_key, signer_of
from contract_tests.running.target import TargetError
from tests.patience import PATIENCE
from tests.suite.judging import command_line


def _openssl(*arguments: str) -> bytes:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=PATIENCE).stdout


def test_a_pair_of_keys_is_made(tmp_path: Path) -> None:
    """The private key is for its owner only, and not printed; openssl reads both; the id is that of the public one."""
    path = tmp_path / "vendor"
    ended = command_line("keygen", str(path))
    assert ended.returncode == 0, ended.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    secret = path.read_text().splitlines()[1]
    assert secret not in ended.stdout + ended.stderr
    public = path.with_name("vendor.pub")
    assert _openssl("pkey", "-in", str(path), "-pubout") == public.read_bytes()
    digest = hashlib.sha256(_openssl("pkey", "-pubin", "-in", str(public), "-outform", "DER")).hexdigest()
    assert f"its id: {digest}\n" in ended.stdout
    assert key_id(public_key(public)) == digest == signer_of(path).public_key.keyid


@pytest.mark.parametrize("there", ["vendor", "vendor.pub"])
def test_no_key_is_written_over(there: str, tmp_path: Path) -> None:
    """Where a file is there already nothing is made: exit code 2, and what was there stays."""
    (tmp_path / there).write_text("precious")
    ended = command_line("keygen", str(tmp_path / "vendor"))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert f"{tmp_path / there} is there already" in ended.stderr
    assert [one.name for one in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "precious"


def test_keys_are_not_made_nowhere(tmp_path: Path) -> None:
    """A folder that is not there is named."""
    with pytest.raises(TargetError, match=r"nowhere/vendor: cannot be written: No such file"):
        make_keys(tmp_path / "nowhere" / "vendor")


@pytest.mark.parametrize(
    "name, words",
    [
        ("public", "this is a public key; give the private one"),
        ("open", "others may read this private key"),
        ("encrypted", "the key is encrypted"),
        ("rsa", "expected an Ed25519 key"),
        ("nonsense", "expected a private key in PEM"),
        ("missing", "cannot be read: No such file"),
    ],
)
def test_what_nobody_can_sign_with_is_named(name: str, words: str, tmp_path: Path) -> None:
    """Each kind of a wrong file gets one sentence, with the option and the file."""
    path = tmp_path / name
    if name == "rsa":
        _openssl("genpkey", "-algorithm", "RSA", "-out", str(path))
    elif name == "encrypted":
        _openssl("genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:x", "-out", str(path))
    elif name == "nonsense":
        path.write_text("nonsense")
    elif name != "missing":
        make_keys(path)
    if name == "public":
        path = path.with_name("public.pub")
    if name != "missing":
        path.chmod(0o644 if name == "open" else 0o600)
    with pytest.raises(TargetError) as raised:
        signer_of(path)
    assert str(raised.value).startswith(f"--sign {path}: {words}")


@pytest.mark.parametrize(
    "name, words",
    [
        ("private", "this is a private key; give the public one, private.pub"),
        ("rsa", "expected an Ed25519 key"),
        ("nonsense", "expected a public key in PEM"),
        ("missing", "cannot be read: No such file"),
    ],
)
def test_what_is_no_public_key_is_named(name: str, words: str, tmp_path: Path) -> None:
    """Likewise for keys that are to check; a private one is refused, for nobody should hand it about."""
    path = tmp_path / name
    if name == "rsa":
        _openssl("genpkey", "-algorithm", "RSA", "-out", str(path))
        path.write_bytes(_openssl("pkey", "-in", str(path), "-pubout"))
    elif name == "nonsense":
        path.write_text("-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----\n")
    elif name == "private":
        make_keys(path)
    with pytest.raises(TargetError) as raised:
        public_key(path)
    assert str(raised.value).startswith(f"--key {path}: {words}")
