"""A run that ends in a certificate, whatever it comes to; the end of `certify` and of `resume`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contract_tests.commands.options import option
from contract_tests.commands.run import told

if TYPE_CHECKING:
    from contract_tests.certifying.extra import CryptoSigner
    from contract_tests.running.setting import Setting

key_file = click.Path(path_type=Path, dir_okay=False)
sign_option = option(
    "--sign", type=key_file, metavar="KEY", help="The private key to sign with, as contract-tests keygen makes it."
)


def signers_of(path: Path | None) -> Sequence[CryptoSigner]:
    """Who signs. TargetError when a key is given that is none, or when the extra is missing."""
    from contract_tests.certifying.keys import signer_of  # noqa: PLC0415 - an extra

    return [signer_of(path)] if path else []


def certified(setting: Setting, signers: Sequence[CryptoSigner]) -> int:
    """Make a run and its certificate. The exit code of the run."""
    from contract_tests.certifying.certificate import seal  # noqa: PLC0415 - an extra

    code = told(setting)
    seal(setting.folder, setting.contract, signers)
    by = ", ".join(signer.public_key.keyid for signer in signers)
    click.echo(f"certificate: {setting.folder}, {f'signed with key {by}' if by else 'not signed'}")
    return code
