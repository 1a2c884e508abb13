"""`contract-tests certify`, `keygen` and `countersign`: a verdict that others can check, and who stands for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from contract import load_contract
from contract_tests.commands.again import folder_argument
from contract_tests.commands.options import (
    SETTINGS,
    contract_option,
    option,
    report_dir,
    server_options,
    settle_timeout,
    target_of,
)
from contract_tests.commands.run import PROFILES, seed_options, setting_of
from contract_tests.commands.sealing import certified, key_file, sign_option, signers_of
from contract_tests.running.target import Level, TargetError

WHOLE = {"only": (), "skip": (), "profile": PROFILES[-1], "baseline": None, "workers": 1, "dry_run": False}
"""What a run may leave out, and a certificate may not."""


@click.command(context_settings=SETTINGS)
@server_options
@option("--vendor", required=True, help="Who makes the server.")
@option("--product", required=True, help="What it is called.")
@option("--product-version", required=True, help="Its version.")
@sign_option
@seed_options
@settle_timeout
@report_dir
def certify(**options: Any) -> int:
    """Judge the server at URL by the whole contract, and make a folder that others can check.

    The whole plan is run: no filter, no baseline. What the named hosts have is lost. Exit codes as for run; whatever it
    comes to, the folder has a certificate that says so.
    """
    signers = signers_of(options["sign"])
    said = {"vendor": options["vendor"], "product": options["product"], "productVersion": options["product_version"]}
    for name, value in zip(("--vendor", "--product", "--product-version"), said.values(), strict=True):
        if not value.strip():
            raise TargetError(f"{name} is empty; say what stands on the certificate")
    _must_be_whole(options)
    setting = replace(setting_of({**options, **WHOLE}), certification=said)
    return certified(setting, signers)


@click.command(context_settings=SETTINGS)
@click.argument("file", type=key_file)
def keygen(file: Path) -> int:
    """Make a key to sign certificates with: the private one in FILE, the public one in FILE.pub.

    Keep FILE to yourself, and give FILE.pub to everybody.
    """
    from contract_tests.certifying.keys import PUBLIC, make_keys  # noqa: PLC0415 - slow to import

    keyid = make_keys(file)
    click.echo(f"made: {file}, the private key, which only you can read; {file}{PUBLIC}, the public one")
    click.echo(f"its id: {keyid}")
    return 0


@click.command(context_settings=SETTINGS)
@folder_argument
@option("--sign", type=key_file, metavar="KEY", required=True, help="The private key to sign with.")
@contract_option
def countersign(folder: Path, sign: Path, contract: Path | None) -> int:
    """Add a signature to the certificate in DIR, after verifying it: of a laboratory, of a customer.

    Exit codes: 0 signed; 1 the folder does not agree with itself, and nothing was signed; 2 wrong usage.
    """
    from contract_tests.certifying import envelope  # noqa: PLC0415 - slow to import
    from contract_tests.certifying.keys import signer_of  # noqa: PLC0415 - as above
    from contract_tests.commands.verify import disagreements  # noqa: PLC0415 - as above

    signer = signer_of(sign)
    found = disagreements(folder, contract, {})
    for sentence in found:
        click.echo(sentence)
    if found:
        click.echo(f"not signed: {folder} does not say what its exchanges say")
        return 1
    try:
        envelope.countersign(folder, signer)
    except envelope.CertificateError as error:
        raise TargetError(str(error)) from None
    click.echo(f"signed: {folder}, key {signer.public_key.keyid}")
    return 0


def _must_be_whole(options: dict[str, Any]) -> None:
    """TargetError when the options leave something of the contract out. Nothing is written before that is clear."""
    folder = options["report_dir"]
    if folder.exists() and any(folder.iterdir()):
        raise TargetError(f"--report-dir {folder}: there is something in it; a certificate needs a folder of its own")
    target = target_of(load_contract(options["contract"]), options)
    if target.level is not Level.FULL:
        hint = "certify makes and deletes instances on the named hosts; say --allow full if it may"
        raise TargetError(f"--allow {target.level} is not enough: {hint}")
    if len(target.hosts) == 1:
        raise TargetError("one --host: the whole contract needs two, for what happens to one may not touch the other")
    if target.credentials.headers and target.foreign is None:
        raise TargetError("credentials without --foreign: name an organization that is there and that they may not use")
