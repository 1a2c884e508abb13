"""`hypervisor-emulator proxy UPSTREAM`: stands before a server, and judges both sides."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from contract import load_contract
from emulator.commands.options import option
from emulator.errors import StartError
from emulator.serving.server import Server, listen, make_room, url_of
from emulator.serving.workers import hear

HOST = "127.0.0.1"

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(context_settings={"auto_envvar_prefix": "HYPERVISOR_EMULATOR_PROXY"})
@click.argument("upstream")
@option("--port", type=click.IntRange(0, 65535), default=8795, help="Port to listen on; 0 takes a free one.")
@option("--contract", type=click.Path(path_type=Path), help="Another OpenAPI document than the built-in one.")
@option("--judge-client", is_flag=True, help="At the end, a verdict on the clients too.")
@option("--fail-on-violation", is_flag=True, help="End with exit code 1 when a judged side broke a rule.")
@option("--har", type=FILE, help="At the end, write what passed as an HTTP archive.")
@option("--seed-out", type=FILE, help="At the end, write what was seen as a seed, and its times as FILE.timing.")
@option("--report-dir", type=click.Path(file_okay=False, path_type=Path), help="Write verdicts there: JUnit and HTML.")
def proxy(upstream: str, **options: Any) -> int:
    """Pass requests on to the server at UPSTREAM until SIGTERM or SIGINT, and judge what it answers."""
    # here, because every command imports this module, and serve shall start without them
    from emulator.judging.reports import conclude  # noqa: PLC0415
    from emulator.proxying.keeping import write_archive, write_seed  # noqa: PLC0415
    from emulator.proxying.proxy import Proxy  # noqa: PLC0415
    from emulator.proxying.upstream import Upstream  # noqa: PLC0415

    contract = load_contract(options["contract"])
    passing = Proxy(contract, Upstream(upstream))
    for name in ("har", "seed_out"):
        _check_writable(options[name], name)
    listener = listen(HOST, options["port"])
    make_room()
    server = Server(passing, listener)
    hear(server.stop)
    sys.stdout.write(f"Ready. {url_of(HOST, listener)}\nJudges: {upstream}\n")
    sys.stdout.flush()
    server.run()
    if options["har"]:
        write_archive(passing.journal, options["har"])
    if options["seed_out"]:
        write_seed(passing.sights, contract, options["seed_out"])
    verdicts = [passing.server_verdict(), *([passing.client_verdict()] if options["judge_client"] else [])]
    return max(conclude(it, options["report_dir"], fails=options["fail_on_violation"]) for it in verdicts)


def _check_writable(path: Path | None, name: str) -> None:
    """StartError at the start, rather than at the end of a long day."""
    if path is not None and not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise StartError(f"--{name.replace('_', '-')} {path}: cannot be written; name a file in a folder that is there")
