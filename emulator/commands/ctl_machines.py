"""What `ctl` tells of machines, and does to them: journal, acts, explanations, hypervisors, trouble."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from contract import parse_yaml
from emulator.commands.client import Control, read, show, with_control
from emulator.durations import seconds_of
from emulator.errors import StartError

PAUSE = 20.0
"""Real seconds that one look at the journal waits for more."""

RULE = ("kind", "name", "seen", "hits", "lawful")


@click.command()
@click.option("--last", type=click.IntRange(1, 10_000), help="At most so many, the newest.")
@click.option("--operation", help="Those to this operationId.")
@click.option("--host", help="Those about this host.")
@click.option("--status", type=click.IntRange(100, 599), help="Those with this status.")
@click.option("--follow", is_flag=True, help="Go on, with each request as it comes, until interrupted.")
@with_control
def journal(control: Control, /, last: int | None, host: str | None, *, follow: bool, **wanted: Any) -> None:
    """Tell what was asked and answered, a line each."""
    if host:
        wanted |= _found(control, host)
    entries = control.get("journal", query={"last": last, **wanted})["entries"]
    while True:
        for entry in entries:
            click.echo(_line(entry))
            wanted["since"] = entry["number"]
        if not follow:
            return
        entries = control.get("journal", query={"wait": PAUSE, **wanted}, seconds=PAUSE + 10)["entries"]


@click.command()
@click.option("--since", type=click.IntRange(0), default=0, help="Those after this number.")
@click.option("--follow", is_flag=True, help="Go on, with each event as it comes, until interrupted.")
@with_control
def events(control: Control, /, since: int, *, follow: bool) -> None:
    """Tell what happened, a line each: changes of states, moves of the clock, resets."""
    told = control.get("events", query={"since": since})
    while True:
        for event in told["events"]:
            click.echo(_event(event))
        if told["gap"]:
            click.echo(f"(events are missing: {told['gap']})", err=True)
        if not follow:
            return
        told = control.get("events", query={"since": told["next"], "wait": PAUSE}, seconds=PAUSE + 10)


@click.command()
@with_control
def har(control: Control, /) -> None:
    """Print the latest requests and their answers as an HTTP archive."""
    click.echo(json.dumps(control.get("journal.har")))


@click.command()
@with_control
def verdict(control: Control, /) -> int:
    """Judge the clients by their manners: exit code 0 when they are acquitted, 1 when not."""
    told = control.get("verdict")
    for finding in told["findings"]:
        click.echo(f"{finding['level']} {finding['rule']}: {finding['client']}: {finding['what']} ({finding['shown']})")
    click.echo(f"{'guilty' if told['guilty'] else 'acquitted'}, by {told['requests']} requests")
    return int(told["guilty"])


@click.command()
@click.argument("host")
@click.argument("act")
@click.option("--by", help="Who does it, for the audit.")
@with_control
def act(control: Control, /, host: str, act: str, by: str | None) -> None:
    """Let ACT happen to the machine of HOST, such as crash; `ctl URL acts` lists what can."""
    told = control.post("acts", {"act": act, **_found(control, host), **({"by": by} if by else {})})
    click.echo(f"{told['before']} -> {told['after']}")


@click.command()
@with_control
def acts(control: Control, /) -> None:
    """List what can happen to a machine without a request."""
    for row in control.get("acts")["acts"]:
        click.echo(f"{row['act']}\t{row['says']}")


@click.command()
@click.argument("host")
@click.argument("trigger")
@with_control
def explain(control: Control, /, host: str, trigger: str) -> None:
    """Say whether TRIGGER, such as pause, may fire on HOST now; if not, why, and what leads there."""
    told = control.get("explain", query={"trigger": trigger, **_found(control, host)})
    click.echo(f"{trigger} is {'legal' if told['allowed'] else 'refused'}: {told['reason'] or told['state']}")
    for step in told["way"] or ():
        click.echo(f"  {step['method']} {step['path']}  {step['from']} -> {' or '.join(step['to'])}")


@click.group()
def hypervisor() -> None:
    """List hypervisors, put one out of reach and back."""


@hypervisor.command("list")
@with_control
def hypervisor_list(control: Control, /) -> None:
    """List them."""
    for one in control.get("hypervisors")["hypervisors"]:
        until = f" until {one['until']}" if one["until"] else ""
        click.echo(f"{one['name']}\t{'up' if one['reachable'] else f'down{until}'}")


@hypervisor.command("down")
@click.argument("name")
@click.option("--for", "duration", help='Emulated time after which it is back, such as 90s or "10 min".')
@with_control
def hypervisor_down(control: Control, /, name: str, duration: str | None) -> None:
    """Put one out of reach: its machines read UNDEFINED."""
    try:
        limit = {} if duration is None else {"for": seconds_of(duration)}
    except ValueError as error:
        raise StartError(f"--for: {error}") from None
    show(control.post(_hypervisor(name), {"reachable": False, **limit}))


@hypervisor.command("up")
@click.argument("name")
@with_control
def hypervisor_up(control: Control, /, name: str) -> None:
    """Let one come back: its machines read what they are."""
    show(control.post(_hypervisor(name), {"reachable": True}))


@click.group()
def trouble() -> None:
    """See, make and end trouble."""


@trouble.command("show")
@with_control
def trouble_show(control: Control, /) -> None:
    """List the rules, with what has met them."""
    _tell(control.get("trouble"))


@trouble.command("set")
@click.argument("file_or_name")
@with_control
def trouble_set(control: Control, /, file_or_name: str) -> None:
    """Make the trouble of a YAML file, or a built-in one such as flaky, and no other."""
    path = Path(file_or_name)
    rules = parse_yaml(read(path).decode("utf-8", "replace"), path) if path.exists() else {"include": [file_or_name]}
    _tell(control.put("trouble", rules))


@trouble.command("clear")
@with_control
def trouble_clear(control: Control, /) -> None:
    """No more trouble."""
    control.delete("trouble")


def _tell(told: dict[str, Any]) -> None:
    for rule in told["rules"]:
        click.echo("  ".join(f"{member} {rule[member]}" for member in RULE))


def _line(entry: dict[str, Any]) -> str:
    """As the access log has it."""
    states = f" {entry['before']} -> {entry['after']}" if entry["after"] else ""
    message = f" {entry['message']}" if entry["message"] else ""
    request = f"#{entry['number']} {entry['at'][11:23]} {entry['method']} {entry['path']} {entry['status']}"
    return f"{request}{states}{message}"


def _event(event: dict[str, Any]) -> str:
    """Such as: #3 21:40:03.120 state Acme/Prod/web1 RUNNING -> STOPPED crash."""
    place = "/".join(event[level] for level in ("organization", "environment", "host") if event[level])
    change = f"{event['from']} -> {event['to']}" if event["to"] else ""
    words = (f"#{event['number']}", event["at"][11:23], event["kind"], place, change, event["cause"] or "")
    return " ".join(filter(None, words))


def _found(control: Control, host: str) -> dict[str, str]:
    """The names of the host that is meant, by the member that they are."""
    found: dict[str, str] = control.get("host", query={"name": host})
    return found


def _hypervisor(name: str) -> str:
    return f"hypervisors/{quote(name, safe='')}"


COMMANDS = (journal, events, har, verdict, act, acts, explain, hypervisor, trouble)
"""Those of `ctl` that are here."""
