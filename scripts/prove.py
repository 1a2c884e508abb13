"""Proves the contract suite: every wrong server is caught by what it breaks, no lawful one is blamed, no seed is red.

Writes docs/proof.md and contract_tests/proof.json, unless less than all of it was asked for. Exit code 1 when a wrong
server survives without a reason, a lawful one is blamed, or the emulator is not green with some seed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from contract import load_contract
from tests.faulty_servers import proving
from tests.faulty_servers.choosing import ANYWHERE
from tests.faulty_servers.proving import FAULTY, SURVIVORS, Tried
from tests.lawful_servers.catalogue import VARIANTS

ROOT = Path(__file__).resolve().parents[1]
PAGE, DATA = ROOT / "docs" / "proof.md", ROOT / "contract_tests" / "proof.json"
SEEDS, WORKERS, FEW = 20, 4, 8
"""How much is tried; how many at a time, for half of it is waiting; of how many the machine is to blame at first."""

WHOLE = "by the whole plan"
ENOUGH = (
    "by the tests that judge\nthe requirements that it breaks, and by those that go through all states; "
    "`make prove ARGS=--whole` judges each by\nthe whole plan"
)


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of all trials."""

    faulty: Mapping[str, Tried]
    lawful: Mapping[str, Tried]
    seeds: Mapping[str, Tried]

    def failures(self) -> Iterator[str]:
        """What is not as it should be, in words."""
        for name, tried in self.faulty.items():
            if not proving.is_killed(tried) and name not in SURVIVORS:
                wanted = ", ".join(sorted(FAULTY[name].requirements))
                yield f"{name} survived: {wanted} must fail; {', '.join(tried.failed) or 'nothing'} did ({tried.code})"
        for name in SURVIVORS.keys() & self.faulty.keys():
            if proving.is_killed(self.faulty[name]):
                yield f"{name} is listed as a survivor, and was caught: take it off the list"
        for name, tried in {**self.lawful, **self.seeds}.items():
            if tried.code or tried.failed:
                yield f"{name} was blamed: {', '.join(tried.failed) or tried.sentence} ({tried.code})"


def main() -> int:
    """Exit code 0 when everything is proven."""
    arguments = _arguments()
    begin = time.monotonic()
    proof = _try_all(arguments)
    failures = list(proof.failures())
    for failure in failures:
        print(f"prove: {failure}", file=sys.stderr)
    everything = not arguments.names and not arguments.own
    if everything:
        DATA.write_text(json.dumps(_data(proof), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        PAGE.write_text(_page(proof, whole=arguments.whole), encoding="utf-8")
    killed = sum(map(proving.is_killed, proof.faulty.values()))
    green = sum(not tried.code for tried in proof.lawful.values())
    print(
        f"{killed} of {len(proof.faulty)} wrong servers caught, {green} of {len(proof.lawful)} lawful ones green, "
        f"{sum(not tried.code for tried in proof.seeds.values())} of {len(proof.seeds)} seeds green, "
        f"in {time.monotonic() - begin:.0f} s"
    )
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these servers; nothing is written then")
    parser.add_argument(
        "--seeds", type=int, default=SEEDS, metavar="N", help=f"seeds for the emulator, {SEEDS} by default"
    )
    parser.add_argument("--workers", type=int, default=WORKERS, metavar="N", help=f"{WORKERS} by default")
    plan = parser.add_mutually_exclusive_group()
    plan.add_argument("--whole", action="store_true", help="judge wrong servers by the whole plan: takes an hour")
    plan.add_argument(
        "--own",
        action="store_true",
        help="judge wrong servers by the tests of what they break; nothing is written then",
    )
    return parser.parse_args()


def _try_all(arguments: argparse.Namespace) -> Proof:
    wanted = set(arguments.names or [*FAULTY, *VARIANTS])
    unknown = wanted - FAULTY.keys() - VARIANTS.keys()
    if unknown:
        raise SystemExit(f"prove: there is no server {min(unknown)}")
    seeds = range(0 if arguments.names else arguments.seeds)
    plan = {"whole": arguments.whole, "beyond": () if arguments.own else ANYWHERE}
    jobs: list[partial[Tried]] = [
        *(partial(proving.try_lawful, name) for name in VARIANTS if name in wanted),
        *(partial(proving.try_seed, seed) for seed in seeds),
        *(partial(proving.try_faulty, name, **plan) for name in FAULTY if name in wanted),
    ]
    named = {_name_of(job): job for job in jobs}
    tried = {one.name: one for one in _run(jobs, arguments.workers)}
    unlike = [name for name, one in tried.items() if not _is_as_it_should_be(one)]
    if unlike and len(unlike) <= FEW:
        # on a machine with other work a server may be late; what is really wrong is so again
        print(f"once more, alone: {', '.join(unlike)}", flush=True)
        tried |= {one.name: one for one in _run([named[name] for name in unlike], 1)}
    return Proof(
        faulty={name: tried[name] for name in FAULTY if name in wanted},
        lawful={name: tried[name] for name in VARIANTS if name in wanted},
        seeds={f"seed-{seed}": tried[f"seed-{seed}"] for seed in seeds},
    )


def _name_of(job: partial[Tried]) -> str:
    return str(job.args[0]) if job.func is not proving.try_seed else f"seed-{job.args[0]}"


def _is_as_it_should_be(tried: Tried) -> bool:
    return proving.is_killed(tried) if tried.name in FAULTY else not (tried.code or tried.failed)


def _run(jobs: list[partial[Tried]], workers: int) -> Iterator[Tried]:
    with ProcessPoolExecutor(workers) as pool:
        for number, future in enumerate(as_completed([pool.submit(job) for job in jobs]), start=1):
            tried = future.result()
            said = " ".join(tried.failed) or (tried.sentence if tried.code else "")
            by = f"{tried.tests:3} tests {tried.seconds:5.1f} s"
            print(f"{number:4} of {len(jobs)}  {tried.name:60}  {by}  {said}", flush=True)
            yield tried


# ---- what is written


def _data(proof: Proof) -> dict[str, object]:
    return {
        "catalogueSha256": proving.digest(),
        "seeds": len(proof.seeds),
        "faulty": {
            name: {
                "requirements": sorted(FAULTY[name].requirements),
                "caught": list(tried.failed),
                "killed": proving.is_killed(tried),
            }
            for name, tried in proof.faulty.items()
        },
        "lawful": {name: tried.sentence if tried.code else "green" for name, tried in proof.lawful.items()},
        "survivors": dict(SURVIVORS),
    }


def _page(proof: Proof, *, whole: bool) -> str:
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=False)  # noqa: S701 - Markdown
    environment.filters["cell"] = lambda text: text.replace("|", "\\|").replace("<", "&lt;")
    killed = {name: tried.failed for name, tried in proof.faulty.items() if proving.is_killed(tried)}
    return environment.get_template("proof.md.jinja").render(
        faulty=proof.faulty,
        killed=killed,
        lawful=proof.lawful,
        green=sum(not tried.code for tried in proof.lawful.values()),
        seeds=proof.seeds,
        seeds_green=sum(not tried.code for tried in proof.seeds.values()),
        plan=WHOLE if whole else ENOUGH,
        requirements=list(load_contract().requirements),
        proven=proving.by_requirement(killed),
        wrong=FAULTY,
        variants=VARIANTS,
        survivors=SURVIVORS,
    )


if __name__ == "__main__":
    sys.exit(main())
