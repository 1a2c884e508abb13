"""`hypervisor-emulator fleet`: a made-up platform as a seed file."""

from __future__ import annotations

import click


@click.command(context_settings={"auto_envvar_prefix": "HYPERVISOR_EMULATOR"})
@click.option("--hosts", type=click.IntRange(1, 10_000_000), required=True, show_envvar=True, help="How many hosts.")
@click.option(
    "--random-seed",
    type=int,
    default=0,
    show_default=True,
    show_envvar=True,
    help="The same seed gives the same bytes, on every machine.",
)
def fleet(hosts: int, random_seed: int) -> None:
    """Print a seed file with organizations, environments, hosts and machines that Faker made up."""
    from emulator.seeding.fleet import fleet_seed  # noqa: PLC0415 - it brings Faker, which no other command needs

    for part in fleet_seed(hosts, random_seed):
        click.echo(part, nl=False)
