"""The certificate itself: a statement in a DSSE envelope with its signatures, in canonical JSON (RFC 8785).

Read as strictly as it is written: a byte that is not as it would be written makes it no certificate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contract_tests.certifying.extra import CryptoSigner, Envelope, SSlibKey, VerificationError, rfc8785
from contract_tests.reports.reading import CERTIFICATE
from contract_tests.running.target import TargetError

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class CertificateError(Exception):
    """There is no certificate that can be read; the message says what is wrong with it."""


def seal(folder: Path, statement: Mapping[str, Any], signers: Sequence[CryptoSigner]) -> None:
    """Write the certificate of a folder; without a signature when there is no signer."""
    envelope = Envelope(rfc8785.dumps(dict(statement)), PAYLOAD_TYPE, {})
    for signer in signers:
        envelope.sign(signer)
    _write(folder, envelope)


def countersign(folder: Path, signer: CryptoSigner) -> None:
    """Add a signature to the statement as it stands. TargetError when the key has signed it already."""
    envelope = read(folder)
    if signer.public_key.keyid in envelope.signatures:
        raise TargetError(f"{folder / CERTIFICATE}: this key has signed it already: {signer.public_key.keyid}")
    envelope.sign(signer)
    _write(folder, envelope)


def read(folder: Path) -> Envelope:
    """The certificate of a folder. CertificateError when it is none, or not written as it must be."""
    path = folder / CERTIFICATE
    try:
        data = path.read_bytes()
        envelope = Envelope.from_dict(json.loads(data))
        again = _bytes(envelope)
    except FileNotFoundError:
        raise CertificateError(f"{path}: there is no such file") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CertificateError(f"{path}: expected a DSSE envelope: {type(error).__name__}: {error}") from None
    if again != data:
        raise CertificateError(f"{path}: expected canonical JSON with nothing but an envelope in it")
    if envelope.payload_type != PAYLOAD_TYPE:
        raise CertificateError(f"{path}: expected a payload of type {PAYLOAD_TYPE}, got {envelope.payload_type}")
    return envelope


def statement_in(envelope: Envelope) -> dict[str, Any]:
    """What is stated. CertificateError when the payload is no canonical JSON object."""
    try:
        stated = json.loads(envelope.payload)
        is_canonical = rfc8785.dumps(stated) == envelope.payload
    except ValueError as error:
        raise CertificateError(f"{CERTIFICATE}: expected a statement in JSON: {error}") from None
    if not is_canonical or not isinstance(stated, dict):
        raise CertificateError(f"{CERTIFICATE}: expected a statement in canonical JSON")
    return stated


def has_signed(envelope: Envelope, key: SSlibKey) -> bool:
    """Whether the holder of a key has signed exactly this statement."""
    try:
        envelope.verify([key], 1)
    except VerificationError:
        return False
    return True


def _write(folder: Path, envelope: Envelope) -> None:
    beside = folder / f"{CERTIFICATE}.part"
    beside.write_bytes(_bytes(envelope))
    beside.replace(folder / CERTIFICATE)


def _bytes(envelope: Envelope) -> bytes:
    return rfc8785.dumps(envelope.to_dict()) + b"\n"
