"""`contract-tests run`: judge a server."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from contract import Contract, load_contract
from contract_tests.target import Credentials, Level, Target, TargetError, is_loopback, parse_host, parse_url


class _Lines(click.ParamType[str]):
    """Text that may be said again; in the environment one a line, because names contain spaces."""

    name = "text"
    envvar_list_splitter = "\n"


def _option(*names: str, **attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(*names, show_envvar=True, show_default=True, **attributes)


@click.command(context_settings={"auto_envvar_prefix": "CONTRACT"})
@click.argument("url", envvar="CONTRACT_URL")
@_option(
    "--host",
    type=_Lines(),
    multiple=True,
    metavar="ORG/ENV/HOST",
    help="A host that may be used; repeatable. Most checks use the first.",
)
@_option("--user", help="User for HTTP Basic.")
@_option("--password", help="Password; give it by the environment, where no process list shows it.")
@_option("--app-key", help="Application key; likewise.")
@_option(
    "--allow",
    type=click.Choice([str(level) for level in Level]),
    help="What may be done to the hosts: observe reads, power also changes the state of an instance that is there, "
    "full also makes and deletes instances.  [default: full for an address of this machine, observe for others]",
)
@_option(
    "--without",
    type=_Lines(),
    multiple=True,
    metavar="FEATURE",
    help="An optional feature that the server does not have; repeatable.",
)
@_option("--contract", type=click.Path(path_type=Path), metavar="FILE", help="Another contract than the built-in one.")
@_option(
    "--random-seed",
    type=click.IntRange(min=0),
    help="Repeats a run: the same seed, the same requests.  [default: drawn, and shown]",
)
@_option("--max-examples", type=click.IntRange(1, 100_000), default=12, help="Random examples for each operation.")
@_option(
    "--settle-timeout",
    type=click.FloatRange(0.1, 86_400),
    default=180.0,
    help="Seconds that an accepted action may take.",
)
@_option(
    "--report-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("contract-report"),
    help="Folder for record.json and exchanges.ndjson.",
)
def run(**options: Any) -> int:
    """Judge the server at URL by the contract.

    Exit codes: 0 every MUST that the suite judges holds; 1 a MUST failed; 2 wrong usage; 3 no verdict (nothing
    answers, no such server, credentials, no such host, or the suite broke); 4 incomplete.
    """
    contract = load_contract(options["contract"])
    target = _target(contract, options)
    # imported late: the engine takes half a second, and a typing error shall be told at once
    from contract_tests.bench import Options  # noqa: PLC0415
    from contract_tests.console import Narrator  # noqa: PLC0415
    from contract_tests.runner import Runner  # noqa: PLC0415
    from contract_tests.waiter import Timeouts  # noqa: PLC0415

    seed = options["random_seed"]
    runner = Runner(
        contract=contract,
        target=target,
        options=Options(secrets.randbelow(2**32) if seed is None else seed, options["max_examples"]),
        timeouts=Timeouts.for_settling(options["settle_timeout"]),
        folder=_folder(options["report_dir"]),
        watcher=Narrator(),
    )
    return runner.run()


def _target(contract: Contract, options: dict[str, Any]) -> Target:
    url = parse_url(options["url"])
    hosts = tuple(dict.fromkeys(parse_host(text, contract) for text in options["host"] if text))
    if not hosts:
        raise TargetError("no host is named; give --host ORG/ENV/HOST: nothing is sent to any other")
    if options["password"] is not None and options["user"] is None:
        raise TargetError("--password is given without --user; give both")
    without = frozenset(options["without"]) - {""}
    if unknown := sorted(without - set(contract.features)):
        raise TargetError(f"--without {unknown[0]}: no such feature; expected one of {', '.join(contract.features)}")
    allow = options["allow"] or ("full" if is_loopback(url) else "observe")
    return Target(
        url=url,
        hosts=hosts,
        credentials=Credentials(options["user"], options["password"], options["app_key"]),
        level=Level[allow.upper()],
        without=without,
    )


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
        (path / "exchanges.ndjson").touch()
    except OSError as error:
        raise TargetError(f"--report-dir {path}: cannot write there: {error.strerror}") from None
    return path
