"""`contract-tests verify`: whether a report or a certificate says what the exchanges in it say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from contract import load_contract
from contract_tests.commands.again import folder_argument
from contract_tests.commands.options import SETTINGS, contract_option, option
from contract_tests.reports.reading import CERTIFICATE, RECORD
from contract_tests.running.outcomes import ExitCode
from contract_tests.running.replay_line import replay_line
from contract_tests.running.target import TargetError


@click.command(context_settings=SETTINGS)
@folder_argument
@option(
    "--key",
    "keys",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="PUB",
    help="A public key whose holder must have signed the certificate in DIR; repeatable.",
)
@contract_option
def verify(folder: Path, keys: tuple[Path, ...], contract: Path | None) -> int:
    """Check the report or the certificate in DIR, from the files in it alone.

    Nothing is sent. The signatures and the digests of a certificate; the form of the record; the plan; then the checks
    ask what they asked then and get the answers that were recorded: verdicts, figures and reports must come out as they
    stand there. Exit codes: 0 all agrees; 1 something does not, and is named; 2 wrong usage.
    """
    from contract_tests.running.again import record_of  # noqa: PLC0415 - the engine is slow to import

    if not any((folder / name).exists() for name in (RECORD, CERTIFICATE)):
        raise TargetError(f"{folder / RECORD}: there is no such file; expected the report folder of a run")
    public = _public(keys)
    found = disagreements(folder, contract, public)
    for sentence in found:
        click.echo(sentence)
    if found:
        click.echo(f"{folder} does not say what its exchanges say")
        return ExitCode.BROKEN
    record = record_of(folder)
    tests = [row["id"] for row in record["results"] if row["exchanges"]]
    click.echo(f"record: {record['summary']['sentence']} (exit code {record['summary']['exitCode']})")
    click.echo(f"agrees: {len(tests)} tests judged again, and the reports made again")
    for line in _signed(folder, public):
        click.echo(line)
    click.echo("not shown: that the exchanges are true. Whoever has the server can see that:")
    for test in tests[:1]:
        click.echo(f"  {replay_line(folder, test)}")
    return ExitCode.HOLDS


def disagreements(folder: Path, contract: Path | None, keys: Mapping[Path, Any]) -> list[str]:
    """What does not agree in a folder, in sentences. TargetError when a certificate is there and its extra is not."""
    from contract_tests.certifying.verifying import has_certificate  # noqa: PLC0415 - the engine is slow to import
    from contract_tests.certifying.verifying import verify as of_report  # noqa: PLC0415 - as above

    rules = load_contract(contract)
    found = []
    if has_certificate(folder) or keys:
        from contract_tests.certifying.certificate import of_certificate  # noqa: PLC0415 - an extra

        found = list(of_certificate(folder, rules, keys))
    return [*found, *(one for one in of_report(folder, rules) if one not in found)]


def _public(paths: tuple[Path, ...]) -> Mapping[Path, Any]:
    if not paths:
        return {}
    from contract_tests.certifying.keys import public_key  # noqa: PLC0415 - an extra

    return {path: public_key(path) for path in paths}


def _signed(folder: Path, keys: Mapping[Path, Any]) -> list[str]:
    """Who has signed, in lines."""
    from contract_tests.certifying.verifying import has_certificate  # noqa: PLC0415 - the engine is slow to import

    if not has_certificate(folder):
        return ["no certificate: a report only, which anybody can have made"]
    from contract_tests.certifying.certificate import signatures  # noqa: PLC0415 - an extra

    told = signatures(folder, keys)
    lines = [f"signed: with {path}, key {keyid}" for path, keyid in told.by.items()]
    lines += [f"signed by somebody: key {keyid}; give its public key with --key to know whom" for keyid in told.others]
    return lines or ["not signed: nobody stands for this certificate"]
