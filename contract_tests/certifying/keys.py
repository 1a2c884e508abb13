"""Keys for signing: Ed25519, a private one in PKCS #8 and a public one as its SubjectPublicKeyInfo, both PEM.

A key is known by the sha256 of its public half in DER. Nobody but the file ever sees the private half.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from contract_tests.certifying.extra import (
    CryptoSigner,
    Ed25519PrivateKey,
    Ed25519PublicKey,
    Encoding,
    PublicFormat,
    SSlibKey,
    load_pem_private_key,
    load_pem_public_key,
)
from contract_tests.running.target import TargetError

PUBLIC = ".pub"
"""The ending of the public key beside a private one."""

OWNER_ONLY = 0o600


def make_keys(path: Path) -> str:
    """A new pair: the private key in a file that only its owner reads, the public one beside it. Its id.

    TargetError when a file is there already, or cannot be written.
    """
    public = path.with_name(path.name + PUBLIC)
    signer = CryptoSigner.generate_ed25519()
    _write_new(path, signer.private_bytes, OWNER_ONLY)
    try:
        _write_new(public, _encoded(signer.public_key, Encoding.PEM), 0o644)
    except TargetError:
        path.unlink()
        raise
    return key_id(signer.public_key)


def signer_of(path: Path) -> CryptoSigner:
    """Who signs with a private key. TargetError when it is none, or when others can read it."""
    data = _read(path, "--sign")
    if b"PUBLIC KEY" in data:
        raise TargetError(f"--sign {path}: this is a public key; give the private one, which keygen made beside it")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise TargetError(f"--sign {path}: others may read this private key; make a new one with keygen, or chmod 600")
    try:
        private = load_pem_private_key(data, password=None)
    except TypeError:
        raise TargetError(f"--sign {path}: the key is encrypted; give one that is not") from None
    except ValueError:
        raise TargetError(f"--sign {path}: expected a private key in PEM, as contract-tests keygen makes it") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise TargetError(f"--sign {path}: expected an Ed25519 key, as contract-tests keygen makes it")
    signer = CryptoSigner(private)
    signer.public_key.keyid = key_id(signer.public_key)
    return signer


def public_key(path: Path) -> SSlibKey:
    """A public key. TargetError when it is none; a private one is refused, for nobody should hand it about."""
    data = _read(path, "--key")
    if b"PRIVATE KEY" in data:
        raise TargetError(f"--key {path}: this is a private key; give the public one, {path.name}{PUBLIC}")
    try:
        key = SSlibKey.from_crypto(load_pem_public_key(data))
    except ValueError:
        raise TargetError(f"--key {path}: expected a public key in PEM, as contract-tests keygen makes it") from None
    if key.keytype != "ed25519":
        raise TargetError(f"--key {path}: expected an Ed25519 key, as contract-tests keygen makes it")
    key.keyid = key_id(key)
    return key


def key_id(key: SSlibKey) -> str:
    """The sha256 of a public key in DER, in hexadecimal."""
    return hashlib.sha256(_encoded(key, Encoding.DER)).hexdigest()


def _encoded(key: SSlibKey, encoding: Encoding) -> bytes:
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.keyval["public"]))
    return public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TargetError(f"{option} {path}: cannot be read: {error.strerror}") from None


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        # with its mode from the first byte on, and never over another key
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise TargetError(f"{path} is there already, and a key is never written over; give another name") from None
    except OSError as error:
        raise TargetError(f"{path}: cannot be written: {error.strerror}") from None
    with os.fdopen(file, "wb") as opened:
        opened.write(data)
