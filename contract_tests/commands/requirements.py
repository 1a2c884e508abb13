"""`contract-tests list` and `show ID`: the requirements, and the checks that judge them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from contract import Contract, Requirement, load_contract
from contract_tests.target import TargetError

_contract = click.option(
    "--contract",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar="CONTRACT_CONTRACT",
    show_envvar=True,
    help="Another contract than the built-in one.",
)

EVERY_ANSWER = "every answer of every check"


def _checks(contract: Contract) -> dict[str, list[str]]:
    from contract_tests.plan import checks_of  # noqa: PLC0415 - the engine is slow to import

    return {name: [EVERY_ANSWER if one == "*" else one for one in ids] for name, ids in checks_of(contract).items()}


@click.command("list")
@_contract
def list_(**options: Any) -> int:
    """List the requirements of the contract, one a line: id, level, basis, number of checks."""
    contract = load_contract(options["contract"])
    checks = _checks(contract)
    width = max(map(len, contract.requirements))
    for name, requirement in contract.requirements.items():
        count = len(checks[name])
        judged = f"{count} check{'s' if count != 1 else ''}" if count else "no check yet"
        click.echo(f"{name:<{width}}  {requirement.level:<6}  {requirement.basis}  {judged}")
    return 0


@click.command()
@click.argument("requirement", metavar="ID")
@_contract
def show(**options: Any) -> int:
    """Show one requirement: its sentence, where it comes from, what it applies to, and the checks that judge it."""
    contract = load_contract(options["contract"])
    requirement = contract.requirements.get(options["requirement"])
    if requirement is None:
        raise TargetError(_unknown(options["requirement"], contract))
    checks = _checks(contract)[requirement.id]
    basis = {"D": "documented", "C": "relied on by the client", "P": "this project's clarification"}[requirement.basis]
    click.echo(f"{requirement.id}\n  {requirement.statement}\n")
    click.echo(f"  level    {requirement.level}\n  basis    {requirement.basis}: {basis}")
    click.echo(f"  feature  {requirement.feature or 'none, it is part of the core'}")
    for line in _scope(requirement):
        click.echo(line)
    click.echo(f"  checks   {', '.join(checks) or 'none yet'}")
    return 0


def _unknown(name: str, contract: Contract) -> str:
    area = name.partition(".")[0]
    near = [known for known in contract.requirements if known.startswith(f"{area}.")]
    hint = f"this area has {', '.join(near)}" if near else "contract-tests list shows them all"
    return f"there is no requirement {name!r}; {hint}"


def _scope(requirement: Requirement) -> list[str]:
    scope = requirement.scope
    rows = {
        "applies": sorted(scope.operations),
        "triggers": sorted(scope.triggers),
        "states": sorted(scope.states),
        "statuses": sorted(map(str, scope.statuses)),
    }
    return [f"  {name:<8} {', '.join(values)}" for name, values in rows.items() if values]
