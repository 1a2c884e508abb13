"""The built-in contract, and copies of it that a test has broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import pytest

from contract import Contract, load_contract

BUILTIN = Path(__file__).parents[2] / "openapi.yaml"


class Edit(Protocol):
    """Replaces texts, each of which stands once in the built-in document, and answers the path of the copy."""

    def __call__(self, *changes: tuple[str, str]) -> Path:
        """Each change is the old text and the new one."""


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The built-in contract."""
    return load_contract()


@pytest.fixture(scope="session")
def raw(contract: Contract) -> Any:
    """The built-in document, parsed."""
    return contract.document.raw


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """See Edit."""

    def edit(*changes: tuple[str, str]) -> Path:
        text = BUILTIN.read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} must stand once in the document"
            text = text.replace(old, new)
        path = tmp_path / "edited.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return edit
