"""Certified folders for tests: made by a real run, and edited as somebody would who wants another verdict."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contract import Contract, load_contract
from contract_tests.certifying.certificate import seal
from contract_tests.certifying.extra import CryptoSigner
from contract_tests.certifying.keys import make_keys, signer_of
from contract_tests.certifying.rendering import rendered
from contract_tests.library import judge
from contract_tests.running.selection import Choice
from tests.suite.judging import HOST, VACANT
from tests.suite.serving import emulator

CONTRACT = load_contract()
SAID = {"vendor": "Acme & Söhne", "product": "Hyp | <visor>", "productVersion": "3.1"}
LITTLE = Choice(only=("refused", "quiet", "credentials", "legal[pauseInstance,RUNNING]"))


def certified(folder: Path, url: str, signers: Sequence[CryptoSigner] = (), **options: Any) -> None:
    """Run the suite as `certify` does, or a little of it, and seal the folder."""
    chosen = {"random_seed": 7, "max_examples": 1, "choice": LITTLE, **options}
    judge(url, (HOST, VACANT), folder, certification=SAID, **chosen)
    seal(folder, chosen.get("rules", CONTRACT), signers)


def little(folder: Path, key: Path) -> None:
    """A certified folder of a few tests, so incomplete, signed with a key that is made for it."""
    make_keys(key)
    with emulator() as url:
        certified(folder, url, [signer_of(key)])


@contextmanager
def copy_of(folder: Path) -> Iterator[Path]:
    """A copy that may be edited, until the block ends."""
    copy = folder.with_name(f"{folder.name}-copy")
    shutil.copytree(folder, copy)
    try:
        yield copy
    finally:
        shutil.rmtree(copy)


def record_in(folder: Path) -> dict[str, Any]:
    """The record of a folder."""
    return dict(json.loads((folder / "record.json").read_text("utf-8")))


def exchanges_in(folder: Path) -> list[dict[str, Any]]:
    """The exchanges of a folder."""
    return [json.loads(line) for line in (folder / "exchanges.ndjson").read_text("utf-8").splitlines()]


def put(
    folder: Path,
    record: dict[str, Any] | None = None,
    exchanges: list[dict[str, Any]] | None = None,
    contract: Contract = CONTRACT,
) -> None:
    """Write them as a run would, make all that follows from them anew, and seal the folder with a key of one's own."""
    if record is not None:
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        (folder / "record.json").write_text(text, "utf-8")
    if exchanges is not None:
        lines = "".join(f"{json.dumps(row, ensure_ascii=True)}\n" for row in exchanges)
        (folder / "exchanges.ndjson").write_text(lines, "utf-8")
    for name, content in rendered(folder, contract).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    key = folder.with_name(f"{folder.name}-forger")
    if not key.exists():
        make_keys(key)
    seal(folder, contract, [signer_of(key)])
