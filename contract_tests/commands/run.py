"""`contract-tests run`: judge a server."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract import Contract, load_contract
from contract_tests.commands.options import (
    SETTINGS,
    option,
    repeatable,
    report_dir,
    server_options,
    settle_timeout,
    target_of,
    together,
    writable,
)
from contract_tests.running.outcomes import ExitCode
from contract_tests.running.target import TargetError

if TYPE_CHECKING:
    from contract_tests.running.bench import Options
    from contract_tests.running.setting import Setting

PROFILES = ("documented", "client", "full")

seed_options = together(
    option(
        "--random-seed",
        type=click.IntRange(min=0),
        help="Repeats a run: the same seed, the same requests.  [default: drawn, and shown]",
    ),
    option("--max-examples", type=click.IntRange(1, 100_000), default=12, help="Random examples for each operation."),
)


@click.command(context_settings=SETTINGS)
@server_options
@repeatable(
    "--only", "NAME", "This only: a test, check, operation, requirement, area, feature, or level of requirements"
)
@repeatable("--skip", "NAME", "Leave this out; likewise")
@option(
    "--profile",
    type=click.Choice(PROFILES),
    default=PROFILES[-1],
    help="The requirements that count: those of the documentation, those that the client relies on too, or all.",
)
@option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A TOML file of known failures, each with a reason and a day: they do not count until then.",
)
@click.option("--dry-run", is_flag=True, allow_from_autoenv=False, help="Print what would be done, and send nothing.")
@seed_options
@option("--workers", type=click.IntRange(1, 64), default=1, help="Tests at a time, each worker with a host of its own.")
@settle_timeout
@report_dir
def run(**options: Any) -> int:
    """Judge the server at URL by the contract.

    Exit codes: 0 every MUST that was judged holds; 1 a MUST failed; 2 wrong usage; 3 no verdict (nothing answers, no
    such server, credentials, no such host, or the suite broke); 4 incomplete.
    """
    setting = setting_of(options)
    if options["dry_run"]:
        return _forecast(setting)
    return told(setting)


def told(setting: Setting) -> int:
    """Make a run, and tell a person. Its exit code."""
    # imported late: the engine takes half a second, and a typing error shall be told at once
    from contract_tests.running.console import Narrator  # noqa: PLC0415
    from contract_tests.running.runner import Runner  # noqa: PLC0415

    narrator = Narrator()
    try:
        return Runner(setting, narrator).run()
    finally:
        narrator.close()


def _forecast(setting: Setting) -> int:
    """Say what a run would do."""
    from contract_tests.running.estimate import forecast  # noqa: PLC0415 - as above
    from contract_tests.running.plan import plan_for  # noqa: PLC0415
    from contract_tests.running.selection import select  # noqa: PLC0415

    tests = select(plan_for(setting.contract), setting.options.choice, setting.contract).tests
    hosts = ", ".join(map(str, setting.target.hosts))
    click.echo(f"{setting.target.url}, host {hosts}, level {setting.target.level}")
    for line in forecast(setting, tests).lines():
        click.echo(line)
    click.echo("nothing was sent")
    return ExitCode.HOLDS


def setting_of(options: dict[str, Any]) -> Setting:
    """What the options ask for. TargetError and ContractError, one line, say what is wrong with them."""
    contract = load_contract(options["contract"])
    target = target_of(contract, options)
    if options["workers"] > len(target.hosts):
        raise TargetError(
            f"--workers {options['workers']}: each needs a host of its own, and {len(target.hosts)} are named; "
            "give more --host"
        )
    from contract_tests.moving.waiter import Timeouts  # noqa: PLC0415
    from contract_tests.running.setting import Setting  # noqa: PLC0415 - as above

    return Setting(
        contract=contract,
        target=target,
        options=_options(contract, options),
        timeouts=Timeouts.for_settling(options["settle_timeout"]),
        folder=options["report_dir"] if options["dry_run"] else writable(options["report_dir"]),
    )


def _options(contract: Contract, options: dict[str, Any]) -> Options:
    from contract_tests.running.baseline import NOTHING_KNOWN, read_baseline  # noqa: PLC0415 - as above
    from contract_tests.running.bench import Options  # noqa: PLC0415
    from contract_tests.running.selection import Choice  # noqa: PLC0415

    only, skip = (tuple(name for name in options[kind] if name) for kind in ("only", "skip"))
    if declared := sorted(set(options["feature"]) & set(skip)):
        raise TargetError(f"--skip {declared[0]}: --feature says that it is there, and what is claimed is judged")
    seed, baseline = options["random_seed"], options["baseline"]
    return Options(
        random_seed=secrets.randbelow(2**32) if seed is None else seed,
        max_examples=options["max_examples"],
        choice=Choice(only, skip, options["profile"]),
        baseline=read_baseline(baseline, _ids(contract)) if baseline else NOTHING_KNOWN,
        workers=options["workers"],
    )


def _ids(contract: Contract) -> list[str]:
    """What a row of a baseline may name."""
    from contract_tests.running.plan import plan_for  # noqa: PLC0415 - as above

    return [*contract.requirements, *(check.id for check in plan_for(contract))]
