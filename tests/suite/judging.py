"""How the tests run the suite: in this process, which is quick, or by its command line, as everybody does."""

from __future__ import annotations

import io
import os
import subprocess
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console

from contract_tests import library
from contract_tests.__main__ import main
from contract_tests.library import Judgement
from contract_tests.running.console import Narrator
from contract_tests.running.selection import Choice

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "fixtures" / "documentation-example.yaml"
HOST = "Guardis Test/Test Environment/test-host-on-Hyp3"
QUICK = (
    *("credentials", "legal", "refused", "read", "quiet", "locked", "locking", "pending", "new-machine"),
    *("chosen-bodies", "reading", "slashes", "methods"),
)
"""The checks that draw nothing: half the requests of a run, and all but a few of the requirements."""
VACANT = "Guardis Test/Test Environment/web-1"


@dataclass(frozen=True, slots=True)
class Verdict(Judgement):
    """What a run came to, and what a person reads of it."""

    text: str

    @property
    def code(self) -> int:
        """The exit code."""
        return self.exit_code


def judge(url: str, folder: Path, **options: Any) -> Verdict:
    """Run the suite in this process, with less of everything than it does by default.

    Options are those of contract_tests.library.judge, and `only`.
    """
    written = io.StringIO()
    chosen = {
        "random_seed": 7,
        "max_examples": 1,
        "settle_timeout": 2.0,
        "choice": Choice(only=tuple(options.pop("only", ()))),
        **options,
    }
    hosts = chosen.pop("hosts", (HOST,))
    watcher = Narrator(Console(file=written, highlight=False, soft_wrap=True))
    judgement = library.judge(url, hosts, folder, watcher=watcher, **chosen)
    return Verdict(judgement.exit_code, judgement.record, written.getvalue())


def command_line(*arguments: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `contract-tests` with these arguments and these variables besides, in this process: that is quick.

    What it does as a process of its own, and with a terminal, other tests look at.
    """
    words = [*arguments, *(("--report-dir", str(folder)) if folder else ())]
    out, err = io.StringIO(), io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(chdir(ROOT))
        stack.enter_context(patch.dict(os.environ, {**_clean_environment(), **environment}, clear=True))
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        code = main(words)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def _clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CONTRACT_")}
