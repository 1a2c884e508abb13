"""`contract-tests doctor`: whether a target is ready to be judged."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import click

from contract import load_contract
from contract_tests.commands.options import SETTINGS, report_dir, server_options, target_of
from contract_tests.running.outcomes import ExitCode
from contract_tests.running.target import HostName


@click.command(context_settings=SETTINGS)
@server_options
@report_dir
def doctor(**options: Any) -> int:
    """Tell whether the server at URL is ready for a run: reads only, and says what to do.

    Exit codes: 0 ready; 2 wrong usage; 3 not ready.
    """
    contract = load_contract(options["contract"])
    named = any(options["host"])
    target = target_of(contract, options if named else {**options, "host": ["a/b/c"]})
    if not named:
        target = replace(target, hosts=(_nobody(),))
    # imported late: the engine takes half a second, and a typing error shall be told at once
    from contract_tests.running.doctor import NO_HOST, Health, examine, show  # noqa: PLC0415

    rows = examine(contract, target, options["report_dir"])
    if not named:
        rows = [*(row for row in rows if row.host is None), NO_HOST]
    show(rows)
    is_ready = all(row.health is not Health.BAD for row in rows)
    click.echo("ready" if is_ready else "not ready")
    return ExitCode.HOLDS if is_ready else ExitCode.NO_VERDICT


def _nobody() -> HostName:
    """A host that no server has: its names end in 64 random bits."""
    return HostName(*(f"contract-tests-{secrets.randbits(64):016x}" for _ in range(3)))
