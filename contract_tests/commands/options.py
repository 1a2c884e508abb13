"""The options that say which server is meant and how it may be used, shared by the commands that talk to one."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from contract import Contract
from contract_tests.commands.credentials import SECRET_OPTIONS, credentials
from contract_tests.running.config import config_option
from contract_tests.running.near import hint
from contract_tests.running.target import (
    Credentials,
    HostName,
    Level,
    Target,
    TargetError,
    is_loopback,
    parse_host,
    parse_url,
    problem_with,
)

SETTINGS = {"auto_envvar_prefix": "CONTRACT"}
"""Every option has a variable: CONTRACT_ and its name in capitals."""

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Lines(click.ParamType[str]):
    """Text that may be said again; in the environment one a line, because names contain spaces."""

    name = "text"
    envvar_list_splitter = "\n"


def option(*names: str, **attributes: Any) -> Decorator:
    """An option whose help names its variable and its default."""
    return click.option(*names, show_envvar=True, show_default=True, **attributes)


def repeatable(name: str, metavar: str, text: str) -> Decorator:
    """An option that may be given several times."""
    return option(name, type=Lines(), multiple=True, metavar=metavar, help=f"{text}; repeatable.")


def together(*decorators: Decorator) -> Decorator:
    """Several options as one decorator, in the order of the help."""
    return lambda command: reduce(lambda inner, decorate: decorate(inner), reversed(decorators), command)


contract_option = option(
    "--contract",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar="CONTRACT_CONTRACT",
    help="Another contract than the built-in one.",
)
report_dir = option(
    "--report-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("contract-report"),
    help="Folder of the report.",
)
settle_timeout = option(
    "--settle-timeout",
    type=click.FloatRange(0.1, 86_400),
    default=180.0,
    help="Seconds that an accepted action may take.",
)
credential_options = together(option("--user", help="User for HTTP Basic."), *SECRET_OPTIONS)
server_options = together(
    click.argument("url", envvar="CONTRACT_URL"),
    repeatable("--host", "ORG/ENV/HOST", "A host that may be used"),
    credential_options,
    option(
        "--allow",
        type=click.Choice([str(level) for level in Level]),
        help="What may be done to the hosts: observe reads, power also changes the state of an instance that is there, "
        "full also makes and deletes instances.  [default: full for an address of this machine, observe for others]",
    ),
    option(
        "--foreign",
        metavar="ORG",
        help="An organization that is there and that these credentials may not use; only reading requests go there.",
    ),
    repeatable("--feature", "FEATURE", "An optional feature that the server has; named once, all others are not there"),
    repeatable("--without", "FEATURE", "An optional feature that the server does not have"),
    contract_option,
    config_option,
)


def target_of(contract: Contract, options: dict[str, Any]) -> Target:
    """The target that `server_options` describe. TargetError, one line, says what is wrong."""
    url = parse_url(options["url"])
    allow = options["allow"] or ("full" if is_loopback(url) else "observe")
    return Target(
        url=url,
        hosts=hosts_of(contract, options),
        credentials=credentials_of(options),
        level=Level[allow.upper()],
        without=without_of(contract, options),
        foreign=foreign_of(contract, options),
    )


def hosts_of(contract: Contract, options: dict[str, Any]) -> tuple[HostName, ...]:
    """The hosts that --host names, each once. TargetError when there is none."""
    hosts = tuple(dict.fromkeys(parse_host(text, contract) for text in options["host"] if text))
    if not hosts:
        raise TargetError("no host is named; give --host ORG/ENV/HOST: nothing is sent to any other")
    return hosts


def foreign_of(contract: Contract, options: dict[str, Any]) -> str | None:
    """The organization that the credentials may not use. TargetError when it is no name, or one of our own."""
    name: str | None = options["foreign"]
    if name is None:
        return None
    problem = problem_with(name, contract)
    if problem:
        raise TargetError(f"--foreign {name!r} is no name: {problem}")
    if any(host.organization == name for host in hosts_of(contract, options)):
        raise TargetError(f"--foreign {name!r}: a --host is of this organization; name another")
    return name


def credentials_of(options: dict[str, Any]) -> Credentials:
    """What the suite shows to be let in."""
    return credentials(options)


def without_of(contract: Contract, options: dict[str, Any]) -> frozenset[str]:
    """The features that the server does not have: those of --without, and all but those of --feature."""
    declared, without = (frozenset(options[name]) - {""} for name in ("feature", "without"))
    for name, values in (("--feature", declared), ("--without", without)):
        if unknown := sorted(values - set(contract.features)):
            raise TargetError(f"{name} {unknown[0]}: no such feature; {hint(unknown[0], contract.features)}")
    if both := sorted(declared & without):
        raise TargetError(f"--feature {both[0]} and --without {both[0]}: say one of them")
    return without | (frozenset(contract.features) - declared if declared else frozenset())


def writable(folder: Path) -> Path:
    """The folder, made. TargetError when nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "exchanges.ndjson").open("a").close()
    except OSError as error:
        raise TargetError(f"--report-dir {folder}: cannot write there: {error.strerror}") from None
    return folder
