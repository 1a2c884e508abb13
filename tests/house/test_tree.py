"""The house rules that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT, project_files, relative

LONGEST = 400
PYTHON_FILES = list(project_files(".py"))

# Written so that the patterns do not match themselves.
FOREIGN = {
    "the host name of a package registry": re.compile(r"(?i)pyp[i]\.org|python[h]osted|npm[j]s\.(org|com)"),
    "the folder of this checkout": re.compile(re.escape(f"{ROOT}/")),
    "somebody's home folder": re.compile(r"(?<![\w.])(/(home|[U]sers)/\w+|/[r]oot)/"),
}


def test_there_is_something_to_look_at() -> None:
    """The walk over the tree finds the files that these tests are about."""
    found = {relative(path) for path in project_files()}
    assert {"Makefile", "pyproject.toml", ".ci/run", "tests/house/test_tree.py"} <= found


@pytest.mark.parametrize("path", PYTHON_FILES, ids=relative)
def test_no_file_is_long(path: Path) -> None:
    """A file of code stays under 400 lines: past that, a second idea hides in it."""
    lines = path.read_bytes().count(b"\n")
    assert lines <= LONGEST


def test_nothing_foreign_is_named() -> None:
    """No file names a package registry's host, or a path that exists on one machine only."""
    found = [
        f"{relative(path)}:{number}: {what}"
        for path in project_files()
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), start=1)
        for what, pattern in FOREIGN.items()
        if pattern.search(line)
    ]
    assert found == []


def test_every_skipped_test_says_why() -> None:
    """A test that is skipped, or expected to fail, gives its reason."""
    found = [
        f"{relative(path)}:{call.lineno}"
        for path in PYTHON_FILES
        for call in _marks_and_calls(ast.parse(path.read_text("utf-8")))
        if not _gives_a_reason(call)
    ]
    assert found == []


SKIPPING = {
    "pytest.mark.skip",
    "pytest.mark.skipif",
    "pytest.mark.xfail",
    "pytest.skip",
    "pytest.xfail",
    "unittest.skip",
}


def _marks_and_calls(tree: ast.AST) -> list[ast.expr]:
    """Each use of a skipping mark or function: the call where it is called, else the bare name."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_skipping(node.func)]
    called = {id(call.func) for call in calls}
    bare = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_skipping(node)]
    return [*calls, *(node for node in bare if id(node) not in called)]


def _is_skipping(node: ast.expr) -> bool:
    return ast.unparse(node) in SKIPPING


def _gives_a_reason(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if ast.unparse(node.func) in {"pytest.skip", "pytest.xfail", "pytest.mark.skip"} and node.args:
        return True
    return any(keyword.arg == "reason" for keyword in node.keywords)
