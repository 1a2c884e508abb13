"""Trouble files: the built-in ones, and mistakes that are named with their line, in a file and over the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract import ContractError, load_contract, load_document
from emulator import inventory
from emulator.__main__ import main
from emulator.errors import StartError
from emulator.trouble import combine, load_plan
from emulator.trouble.kinds import KINDS
from emulator.trouble.rules import builtin_troubles, named
from tests.emulator.conftest import ROOT, Running

OPERATIONS = {**load_document(inventory.DOCUMENT).operations, **load_contract().operations}
PAGE = ROOT / "docs" / "trouble.md"

MISTAKES = [
    ("rules:\n  - kind: cut\n    hots: web-*\n", 2, "rules.0", "'hots' is not known"),
    ("rules:\n  - {kind: cut}\n  - kind: cutt\n", 3, "rules.1.kind", "expected latency or slow-settling"),
    ("rules:\n  - host: web\n", 2, "rules.0", "kind"),
    ("rules:\n  - kind: cut\n    probability: 2\n", 3, "rules.0.probability", "at most 1"),
    ("rules:\n  - kind: cut\n    skip: -1\n", 3, "rules.0.skip", "at least 0"),
    ("rules:\n  - kind: cut\n    count: 0\n", 3, "rules.0.count", "at least 1"),
    ("rules:\n  - kind: latency\n", 2, "rules.0", "seconds"),
    ("rules:\n  - {kind: latency, seconds: 11}\n", 2, "rules.0.seconds", "at most 10"),
    ("rules:\n  - {kind: latency, seconds: [1, 2, 3]}\n", 2, "rules.0.seconds", "at most 2"),
    ("rules:\n  - {kind: cut, seconds: 1}\n", 2, "rules.0", "'seconds' is not known"),
    ("rules:\n  - kind: cut\n    operations: pauzeInstance\n", 3, "rules.0.operations", "expected "),
    ("rules:\n  - kind: action-fails\n    operations: [getInstance]\n", 3, "rules.0.operations", "pauseInstance"),
    ("rules:\n  - {kind: cut, name: a}\n  - {kind: cut, name: a}\n", 3, "rules.1.name", "called 'a'"),
    ("include:\n  - flakey\n", 2, "include.0", "flaky"),
    ("rules: 5\n", 1, "rules", "list"),
    ("rulez: []\n", 1, "", "'rulez' is not known"),
    ("[]\n", 1, "", "list"),
    ("rules: [\n", 2, "", "expected YAML"),
]


@pytest.mark.parametrize("name", builtin_troubles())
def test_every_built_in_trouble_is_whole_and_on_the_page(name: str) -> None:
    """It can be loaded by its name, and docs/trouble.md says whether it is lawful."""
    plan = load_plan(name, OPERATIONS)
    lawful = all(rule.kind.lawful for rule in plan.rules)
    assert f"| `{name}` | {'yes' if lawful else 'no'} |" in PAGE.read_text()


def test_the_page_has_the_table_of_kinds() -> None:
    """Each kind is a row of docs/trouble.md, word for word."""
    text = PAGE.read_text()
    for kind in KINDS.values():
        members = ", ".join(f"`{name}`" for name in kind.parameters) or "-"
        lawful = "yes" if kind.lawful else "no"
        assert f"| `{kind.name}` | {lawful} | {kind.about} | {members} | {kind.says} | {kind.why} |" in text


@pytest.mark.parametrize("text, line, place, words", MISTAKES)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, place: str, words: str) -> None:
    """FILE:LINE, the place, and what is expected."""
    path = tmp_path / "trouble.yaml"
    path.write_text(text)
    with pytest.raises(ContractError) as error:
        load_plan(str(path), OPERATIONS)
    assert str(error.value).startswith(f"{path}:{line}: {place}")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_serve_refuses_a_mistake_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, no traceback; for a file with a slip, for a name that is none, and for a database."""
    path = tmp_path / "trouble.yaml"
    path.write_text("rules:\n  - kind: cutt\n")
    store = ("--store", f"sqlite:///{tmp_path / 'one.db'}")
    for arguments, words in (
        (("--trouble", str(path)), f"{path}:2: rules.0.kind: it is 'cutt'; expected latency or"),
        (("--trouble", "flakey"), "expected a YAML file, or bad-guests, busy, failing-provisions, flaky"),
        (("--trouble", "flaky", *store), "leave out --store, or --trouble"),
    ):
        assert main(["serve", "--port", "0", *arguments]) == 2
        (complaint,) = capsys.readouterr().err.splitlines()
        assert words in complaint


def test_rules_of_several_files_have_names_of_their_own(tmp_path: Path) -> None:
    """One that was given twice is refused; one that was given to nobody is made up."""
    path = tmp_path / "trouble.yaml"
    path.write_text("randomSeed: 3\nrules:\n  - {kind: cut, name: mine}\n  - {kind: cut}\n")
    plan = combine([load_plan("flaky", OPERATIONS), load_plan(str(path), OPERATIONS)])
    assert [rule.name for rule in named(plan).rules] == [
        "lost-answer",
        "cut",
        "unavailable",
        "latency",
        "mine",
        "cut-2",
    ]
    assert plan.random_seed == 3
    with pytest.raises(StartError, match="called 'mine'"):
        combine([plan, load_plan(str(path), OPERATIONS)])


def test_a_mistake_over_the_api_is_named_the_same_way(emulator: Running) -> None:
    """400, the place and what is expected; and no trouble is made."""
    rules = [{"kind": "cut"}, {"kind": "latency", "seconds": "long"}]
    answer = emulator.request("PUT", "/_emulator/trouble", json={"rules": rules})
    assert answer.status_code == 400
    assert answer.json()["error"][0].startswith("body:1: rules.1.seconds: it is 'long'; expected ")
    assert emulator.world.trouble is None
