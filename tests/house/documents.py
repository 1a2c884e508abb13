"""Runs the commands that the documents show, so that none of them goes stale.

A fenced block marked `sh` is run; all blocks of a document in order, in one shell, in a copy of the project.
`sh server` is one command that goes on: it is started in the background, awaited until it says `Ready.`, and
stopped after the last block. `console` only shows what one would see, and is not run.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.faulty_servers.choosing import DEAR
from tests.house.tree import ROOT, project_files, relative
from tests.patience import PATIENCE

DEFAULT_PORT = 8795

# `make` is only asked whether it knows the target: what the targets do is tested by running them, from CI.
PRELUDE = """\
set -eu
make() { command make --dry-run "$@" >/dev/null; }
servers=
block='the start'
finish() {
  status=$?
  trap - EXIT
  if [ "$status" != 0 ]; then echo "$block: exit code $status"; fi
  for server in $servers; do kill "$server" 2>/dev/null || true; done
  wait
  exit "$status"
}
trap finish EXIT
"""

START = """\
log="$PWD/.server-{line}.log"
: >"$log"
({{ exec {command}
}} >"$log" 2>&1) &
servers="$servers $!"
until grep -q '^Ready\\. ' "$log"; do
  kill -0 "$!" 2>/dev/null || {{ cat "$log"; exit 1; }}
  sleep 0.1
done
"""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its mark (`sh`, `sh server`, `console`, ...), its text, and where it begins."""

    mark: str
    text: str
    line: int


def blocks(document: Path) -> list[Block]:
    """The fenced blocks of a Markdown document, in order."""
    tokens = MarkdownIt().parse(document.read_text("utf-8"))
    return [
        Block(token.info.strip(), token.content, token.map[0] + 2)
        for token in tokens
        if token.type == "fence" and token.map
    ]


def copy_project(target: Path) -> None:
    """The project's files, without what tools leave behind, as a fresh clone has them."""
    for path in project_files():
        copy = target / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)


def run_blocks(document: Path, folder: Path) -> tuple[int, str]:
    """Runs the document's `sh` blocks in `folder`: the exit code, and all that they printed.

    The port that the documents speak of is replaced by a free one. A block that hangs ends with 124, as under
    `timeout`.
    """
    port = free_port()
    script = _script(document).replace(str(DEFAULT_PORT), str(port))
    environment = with_commands() | {"HYPERVISOR_EMULATOR_PORT": str(port)}
    log = folder / ".documents.log"
    with log.open("w") as output:
        shell = subprocess.Popen(
            ["sh", "-c", script],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            code = shell.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, 9)
            shell.wait()
            code = 124
    return code, log.read_text("utf-8", "replace")


def with_commands() -> dict[str, str]:
    """This environment, with the commands of the project on the PATH; what runs in a copy is not measured.

    Runs of the suite leave out what takes long: a command line is tried here, and not the suite.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    little = {"CONTRACT_MAX_EXAMPLES": "1", "CONTRACT_SKIP": "\n".join(DEAR)}
    return plain | little | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def _script(document: Path) -> str:
    return PRELUDE + "".join(
        f"block='{relative(document)}:{block.line}'\n"
        + (START.format(line=block.line, command=block.text) if block.mark == "sh server" else block.text)
        for block in blocks(document)
        if block.mark in {"sh", "sh server"}
    )


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
