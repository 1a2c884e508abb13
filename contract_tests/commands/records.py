"""`contract-tests render` and `compare`: what can be made of records that are there."""

from __future__ import annotations

from pathlib import Path

import click

from contract import load_contract
from contract_tests.commands.again import folder_argument
from contract_tests.commands.options import SETTINGS, contract_option
from contract_tests.running.outcomes import ExitCode
from contract_tests.running.target import TargetError


@click.command(context_settings=SETTINGS)
@folder_argument
@contract_option
def render(folder: Path, contract: Path | None) -> int:
    """Make the reports in DIR again, from its record and its exchanges.

    They come out the same to the byte wherever they are made. The certificate is left as it is.
    """
    from contract_tests.certifying.rendering import rendered  # noqa: PLC0415 - the engine is slow to import
    from contract_tests.running.again import record_of  # noqa: PLC0415 - as above

    record = record_of(folder)
    rules = load_contract(contract)
    if record["contract"]["sha256"] != rules.digest:
        raise TargetError(f"{folder}: this record was made by another contract; give its file with --contract")
    for name, content in rendered(folder, rules).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        click.echo(f"made: {path}")
    return ExitCode.HOLDS


@click.command(context_settings=SETTINGS)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def compare(old: Path, new: Path) -> int:
    """Say what got better and what got worse from the record in OLD to the one in NEW.

    Exit codes: 0 nothing got worse; 1 something did; 2 wrong usage.
    """
    from contract_tests.certifying.comparing import Change, differences, origins  # noqa: PLC0415 - slow to import
    from contract_tests.running.again import record_of  # noqa: PLC0415 - as above

    before, after = record_of(old), record_of(new)
    for sentence in origins(before, after):
        click.echo(sentence)
    found = differences(before, after)
    for difference in found:
        click.echo(str(difference))
    counts = {change: sum(one.change is change for one in found) for change in Change}
    told = ", ".join(f"{count} {change}" for change, count in counts.items() if count)
    click.echo(told or "nothing has changed")
    return ExitCode.BROKEN if counts[Change.WORSE] else ExitCode.HOLDS
