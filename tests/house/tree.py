"""The project's own files, as the tests of this folder look at them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_LEFT_BEHIND = {"__pycache__", "node_modules"}
_LEFT_AT_THE_TOP = {ROOT / name for name in ("build", "dist", "reports")}


def project_files(*suffixes: str) -> Iterator[Path]:
    """The files of the project with one of these suffixes (all files when none is given).

    A walk rather than a question to git, so that the tests run from a source distribution too.
    """
    yield from _walk(ROOT, suffixes)


def relative(path: Path) -> str:
    """The path from the project's folder on, for messages; of a file elsewhere, its name."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


def pyproject() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _walk(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if not path.is_symlink() and (path.name == ".ci" or not _is_left_behind(path)):
                yield from _walk(path, suffixes)
        elif not path.name.startswith(".coverage") and (not suffixes or path.suffix in suffixes):
            yield path


def _is_left_behind(path: Path) -> bool:
    name = path.name
    return name.startswith(".") or name in _LEFT_BEHIND or path in _LEFT_AT_THE_TOP or name.endswith(".egg-info")
