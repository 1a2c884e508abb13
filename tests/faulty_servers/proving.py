"""All that proves the suite, as one list: wrong servers, lawful ones, and the emulator with many seeds.

`make prove` tries them all and writes down what came of it; tests compare that with this list.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from contract import load_contract
from contract_tests.running.outcomes import ExitCode
from contract_tests.running.selection import Choice
from tests.faulty_servers.catalogue import FAULTS
from tests.faulty_servers.choosing import ANYWHERE, DEAR, EVERYWHERE, enough_for
from tests.faulty_servers.faults import Fault, pass_on
from tests.from_scratch.catalogue import STRANGERS
from tests.lawful_servers.catalogue import VARIANTS, Variant
from tests.suite.judging import HOST, VACANT, judge


class Wrong(Protocol):
    """A wrong server; its members are those of `Fault`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def says(self) -> str: ...  # noqa: D102
    @property
    def requirements(self) -> frozenset[str]: ...  # noqa: D102
    @property
    def options(self) -> Mapping[str, Any]: ...  # noqa: D102
    def start(self) -> AbstractContextManager[str]: ...  # noqa: D102


FAULTY: Mapping[str, Wrong] = {**FAULTS, **STRANGERS}
"""Every wrong server: the emulator with a change, and servers from scratch with a flaw."""

SURVIVORS: Mapping[str, str] = {}
"""Wrong servers that the suite does not catch, or not by these requirements alone, each with the reason."""


STRANGE = ("threaded-stranger", "streaming-stranger")
"""The lawful servers that are judged by the dearest tests too."""

SLOW = ("very-slow", "late-stranger", "guest-takes-its-time-over-a-shutdown")
"""The lawful servers whose every action is waited for."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What the suite said of a server: the requirements that failed, its exit code, its sentence, by how many tests."""

    name: str
    failed: tuple[str, ...]
    code: int
    sentence: str
    seconds: float
    tests: int


def try_faulty(name: str, *, whole: bool = False, beyond: tuple[str, ...] = ANYWHERE) -> Tried:
    """Judge a wrong server, by the tests that see its fault and by those beyond them, or by the whole plan."""
    wrong = FAULTY[name]
    options = {key: value for key, value in wrong.options.items() if key != "only"}
    only = () if whole else (*wrong.options.get("only", ()), *enough_for(wrong.requirements), *beyond)
    with wrong.start() as url:
        return _tried(name, url, {"choice": Choice(only=only), **options})


def is_killed(tried: Tried) -> bool:
    """Whether a wrong server was caught: by what it breaks, by nothing else, and with the exit code for it."""
    requirements = FAULTY[tried.name].requirements
    is_must = any(load_contract().requirements[name].level == "MUST" for name in requirements)
    codes = (ExitCode.BROKEN,) if is_must else (ExitCode.HOLDS, ExitCode.INCOMPLETE)
    return set(tried.failed) == requirements and tried.code in codes


def try_lawful(name: str) -> Tried:
    """Judge a lawful server by all but the dearest tests; some from scratch by these too, and slow ones by few."""
    variant: Variant = VARIANTS[name]
    choice = Choice() if name in STRANGE else Choice(only=EVERYWHERE) if name in SLOW else Choice(skip=DEAR[:3])
    with variant.start() as url:
        chosen = {"choice": choice, "settle_timeout": 20.0, "max_examples": 3}
        return _tried(name, url, {**chosen, **variant.options})


def try_seed(seed: int) -> Tried:
    """Judge the emulator on two hosts, whole and with all defaults, with this seed."""
    emulator = Fault("emulator", "No fault at all.", frozenset(), lambda: pass_on)
    with emulator.start() as url:
        return _tried(f"seed-{seed}", url, {"hosts": (HOST, VACANT), "random_seed": seed, "max_examples": 12})


def _tried(name: str, url: str, options: Mapping[str, Any]) -> Tried:
    with tempfile.TemporaryDirectory() as folder:
        verdict = judge(url, Path(folder), **options)
    failed = sorted(verdict.failed("MUST") | verdict.failed("SHOULD"))
    judged = [row for row in verdict.record["results"] if row["verdict"] != "not-run"]
    seconds = sum(row["seconds"] for row in judged)
    return Tried(name, tuple(failed), verdict.code, verdict.record["summary"]["sentence"], seconds, len(judged))


def digest() -> str:
    """Of what is claimed: names, what is wrong, what must go red, what is lawful. Changed claims want a new proof."""
    wrong = {one.name: [one.says, sorted(one.requirements)] for one in FAULTY.values()}
    lawful = {one.name: one.says for one in VARIANTS.values()}
    text = json.dumps([wrong, lawful, dict(SURVIVORS)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def by_requirement(caught: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Each requirement with the wrong servers that were caught at it."""
    found: dict[str, list[str]] = {}
    for name, requirements in caught.items():
        for requirement in requirements:
            found.setdefault(requirement, []).append(name)
    return found
