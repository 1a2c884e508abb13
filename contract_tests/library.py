"""The suite as a library: judge a server from a program, without a command line and without a word on the terminal.

from contract_tests.library import judge

verdict = judge("http://127.0.0.1:8795", ["Acme/Prod/web1"], Path("report"))
assert verdict.exit_code == 0, verdict.sentence
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract import Contract, load_contract
from contract_tests.moving.waiter import Timeouts
from contract_tests.running.baseline import NOTHING_KNOWN, Baseline
from contract_tests.running.bench import Options
from contract_tests.running.registry import Check
from contract_tests.running.runner import Runner, Watcher
from contract_tests.running.selection import EVERYTHING, Choice
from contract_tests.running.setting import Setting
from contract_tests.running.summary import CheckOutcome, Summary
from contract_tests.running.target import Credentials, Level, Target, is_loopback, parse_host, parse_url


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a run came to. `exit_code` is that of the command line, `record` the content of record.json."""

    exit_code: int
    record: Mapping[str, Any]

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return str(self.record["summary"]["sentence"])

    def verdict(self, requirement: str) -> str:
        """The verdict of one requirement."""
        return str(self.record["requirements"][requirement]["verdict"])

    def failed(self, level: str = "MUST") -> set[str]:
        """The ids of the requirements of this level that failed."""
        rows = self.record["requirements"].items()
        return {name for name, row in rows if row["verdict"] == "failed" and row["level"] == level}


class Silent:
    """A watcher that says nothing."""

    def started(self, setting: Setting, plan: Sequence[Check], remarks: Sequence[str]) -> None:
        """Nothing is said."""

    def begins(self, check: Check) -> None:
        """Nothing is said."""

    def ended(self, outcome: CheckOutcome) -> None:
        """Nothing is said."""

    def no_verdict(self, sentence: str) -> None:
        """Nothing is said."""

    def finished(self, contract: Contract, summary: Summary, outcomes: Sequence[CheckOutcome], folder: Path) -> None:
        """Nothing is said."""


def judge(  # noqa: PLR0913 - the options of the command line, each with its default
    url: str,
    hosts: Iterable[str],
    report_dir: Path,
    *,
    credentials: Credentials | None = None,
    level: Level | None = None,
    without: Iterable[str] = (),
    foreign: str | None = None,
    contract: Path | None = None,
    choice: Choice = EVERYTHING,
    baseline: Baseline = NOTHING_KNOWN,
    random_seed: int | None = None,
    max_examples: int = 12,
    settle_timeout: float = 180.0,
    workers: int = 1,
    certification: Mapping[str, str] | None = None,
    watcher: Watcher | None = None,
) -> Judgement:
    """Judge the server at a URL by what may be done to the hosts, each ORG/ENV/HOST; the report goes into a folder.

    Defaults are those of `contract-tests run`; `settle_timeout` is in seconds. TargetError and ContractError say in one
    line what cannot be used.
    """
    rules, address = load_contract(contract), parse_url(url)
    setting = Setting(
        contract=rules,
        target=Target(
            url=address,
            hosts=tuple(dict.fromkeys(parse_host(host, rules) for host in hosts)),
            credentials=credentials or Credentials(),
            level=level if level is not None else Level.FULL if is_loopback(address) else Level.OBSERVE,
            without=frozenset(without),
            foreign=foreign,
        ),
        options=Options(
            random_seed=secrets.randbelow(2**32) if random_seed is None else random_seed,
            max_examples=max_examples,
            choice=choice,
            baseline=baseline,
            workers=workers,
        ),
        timeouts=Timeouts.for_settling(settle_timeout),
        folder=report_dir,
        certification=certification,
    )
    code = Runner(setting, watcher or Silent()).run()
    return Judgement(code, json.loads((report_dir / "record.json").read_text("utf-8")))
