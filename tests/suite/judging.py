"""How the tests run the suite: in this process, which is quick, or by its command line, as everybody does."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from contract import load_contract
from contract_tests.bench import Options
from contract_tests.console import Narrator
from contract_tests.runner import Runner
from contract_tests.target import Credentials, Level, Target, parse_host
from contract_tests.waiter import Timeouts

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "fixtures" / "documentation-example.yaml"
HOST = "Guardis Test/Test Environment/test-host-on-Hyp3"
QUICK = ("credentials", "walk", "chosen-bodies", "reading", "slashes", "methods")
"""The checks that draw nothing: half the requests of a run, and all but a few of the requirements."""
VACANT = "Guardis Test/Test Environment/web-1"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run came to: its exit code, what a person reads, and its record."""

    code: int
    text: str
    record: dict[str, Any]

    def failed(self, level: str = "MUST") -> set[str]:
        """The ids of the requirements of this level that failed."""
        levels = load_contract().requirements
        failed = [name for name, row in self.record["requirements"].items() if row["verdict"] == "failed"]
        return {name for name in failed if levels[name].level == level}

    def verdict(self, requirement: str) -> str:
        """The verdict of one requirement."""
        return str(self.record["requirements"][requirement]["verdict"])


def judge(url: str, folder: Path, **options: Any) -> Verdict:
    """Run the suite in this process. Options are those of the command line, by their names."""
    contract = load_contract(options.get("contract"))
    hosts = tuple(parse_host(text, contract) for text in options.get("hosts", (HOST,)))
    target = Target(
        url=url,
        hosts=hosts,
        credentials=options.get("credentials", Credentials()),
        level=options.get("level", Level.FULL),
        without=frozenset(options.get("without", ())),
    )
    written = io.StringIO()
    runner = Runner(
        contract=contract,
        target=target,
        options=Options(options.get("random_seed", 7), options.get("max_examples", 1), options.get("only", ())),
        timeouts=Timeouts.for_settling(options.get("settle_timeout", 2.0)),
        folder=folder,
        watcher=Narrator(Console(file=written, highlight=False, soft_wrap=True)),
    )
    code = runner.run()
    return Verdict(code, written.getvalue(), json.loads((folder / "record.json").read_text()))


def command_line(*arguments: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m contract_tests` with these arguments and these variables besides."""
    report = ("--report-dir", str(folder)) if folder else ()
    return subprocess.run(
        [sys.executable, "-m", "contract_tests", *arguments, *report],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=120,
        env={**_clean_environment(), **environment},
    )


def _clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CONTRACT_")}
