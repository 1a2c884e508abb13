"""`hypervisor-emulator ctl URL ...`: the control API on the command line. URL may be that of a world, .../w/NAME."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from emulator.commands import ctl_machines
from emulator.commands.client import Control, read, show, with_control
from emulator.errors import StartError

LEVELS = ("organization", "environment", "host")


@click.group(context_settings={"auto_envvar_prefix": "HYPERVISOR_EMULATOR"})
@click.argument("url")
@click.option(
    "--control-token", metavar="TOKEN", show_envvar=True, help="Token of the control API; not needed on this machine."
)
@click.pass_context
def ctl(ctx: click.Context, url: str, control_token: str | None) -> None:
    """Steer the emulator, or the world, at URL."""
    ctx.obj = Control(url, control_token)


@ctl.group()
def clock() -> None:
    """Tell the time, or move it."""


@clock.command("show")
@with_control
def clockshow(control: Control, /) -> None:
    """Tell the emulated time."""
    show(control.get("clock"))


@clock.command("advance")
@click.argument("duration")
@with_control
def clock_advance(control: Control, /, duration: str) -> None:
    """Move on by DURATION, such as 90s or "10 min"."""
    show(control.post("clock", {"advance": duration}))


@clock.command("next")
@with_control
def clock_next(control: Control, /) -> None:
    """Move on to the next thing that is due."""
    show(control.post("clock", {"next": True}))


@clock.command("until")
@click.argument("state")
@click.argument("host", required=False)
@with_control
def clock_until(control: Control, /, state: str, host: str | None) -> None:
    """Move on until HOST is in STATE; HOST may be left out where only one is on its way."""
    show(control.post("clock", {"until": {"state": state, **({"host": host} if host else {})}}))


@clock.command("freeze")
@with_control
def clock_freeze(control: Control, /) -> None:
    """Let time stand still."""
    show(control.post("clock", {"rate": 0}))


@clock.command("run")
@click.argument("rate", type=click.FloatRange(min=0), default=1.0)
@with_control
def clock_run(control: Control, /, rate: float) -> None:
    """Let time pass, RATE times as fast as real time."""
    show(control.post("clock", {"rate": rate}))


@ctl.command()
@click.argument("part", required=False)
@with_control
def reset(control: Control, /, part: str | None) -> None:
    """Start again from the seeds: all, or PART alone, which is ORGANIZATION[/ENVIRONMENT[/HOST]]."""
    names = part.split("/") if part else []
    if len(names) > len(LEVELS):
        raise StartError(f"{part!r} is no part of a world; expected ORGANIZATION[/ENVIRONMENT[/HOST]]")
    show(control.post("reset", dict(zip(LEVELS, names, strict=False))))


@ctl.command()
@with_control
def seed(control: Control, /) -> None:
    """Read the seed files again, and start from what they say now."""
    show(control.post("reset", {"seeds": "reread"}))


@ctl.group()
def worlds() -> None:
    """List worlds, make and drop them."""


@worlds.command("list")
@with_control
def worlds_list(control: Control, /) -> None:
    """List them, with their paths."""
    for world in control.get("worlds")["worlds"]:
        click.echo(f"{world['name']}\t{world['path']}")


@worlds.command("make")
@click.argument("name", required=False)
@click.option("--fork", metavar="NAME", help="The world that it begins as a copy of.")
@click.option("--timing", help="instant, realistic or polls:N.")
@click.option("--clock", help="real, frozen or xN.")
@click.option("--random-seed", "randomSeed", type=int, help="Seed of all that is drawn.")
@with_control
def worlds_make(control: Control, /, **wish: Any) -> None:
    """Make a world, and print its path."""
    click.echo(control.post("worlds", {name: value for name, value in wish.items() if value is not None})["path"])


@worlds.command("drop")
@click.argument("name")
@with_control
def worlds_drop(control: Control, /, name: str) -> None:
    """Drop a world."""
    control.delete(f"worlds/{quote(name, safe='')}")


@ctl.group()
def snapshot() -> None:
    """Save all that the world is, or restore it."""


@snapshot.command("save")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@with_control
def snapshot_save(control: Control, /, file: Path) -> None:
    """Write the state of the world to FILE, a seed that leaves nothing open; - is standard output."""
    state = control.get("state")
    try:
        click.echo(state, nl=False) if str(file) == "-" else file.write_text(state, "utf-8")
    except OSError as error:
        raise StartError(f"{file}: cannot write it: {error.strerror}") from None


@snapshot.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@with_control
def snapshot_restore(control: Control, /, file: Path) -> None:
    """Make the world what FILE says, at once and whole; any seed file will do."""
    show(control.put("state", read(file)))


for command in ctl_machines.COMMANDS:
    ctl.add_command(command)
