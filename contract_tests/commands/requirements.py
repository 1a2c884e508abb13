"""`contract-tests list` and `show ID`: the requirements, the tests that judge them, and what proves these tests."""

from __future__ import annotations

import json
from typing import Any

import click

from contract import Contract, Requirement, load_contract
from contract_tests.commands.options import SETTINGS, contract_option, option
from contract_tests.running.near import hint
from contract_tests.running.proof import proofs
from contract_tests.running.target import TargetError

EVERY_ANSWER = "every answer of every test"
BASES = {"D": "documented", "C": "relied on by the client", "P": "this project's clarification"}


@click.command("list", context_settings=SETTINGS)
@option("--tests", is_flag=True, help="List the tests instead, in the order in which they run.")
@option("--format", type=click.Choice(["text", "json"]), default="text", help="Lines for people, or one JSON document.")
@contract_option
def list_(**options: Any) -> int:
    """List the requirements of the contract, one a line: id, level, basis, number of tests and of faulty servers."""
    contract = load_contract(options["contract"])
    rows = _tests(contract) if options["tests"] else _requirements(contract)
    if options["format"] == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        width = max(len(row["id"]) for row in rows)
        for row in rows:
            click.echo(f"{row['id']:<{width}}  {_words(row)}".rstrip())
    return 0


def _requirements(contract: Contract) -> list[dict[str, Any]]:
    from contract_tests.running.plan import checks_of  # noqa: PLC0415 - the engine is slow to import

    tests, proven = checks_of(contract), proofs()
    return [
        {
            "id": one.id,
            "level": one.level,
            "basis": one.basis,
            "statement": one.statement,
            "feature": one.feature,
            "tests": [EVERY_ANSWER if test == "*" else test for test in tests[one.id]],
            "provenBy": proven.get(one.id, []),
        }
        for one in contract.requirements.values()
    ]


def _tests(contract: Contract) -> list[dict[str, Any]]:
    from contract_tests.running.plan import plan_for  # noqa: PLC0415 - as above

    return [
        {"id": one.id, "title": one.title, "level": str(one.level), "requirements": list(one.requirements)}
        for one in plan_for(contract)
    ]


def _words(row: dict[str, Any]) -> str:
    if "title" in row:
        return f"{row['level']:<7}  {', '.join(row['requirements'])}"
    proven = f", proven by {_counted(row['provenBy'], 'faulty server')}" if row["provenBy"] else ""
    judged = _counted(row["tests"], "test") if row["tests"] else "no test"
    return f"{row['level']:<6}  {row['basis']}  {judged}{proven}"


def _counted(rows: list[str], noun: str) -> str:
    return f"{len(rows)} {noun}{'s' if len(rows) != 1 else ''}"


@click.command(context_settings=SETTINGS)
@click.argument("requirement", metavar="ID")
@option("--format", type=click.Choice(["text", "json"]), default="text", help="Lines for people, or one JSON document.")
@contract_option
def show(**options: Any) -> int:
    """Show one requirement: its sentence, where it comes from, what it applies to, its tests, and what proves them."""
    contract = load_contract(options["contract"])
    requirement = contract.requirements.get(options["requirement"])
    if requirement is None:
        raise TargetError(_unknown(options["requirement"], contract))
    row = next(row for row in _requirements(contract) if row["id"] == requirement.id)
    if options["format"] == "json":
        click.echo(json.dumps(row, indent=2, ensure_ascii=False))
        return 0
    click.echo(f"{requirement.id}\n  {requirement.statement}\n")
    click.echo(f"  level     {requirement.level}\n  basis     {requirement.basis}: {BASES[requirement.basis]}")
    click.echo(f"  feature   {requirement.feature or 'none, it is part of the core'}")
    for name, values in _scope(requirement).items():
        click.echo(f"  {name:<9} {', '.join(values)}")
    click.echo(f"  tests     {', '.join(row['tests']) or 'none'}")
    click.echo(f"  proven by {', '.join(row['provenBy']) or 'no faulty server'}")
    return 0


def _unknown(name: str, contract: Contract) -> str:
    area = name.partition(".")[0]
    same = [known for known in contract.requirements if known.startswith(f"{area}.")]
    near = f"this area has {', '.join(same)}" if same else hint(name, contract.requirements)
    return f"there is no requirement {name!r}; {near or 'contract-tests list has them all'}"


def _scope(requirement: Requirement) -> dict[str, list[str]]:
    scope = requirement.scope
    rows = {
        "applies": sorted(scope.operations),
        "triggers": sorted(scope.triggers),
        "states": sorted(scope.states),
        "statuses": sorted(map(str, scope.statuses)),
    }
    return {name: values for name, values in rows.items() if values}
