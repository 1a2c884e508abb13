"""`contract-tests load`: many users at once on a server, each answer judged."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from contract import Contract, load_contract
from contract_tests.commands.options import SETTINGS, option, report_dir, server_options, target_of
from contract_tests.loading.plan import RESULT, Figures, Plan, figures
from contract_tests.running.outcomes import ExitCode
from contract_tests.running.target import TargetError

LOCUSTFILE = Path(__file__).parents[1] / "loading" / "locustfile.py"
WORKER = "--worker"
LAST = "10"
"""Seconds: what was asked when the time of the load is over is waited for so long."""


@click.command(context_settings={**SETTINGS, "ignore_unknown_options": True})
@server_options
@option("--users", type=click.IntRange(1, 100_000), default=10, help="Users at a time.")
@option("--duration", type=click.FloatRange(1, 86_400), default=30.0, help="Seconds of load.")
@option("--settle-timeout", type=click.FloatRange(0.1, 86_400), default=180.0, help="Seconds that an action may take.")
@report_dir
@click.argument("locust", nargs=-1, type=click.UNPROCESSED)
def load(**options: Any) -> int:
    """Load the server at URL with users who walk the lifecycle, and judge every answer.

    Each user walks on a host of its own, as far as --host names enough; users who share one are held to the document
    alone. What stands after `--` goes to Locust: `-- --master --expect-workers 2` here, and the same command with
    `-- --worker --master-host THIS` on two other machines, are one load.

    Exit codes: 0 no rule was broken; 1 a MUST was; 2 wrong usage; 3 nothing was answered.
    """
    if importlib.util.find_spec("locust") is None:
        raise TargetError("load needs Locust: pip install 'hypervisor-emulator[load]'")
    contract = load_contract(options["contract"])
    plan = Plan(target_of(contract, options), contract, options["report_dir"], options["settle_timeout"])
    (plan.folder / RESULT).unlink(missing_ok=True)
    is_worker, users = WORKER in options["locust"], str(options["users"])
    command = [sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--skip-log"]
    amount = ["--headless", "--users", users, "--spawn-rate", users, "--run-time", f"{options['duration']:g}s"]
    ends = ("--stop-timeout", LAST, "--exit-code-on-error", "0")
    ended = subprocess.run(  # noqa: S603 - our own command line
        [*command, *(() if is_worker else amount), *ends, *options["locust"]],
        env=plan.environment(options["contract"]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if is_worker and not ended.returncode:
        return ExitCode.HOLDS  # what it has found stands in the report of its master
    if ended.returncode or not (plan.folder / RESULT).exists():
        raise TargetError(f"Locust ended with exit code {ended.returncode}: {_why(ended.stderr)}")
    return _told(contract, plan, figures(plan.folder))


def _why(said: str) -> str:
    """The line that says why Locust ended: the one about its options, if there is one, or the last."""
    lines = said.strip().splitlines() or ["no word of why"]
    return next((line for line in lines if line.startswith("locust: error:")), lines[-1])


def _told(contract: Contract, plan: Plan, found: Figures) -> int:
    """Print what came of it. The exit code."""
    console = Console(highlight=False)
    table = Table("operation", "answers", "a second", "without answer", "p50 ms", "p95 ms", "p99 ms", box=None)
    for row in found.requests:
        times = [f"{value:g}" for value in row["milliseconds"].values()]
        rate = f"{row['count'] / found.seconds:.0f}"
        table.add_row(row["operation"], str(row["count"]), rate, str(row["failed"]), *times)
    console.print(table)
    for row in found.broken:
        level = contract.requirements[row["name"]].level
        console.print(f"{row['name']}  {level}  {row['count']} times: {row['what']}", soft_wrap=True)
    musts = {row["name"] for row in found.broken if contract.requirements[row["name"]].level == "MUST"}
    answered = sum(row["count"] - row["failed"] for row in found.requests)
    rate = answered / found.seconds
    console.print(f"{answered} answers in {found.seconds:.1f} s, {rate:.0f} a second; report: {plan.folder / RESULT}")
    if not answered:
        console.print(f"verdict: none, nothing answers at {plan.target.url} (exit code {int(ExitCode.NO_VERDICT)})")
        return ExitCode.NO_VERDICT
    if musts:
        console.print(f"verdict: the contract is broken: {len(musts)} MUST failed (exit code {int(ExitCode.BROKEN)})")
        return ExitCode.BROKEN
    console.print("verdict: every answer is as the contract says (exit code 0)")
    return ExitCode.HOLDS
