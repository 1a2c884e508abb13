"""`contract-tests replay`, `rerun-failed` and `resume`: an earlier run, or some of its tests, once more."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract import load_contract
from contract_tests.commands.credentials import credentials
from contract_tests.commands.options import (
    SETTINGS,
    contract_option,
    credential_options,
    option,
    together,
    writable,
)
from contract_tests.commands.run import told
from contract_tests.commands.sealing import certified, sign_option, signers_of
from contract_tests.running.config import config_option
from contract_tests.running.near import hint
from contract_tests.running.outcomes import ExitCode
from contract_tests.running.target import TargetError

if TYPE_CHECKING:
    from contract_tests.running.again import Again

folder_argument = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_settle_timeout = option(
    "--settle-timeout",
    type=click.FloatRange(0.1, 86_400),
    help="Seconds that an accepted action may take.  [default: those of the record]",
)
_options = together(credential_options, _settle_timeout, contract_option, config_option)
_resume_options = together(credential_options, sign_option, contract_option, config_option)


@click.command(context_settings=SETTINGS)
@folder_argument
@click.argument("test", metavar="ID")
@_options
def replay(**options: Any) -> int:
    """Run one test of the run that wrote its report into DIR again, with the same seed.

    The server, the hosts and the level are those of the record; credentials are given anew. The report goes to
    DIR/replay. Exit codes as for run.
    """
    from contract_tests.running.again import compared, record_of, row_of  # noqa: PLC0415 - the engine is slow to import

    folder, test = options["folder"], options["test"]
    record = record_of(folder)
    if test not in record["plan"]["tests"]:
        near = hint(test, record["plan"]["tests"])
        raise TargetError(f"{folder}: this run had no test {test!r}; {near or 'record.json has them all, under plan'}")
    here = folder / "replay" / re.sub(r"[^\w.-]+", "-", test).strip("-")
    code = told(_again(options).setting(record, [test], writable(here)))
    if code != ExitCode.NO_VERDICT:
        click.echo(compared(row_of(record, test), row_of(record_of(here), test)))
    return code


@click.command("rerun-failed", context_settings=SETTINGS)
@folder_argument
@_options
def rerun_failed(**options: Any) -> int:
    """Run again what failed, stayed open or broke in the run that wrote its report into DIR, and nothing else.

    The new report takes the place of the old one, which is kept beside it: record.1.json and so on. Exit codes as for
    run.
    """
    from contract_tests.running.again import Kept, record_of, to_run_again  # noqa: PLC0415 - the engine is slow to import

    folder = options["folder"]
    record = record_of(folder)
    tests = to_run_again(record)
    if not tests:
        raise TargetError(f"{folder}: there is nothing to run again: no test failed, stayed open or broke")
    setting = _again(options).setting(record, tests, folder)
    kept = Kept(folder)
    kept.put_aside()
    code: int = ExitCode.NO_VERDICT
    try:
        code = told(setting)
    finally:
        if code == ExitCode.NO_VERDICT:
            kept.put_back()
    return code


@click.command(context_settings=SETTINGS)
@folder_argument
@_resume_options
def resume(**options: Any) -> int:
    """Go on with a run that was stopped, was killed or lost its server, where it broke off.

    Plan, server, hosts, level and seed are those of its record; credentials are given anew. What the run had judged is
    judged again from its exchanges; the test in which it broke off, and all after it, are sent. Exit codes as for run.
    """
    from contract_tests.running.again import record_of  # noqa: PLC0415 - the engine is slow to import
    from contract_tests.running.resuming import obstacle  # noqa: PLC0415 - as above

    folder = options["folder"]
    record = record_of(folder)
    setting = replace(_again(options).whole(record, writable(folder)), goes_on=True)
    if problem := obstacle(record, setting):
        raise TargetError(f"{folder}: {problem}")
    if setting.certification is None:
        return told(setting)
    return certified(setting, signers_of(options["sign"]))


def _again(options: dict[str, Any]) -> Again:
    from contract_tests.running.again import Again  # noqa: PLC0415 - as above

    return Again(load_contract(options["contract"]), credentials(options), options.get("settle_timeout"))
