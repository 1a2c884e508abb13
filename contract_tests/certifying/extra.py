"""The libraries of the extra `certify`, through which all signing goes; who lacks them is told how to get them."""

from __future__ import annotations

from contract_tests.running.target import TargetError

try:
    import rfc8785
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
        load_pem_public_key,
    )
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import CryptoSigner, SSlibKey
except ImportError as error:
    raise TargetError(
        f"{error.name} is missing, and signs and checks certificates; pip install 'hypervisor-emulator[certify]'"
    ) from None

__all__ = [
    "CryptoSigner",
    "Ed25519PrivateKey",
    "Ed25519PublicKey",
    "Encoding",
    "Envelope",
    "PublicFormat",
    "SSlibKey",
    "VerificationError",
    "load_pem_private_key",
    "load_pem_public_key",
    "rfc8785",
]
