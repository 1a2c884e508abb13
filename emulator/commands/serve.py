"""`hypervisor-emulator serve`: from options to a running server, and to a clean stop."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from emulator.app import create_app
from emulator.auth import Principal, User
from emulator.errors import StartError
from emulator.seeds import builtin_seed
from emulator.server import Server
from emulator.settings import Settings
from emulator.worlds import Worlds

OPEN = "open"
HOSTS_LOOKED_AT = 1000
"""So many in an environment, for one with an instance to try."""

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def _option(*names: str, **attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(*names, show_envvar=True, show_default=attributes.pop("show_default", True), **attributes)


@click.command(context_settings={"auto_envvar_prefix": "HYPERVISOR_EMULATOR"})
@_option("--host", default="127.0.0.1", help="Address to listen on.")
@_option("--port", type=click.IntRange(0, 65535), default=8795, help="Port to listen on; 0 takes a free one.")
@_option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Written when it answers: JSON with url, pid, controlToken and contractVersion.",
)
@_option(
    "--seed",
    "seeds",
    multiple=True,
    type=click.Path(path_type=Path),
    show_default=False,
    help="Seed file (YAML), or the name of a built-in one; repeatable.  [default: documentation-example]",
)
@_option("--fleet", type=click.IntRange(0, 10_000_000), default=0, help="Add so many hosts, made up with Faker.")
@_option("--random-seed", type=int, default=0, help="Seed of all that is drawn: machines, delays, fleet.")
@_option("--contract", type=click.Path(path_type=Path), help="Another OpenAPI document than the built-in one.")
@_option(
    "--auth",
    multiple=True,
    metavar="open|USER:PASSWORD",
    help="HTTP Basic credentials to ask for; repeatable. `open` asks for none, whatever users the seeds have.",
)
@_option("--app-key", "app_keys", multiple=True, metavar="KEY", help="Application key to take; repeatable.")
@_option("--timing", default="instant", metavar="instant|realistic|polls:N|FILE", help="How long actions take.")
@_option(
    "--clock",
    default="real",
    metavar="real|frozen|xN",
    help="Time: real, standing still, or N times as fast.",
)
@_option("--base-path", default="", metavar="/PATH", help="Serve the API below this path.")
@_option("--no-control", is_flag=True, help="Leave out the control API (/_emulator/...).")
@_option("--control-token", metavar="TOKEN", help="Token of the control API; drawn when not given.")
@_option("--log-format", type=click.Choice(["text", "json", "none"]), default="text", help="Access log.")
@_option("--stop-with-parent", is_flag=True, help="Stop when the process that started it has ended.")
def serve(**options: Any) -> int:
    """Serve the emulated API until SIGTERM or SIGINT."""
    parent = os.getppid()  # before anybody can know that it is ready, and leave
    settings = _settings(options)
    worlds = Worlds(settings)
    server = Server(create_app(settings, worlds), settings.host, settings.port)
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: server.stop())
    if options["ready_file"]:
        _write_ready_file(options["ready_file"], settings, server.url, worlds.contract.version)
    _announce(server.url, settings.base_path, worlds)
    server.run(_orphan_check(server, parent) if options["stop_with_parent"] else lambda: None)
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # a second one must not turn this end into another, as Python goes down
    return 0


def _settings(options: dict[str, Any]) -> Settings:
    log_format = options["log_format"]
    return Settings(
        host=options["host"],
        port=options["port"],
        contract=options["contract"],
        seeds=tuple(builtin_seed(seed) or seed for seed in options["seeds"] or (Path("documentation-example"),)),
        fleet=options["fleet"],
        random_seed=options["random_seed"],
        timing=options["timing"],
        clock=options["clock"],
        users=_users(options["auth"], options["app_keys"]),
        base_path=_base_path(options["base_path"]),
        log_format=None if log_format == "none" else log_format,
        control=not options["no_control"],
        control_token=options["control_token"] or secrets.token_urlsafe(24),
    )


def _users(auth: tuple[str, ...], app_keys: tuple[str, ...]) -> tuple[User, ...] | None:
    """Who may ask: nobody in particular (an open server), those named here, or None for those of the seeds."""
    if OPEN in auth:
        if len(auth) > 1 or app_keys:
            raise StartError("--auth open asks for no credentials: give it alone, or leave it out")
        return ()
    users = [_user(text) for text in auth]
    users += [User(Principal(f"key-{number}"), app_keys=(key,)) for number, key in enumerate(app_keys, 1)]
    return tuple(users) or None


def _user(text: str) -> User:
    name, colon, password = text.partition(":")
    if not colon or not name:
        raise StartError("--auth: expected open, or USER:PASSWORD with a colon between them")
    return User(Principal(name, name), password)


def _base_path(text: str) -> str:
    path = text.removesuffix("/")
    if not re.fullmatch(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", path):
        raise StartError(f"--base-path {text!r}: expected a path of letters, digits, '-', '_' and '.', such as /api/v1")
    return path


def _write_ready_file(path: Path, settings: Settings, url: str, contract_version: str) -> None:
    """Write it whole or not at all: a reader never sees half a file."""
    content = {
        "url": url + settings.base_path,
        "pid": os.getpid(),
        "controlToken": settings.control_token if settings.control else None,
        "contractVersion": contract_version,
    }
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(content) + "\n")
        draft.rename(path)
    except OSError as error:
        raise StartError(f"--ready-file {path}: cannot write it: {error.strerror}") from None


def _announce(url: str, base_path: str, worlds: Worlds) -> None:
    """One line for scripts, one for people to try; in one piece, for scripts that read a line and close the pipe."""
    try:
        sys.stdout.write(f"Ready. {url}{base_path}\nTry: curl {url}{base_path}{_example_path(worlds)}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # or the flush at exit would fail again
        os.close(nowhere)


def _example_path(worlds: Worlds) -> str:
    """The path of an instance that is there, or of the organizations."""
    with worlds.world().store.unit() as unit:
        environments = [
            environment
            for organization in unit.organizations().values()
            for environment in organization.environments.values()
        ]
        for environment in environments:
            for host in islice(environment.hosts.values(), HOSTS_LOOKED_AT):
                if host.instance is not None:
                    names = [quote(name, safe="") for name in host.path]
                    return "/organizations/{}/environments/{}/hosts/{}/instance".format(*names)
    return "/organizations"


def _orphan_check(server: Server, parent: int) -> Callable[[], None]:
    def check() -> None:
        if os.getppid() != parent:
            server.stop()

    return check
