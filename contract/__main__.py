"""`python -m contract pages`: the one thing to do with a contract by itself is to show it to people."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from contract.api import Contract, load_contract
from contract.errors import ContractError
from contract.pages import fill_readme, render_pages

WRONG_USAGE, STALE = 2, 1


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USAGE, f"{self.prog}: {message}; see --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line. The exit code: 0 done, 1 a page is stale (`--check`), 2 wrong usage, contract or file."""
    parser = _Parser("python -m contract", description="The contract, for people.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    pages = commands.add_parser("pages", help="write the pages of docs/ that are made from the contract")
    pages.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is stale")
    pages.add_argument("--contract", type=Path, metavar="FILE", help="the OpenAPI document; default: the built-in one")
    pages.add_argument("--out", type=Path, default=Path("docs"), metavar="DIR", help="the folder; default: docs")
    chosen = parser.parse_args(arguments)
    try:
        texts = _texts(load_contract(chosen.contract), chosen.out)
        stale = [path for path, text in texts.items() if _text_of(path) != text]
        if chosen.check:
            return _report(stale)
        for path in stale:
            path.write_text(texts[path], encoding="utf-8")
            print(f"Wrote {path}")  # noqa: T201 - for the person at the keyboard
    except ContractError as error:
        return _complain(str(error))
    except (OSError, UnicodeDecodeError) as error:
        return _complain(f"{chosen.out}: {error}; expected a folder with pages in UTF-8")
    return 0


def _texts(contract: Contract, folder: Path) -> dict[Path, str]:
    """What the pages in the folder should say, and the README beside it."""
    texts = {folder / name: text for name, text in render_pages(contract).items()}
    readme = folder.parent / "README.md"
    written = _text_of(readme)
    return texts if written is None else {**texts, readme: fill_readme(written, contract)}


def _text_of(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _report(stale: Sequence[Path]) -> int:
    if not stale:
        return 0
    _complain(f"{', '.join(map(str, stale))}: not what the contract says; run `python -m contract pages`")
    return STALE


def _complain(message: str) -> int:
    print(f"python -m contract: {message}", file=sys.stderr)  # noqa: T201 - the one line on standard error
    return WRONG_USAGE


if __name__ == "__main__":
    sys.exit(main())
