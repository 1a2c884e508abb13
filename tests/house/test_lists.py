"""The lists of tests in tests/conftest.py name tests that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import LONG, MANY_EXAMPLES, MEASURED, SLOW, WHOLE_RUNS

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("name", sorted({*LONG, *MANY_EXAMPLES, *WHOLE_RUNS}))
def test_every_module_is_there(name: str) -> None:
    """A module that was renamed would be measured, or come last, and nobody would see it."""
    assert (TESTS / f"{name.replace('.', '/')}.py").is_file()


@pytest.mark.parametrize("name", [*SLOW, *MEASURED])
def test_every_single_test_is_there(name: str) -> None:
    """A test that was renamed would be in `make test` again, or not measured."""
    path, _, test = name.partition("::")
    text = (TESTS / path).read_text("utf-8")
    assert not test or f"def {test.partition('[')[0]}(" in text
