"""The pages that are made from the contract: never stale, and the command that makes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from contract import Contract, load_contract
from contract.__main__ import main
from contract.pages import fill_readme, render_pages
from tests.contract.conftest import BUILTIN, Edit
from tests.patience import PATIENCE

DOCS = BUILTIN.parent / "docs"


@pytest.mark.parametrize("name", ["lifecycle.md", "requirements.md"])
def test_a_page_says_what_the_contract_says(contract: Contract, name: str) -> None:
    """When this fails, run `python -m contract pages`."""
    assert (DOCS / name).read_text(encoding="utf-8") == render_pages(contract)[name]


def test_the_picture_has_every_edge(contract: Contract) -> None:
    """The Mermaid diagram has an arrow for each pair of states, with all of their triggers."""
    page = render_pages(contract)["lifecycle.md"]
    for edge in contract.lifecycle.edges:
        for target in edge.to:
            (arrow,) = [line for line in page.splitlines() if line.startswith(f"    {edge.state} --> {target}: ")]
            assert edge.trigger in arrow.partition(": ")[2].split(", ")


def test_the_table_has_every_cell(contract: Contract) -> None:
    """A row for each state and a column for each trigger; a refusal shows its code."""
    lines = render_pages(contract)["lifecycle.md"].splitlines()
    (row,) = [line for line in lines if line.startswith("| **ABSENT**")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    shown = dict(zip(contract.lifecycle.triggers, cells[1:], strict=True))
    assert shown["provision"] == "RUNNING (PENDING)"
    assert shown["start"] == "404"
    (row,) = [line for line in lines if line.startswith("| **UNDEFINED**")]
    assert (row.count("409"), row.count("404")) == (len(contract.lifecycle.triggers) - 2, 0)


def test_every_requirement_has_a_row(contract: Contract) -> None:
    """The page shows each id once."""
    page = render_pages(contract)["requirements.md"]
    assert [page.count(f"| `{name}` |") for name in contract.requirements] == [1] * len(contract.requirements)


def test_the_readme_says_what_is_not_offered(contract: Contract) -> None:
    """In the words of the contract; when this fails, run `python -m contract pages`."""
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert fill_readme(readme, contract) == readme
    assert "- `alerts`, `files`," in readme


def test_only_what_is_marked_is_filled(contract: Contract, edited: Edit) -> None:
    """All else is left as it is; a contract that offers everything leaves nothing to say."""
    readme = "before\n<!-- made from openapi.yaml -->\nold\n<!-- until here -->\nafter\n"
    filled = fill_readme(readme, contract)
    assert (filled.startswith("before\n<!-- made"), filled.endswith("here -->\nafter\n")) == (True, True)
    assert "old" not in filled
    assert fill_readme(filled, contract) == filled
    everything = load_contract(edited(("**Not offered.**", "**Offered.**")))
    assert "alerts" not in fill_readme(filled, everything)


def test_pages_are_written_and_checked(tmp_path: Path, edited: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    """A page that the contract has outrun is told by its name, and written anew; one that is right is left alone."""
    out, path = str(tmp_path), str(edited(("Only what runs can be held.", "Only what runs can be paused.")))
    assert main(["pages", "--out", out]) == 0
    assert main(["pages", "--out", out, "--check"]) == 0
    assert main(["pages", "--out", out, "--check", "--contract", path]) == 1
    stale = tmp_path / "lifecycle.md"
    expected = f"python -m contract: {stale}: not what the contract says; run `python -m contract pages`\n"
    assert capsys.readouterr().err == expected
    assert main(["pages", "--out", out, "--contract", path]) == 0
    assert capsys.readouterr().out == f"Wrote {stale}\n"
    assert "Only what runs can be paused." in stale.read_text()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "the following arguments are required: COMMAND; see --help"),
        (["page"], "argument COMMAND: invalid choice: 'page'"),
        (["pages", "--chek"], "unrecognized arguments: --chek; see --help"),
        (["pages", "--contract", "nowhere.yaml"], "nowhere.yaml: cannot read it: No such file or directory"),
        (["pages", "--out", "nowhere"], "nowhere: [Errno 2] No such file or directory"),
    ],
)
def test_wrong_usage_is_told_in_one_line(
    tmp_path: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code is 2, and standard error has one line that names the thing."""
    monkeypatch.chdir(tmp_path)
    try:
        code: object = main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    error = capsys.readouterr().err
    assert code == 2
    assert error.startswith("python -m contract")
    assert message in error
    assert error.count("\n") == 1


def test_the_command_runs_as_a_module() -> None:
    """`python -m contract pages --check` finds nothing to do in a checkout."""
    command = [sys.executable, "-m", "contract", "pages", "--check"]
    done = subprocess.run(command, cwd=BUILTIN.parent, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
