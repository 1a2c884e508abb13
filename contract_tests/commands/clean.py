"""`contract-tests clean`: remove what a run left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from contract import load_contract
from contract_tests.commands.again import folder_argument
from contract_tests.commands.credentials import credentials
from contract_tests.commands.options import (
    SETTINGS,
    contract_option,
    credential_options,
    settle_timeout,
)
from contract_tests.running.config import config_option
from contract_tests.running.outcomes import ExitCode
from contract_tests.running.target import TargetError


@click.command(context_settings=SETTINGS)
@folder_argument
@credential_options
@settle_timeout
@contract_option
@config_option
def clean(**options: Any) -> int:
    """Remove what the runs that wrote their reports into DIR left on their servers.

    Only what the journal there says was made by the suite, and only the machine that it knows. Exit codes: 0 nothing is
    left; 2 wrong usage; 4 something is left.
    """
    contract = load_contract(options["contract"])
    folder: Path = options["folder"]
    # imported late: the engine takes half a second, and a typing error shall be told at once
    from contract_tests.moving.waiter import Timeouts  # noqa: PLC0415
    from contract_tests.running.cleaning import Cleaner, journals  # noqa: PLC0415

    paths = journals(folder)
    if not paths:
        raise TargetError(f"{folder}: there is no journal.jsonl; expected the report folder of a run")
    cleaner = Cleaner(contract, credentials(options), Timeouts.for_settling(options["settle_timeout"]))
    is_clean = True
    for path in paths:
        for deed in cleaner.clean(path):
            click.echo(str(deed))
            is_clean = is_clean and deed.done
    click.echo("nothing is left" if is_clean else "something is left")
    return ExitCode.HOLDS if is_clean else ExitCode.INCOMPLETE
