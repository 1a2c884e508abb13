"""`hypervisor-emulator serve`: from options to a running server, and to a clean stop."""

from __future__ import annotations

import gc
import json
import os
import re
import secrets
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from emulator.app import create_app
from emulator.auth import Principal, User
from emulator.commands.options import option
from emulator.errors import StartError
from emulator.journal import CAPACITY
from emulator.seeding.seeds import builtin_seed
from emulator.serving import granian_server
from emulator.serving.server import Server, listen, make_room, url_of
from emulator.serving.workers import Workers, hear, ignore_stops
from emulator.settings import MEMORY, Settings
from emulator.store import Unit
from emulator.worlds import Worlds

OPEN = "open"
LOOKED_AT = 100
"""So many organizations, for an instance to try."""


@click.command(context_settings={"auto_envvar_prefix": "HYPERVISOR_EMULATOR"})
@option("--host", default="127.0.0.1", help="Address to listen on.")
@option("--port", type=click.IntRange(0, 65535), default=8795, help="Port to listen on; 0 takes a free one.")
@option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Written when it answers: JSON with url, pid, controlToken and contractVersion.",
)
@option(
    "--seed",
    "seeds",
    multiple=True,
    type=click.Path(path_type=Path),
    show_default=False,
    help="Seed file (YAML), or the name of a built-in one; repeatable.  [default: documentation-example]",
)
@option("--fleet", type=click.IntRange(0, 10_000_000), default=0, help="Add so many hosts, made up with Faker.")
@option("--random-seed", type=int, default=0, help="Seed of all that is drawn: machines, delays, fleet.")
@option("--contract", type=click.Path(path_type=Path), help="Another OpenAPI document than the built-in one.")
@option(
    "--auth",
    multiple=True,
    metavar="open|USER:PASSWORD",
    help="HTTP Basic credentials to ask for; repeatable. `open` asks for none, whatever users the seeds have.",
)
@option("--app-key", "app_keys", multiple=True, metavar="KEY", help="Application key to take; repeatable.")
@option(
    "--store",
    default=MEMORY,
    metavar="memory|sqlite:///FILE|postgresql://...",
    help="Where all is kept. A database is filled from the seeds when it is empty, and goes on as it is otherwise.",
)
@option("--workers", type=click.IntRange(1, 64), default=1, help="Processes that serve; more than one need a database.")
@option(
    "--server",
    type=click.Choice(["waitress", "granian"]),
    default="waitress",
    help="What serves: granian (an extra) takes less CPU, and lets slow clients stand in the way.",
)
@option("--timing", default="instant", metavar="instant|realistic|polls:N|FILE", help="How long actions take.")
@option(
    "--clock",
    default="real",
    metavar="real|frozen|xN",
    help="Time: real, standing still, or N times as fast.",
)
@option(
    "--trouble",
    multiple=True,
    metavar="NAME|FILE",
    show_default=False,
    help="Trouble to make, such as lawfully-restless or flaky, or a file of rules; repeatable.",
)
@option("--base-path", default="", metavar="/PATH", help="Serve the API below this path.")
@option("--no-control", is_flag=True, help="Leave out the control API (/_emulator/...).")
@option("--control-token", metavar="TOKEN", help="Token of the control API; drawn when not given.")
@option("--log-format", type=click.Choice(["text", "json", "none"]), default="text", help="Access log.")
@option(
    "--journal-bytes",
    type=click.IntRange(1),
    default=CAPACITY,
    metavar="BYTES",
    help="What the journal of a world keeps; the oldest requests go first.",
)
@option("--judge-client", is_flag=True, help="At the end, a verdict on the manners of the clients.")
@option("--fail-on-violation", is_flag=True, help="Judge the clients, and end with exit code 1 when one broke a rule.")
@option(
    "--report-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Judge the clients, and write client.xml (JUnit) and client.html there.",
)
@option("--stop-with-parent", is_flag=True, help="Stop when the process that started it has ended.")
def serve(**options: Any) -> int:
    """Serve the emulated API until SIGTERM or SIGINT."""
    parent = os.getppid()  # before anybody can know that it is ready, and leave
    settings = _settings(options)
    is_judging = options["judge_client"] or options["fail_on_violation"] or options["report_dir"]
    _refuse_workers(options["workers"], settings.store)
    if is_judging and (options["workers"] > 1 or options["server"] == "granian"):
        raise StartError(
            "--judge-client: the process that judges must be the one that serves; use --workers 1 and --server waitress"
        )
    if options["server"] == "granian":
        granian_server.check()
    worlds = Worlds(settings)
    conclude = _judging(worlds, options) if is_judging else lambda: 0
    listener = listen(settings.host, settings.port)
    goes_on = _has_parent(parent) if options["stop_with_parent"] else lambda: True

    url = url_of(settings.host, listener) + settings.base_path

    def announce() -> None:
        if options["ready_file"]:
            _write_ready_file(options["ready_file"], settings, url, worlds.contract.version)
        _announce(url, worlds)

    if options["server"] == "granian":
        granian_server.Server(settings, listener, options["workers"], announce, goes_on).run()
    elif options["workers"] == 1:
        _serve(settings, worlds, listener, goes_on, announce)
    else:
        _serve_by_workers(options["workers"], settings, worlds, listener, goes_on, announce)
    return conclude()


def _judging(worlds: Worlds, options: dict[str, Any]) -> Callable[[], int]:
    """From now on judge the clients; what is given tells the verdict at the end, and answers the exit code."""
    from emulator.judging.reports import conclude  # noqa: PLC0415 - a start without a verdict spares it
    from emulator.judging.worlds import Court  # noqa: PLC0415

    court = Court(worlds)
    return lambda: conclude(court.verdict(), options["report_dir"], fails=options["fail_on_violation"])


def _serve(
    settings: Settings,
    worlds: Worlds,
    listener: socket.socket,
    goes_on: Callable[[], bool],
    announce: Callable[[], None] = lambda: None,
) -> None:
    """Serve in this process until a signal says stop, or `goes_on` no longer holds."""
    make_room()
    server = Server(create_app(settings, worlds), listener)
    hear(server.stop)
    gc.freeze()  # what is there by now stays: no collection has to look at it
    announce()
    server.run(lambda: None if goes_on() else server.stop(), worlds.dismiss)
    ignore_stops()


def _serve_by_workers(
    count: int,
    settings: Settings,
    worlds: Worlds,
    listener: socket.socket,
    goes_on: Callable[[], bool],
    announce: Callable[[], None],
) -> None:
    """Serve in so many processes over one database."""
    parent = os.getpid()

    def work() -> None:
        worlds.let_go()
        _serve(settings, worlds, listener, _has_parent(parent))

    workers = Workers(count, work)
    if workers.start():
        announce()
        workers.watch(goes_on)


def _refuse_workers(count: int, store: str) -> None:
    if count > 1 and store == MEMORY:
        raise StartError(
            f"--workers {count}: the memory store is one process's own, and others would answer at random; "
            "give a store that they share, with --store sqlite:///FILE or postgresql://..."
        )


def _settings(options: dict[str, Any]) -> Settings:
    log_format = options["log_format"]
    return Settings(
        host=options["host"],
        port=options["port"],
        contract=options["contract"],
        seeds=tuple(builtin_seed(seed) or seed for seed in options["seeds"] or (Path("documentation-example"),)),
        fleet=options["fleet"],
        random_seed=options["random_seed"],
        store=options["store"],
        timing=options["timing"],
        clock=options["clock"],
        trouble=options["trouble"],
        users=_users(options["auth"], options["app_keys"]),
        base_path=_base_path(options["base_path"]),
        journal_bytes=options["journal_bytes"],
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
        "url": url,
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


def _announce(url: str, worlds: Worlds) -> None:
    """One line for scripts, one for people to try; in one piece, for scripts that read a line and close the pipe."""
    try:
        sys.stdout.write(f"Ready. {url}\nTry: curl {url}{_example_path(worlds)}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # or the flush at exit would fail again
        os.close(nowhere)


def _example_path(worlds: Worlds) -> str:
    """The path of an instance that is there, or of the organizations."""

    def look(unit: Unit) -> str:
        for organization in unit.organizations().part(0, LOOKED_AT):
            for host in unit.occupied(organization).part(0, 1):
                names = [quote(name, safe="") for name in host.path]
                return "/organizations/{}/environments/{}/hosts/{}/instance".format(*names)
        return "/organizations"

    return worlds.world().store.run(look, writes=False)


def _has_parent(parent: int) -> Callable[[], bool]:
    return lambda: os.getppid() == parent
