"""The documents keep their promises: each command that they show is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house import documents
from tests.house.documents import blocks, copy_project, run_blocks
from tests.house.tree import ROOT, project_files, relative

DOCUMENTS = list(project_files(".md"))
WITH_COMMANDS = [path for path in DOCUMENTS if any(block.mark.startswith("sh") for block in blocks(path))]
SHELL_MARKS = {"sh", "sh server", "console"}


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=relative)
def test_the_commands_of_a_document_run(document: Path, tmp_path: Path) -> None:
    """Every block marked `sh` runs to its end, in order, in a copy of the project."""
    copy_project(tmp_path)
    code, output = run_blocks(document, tmp_path)
    assert code == 0, output


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_block_says_what_it_is(document: Path) -> None:
    """A fenced block names its language; commands are `sh`, `sh server` or `console`."""
    odd = [
        f"{relative(document)}:{block.line}: {block.mark or 'no mark'}"
        for block in blocks(document)
        if not block.mark or (block.mark.split()[0] in {"sh", "bash", "shell"} and block.mark not in SHELL_MARKS)
    ]
    assert odd == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    """A link from one document to a file of the project finds that file."""
    targets = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", document.read_text("utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_every_place_that_newcomers_are_sent_to_exists() -> None:
    """CONTRIBUTING.md names files and folders that are there."""
    named = re.findall(r"`([\w.-]+/[\w./-]*)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def _document(folder: Path, text: str) -> Path:
    path = folder / "page.md"
    path.write_text(text)
    return path


def test_blocks_share_a_shell_and_run_in_order(tmp_path: Path) -> None:
    """What one block sets, the next one has."""
    page = _document(tmp_path, '```sh\nname=web-1\n```\n\n```sh\necho "$name is $(uname -s)" >seen\n```\n')
    assert run_blocks(page, tmp_path) == (0, "")
    assert (tmp_path / "seen").read_text().startswith("web-1 is ")


def test_a_failing_block_is_named_with_its_line(tmp_path: Path) -> None:
    """The first command that fails ends the run, and its block is named."""
    page = _document(tmp_path, "# A page\n\n```sh\ntrue\n```\n\n```sh\nfalse\necho not reached\n```\n")
    assert run_blocks(page, tmp_path) == (1, "page.md:8: exit code 1\n")


def test_a_block_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What never ends is given up, with 124."""
    monkeypatch.setattr(documents, "PATIENCE", 0.1)
    page = _document(tmp_path, "```sh\nmkfifo never\ncat never\n```\n")
    assert run_blocks(page, tmp_path)[0] == 124


def test_console_blocks_are_not_run(tmp_path: Path) -> None:
    """A block that only shows what one would see is left alone."""
    page = _document(tmp_path, "```console\n$ false\n```\n\n```json\n{}\n```\n")
    assert run_blocks(page, tmp_path) == (0, "")


def test_make_is_only_asked_for_its_targets(tmp_path: Path) -> None:
    """A `make` line passes, without being run, when the Makefile has its target, and fails when not."""
    (tmp_path / "Makefile").write_text(".PHONY: known\nknown:\n\t@touch ran\n")
    assert run_blocks(_document(tmp_path, "```sh\nmake known\n```\n"), tmp_path) == (0, "")
    assert not (tmp_path / "ran").exists()
    code, output = run_blocks(_document(tmp_path, "```sh\nmake unknown\n```\n"), tmp_path)
    assert (code, "page.md:2" in output) == (2, True)


SERVER = """\
```sh server
sh -c 'trap "echo stopped >last-words; exit 0" TERM; echo "Ready. here"; while :; do sleep 0.05; done'
```

```sh
test ! -e last-words
```
"""


def test_a_server_runs_until_the_last_block_and_is_stopped(tmp_path: Path) -> None:
    """A block marked `sh server` is up while the later blocks run, and gets a chance to say good-bye."""
    assert run_blocks(_document(tmp_path, SERVER), tmp_path) == (0, "")
    assert (tmp_path / "last-words").read_text() == "stopped\n"


def test_a_server_that_does_not_start_shows_what_it_said(tmp_path: Path) -> None:
    """When a server ends before it is ready, its output is in the failure."""
    page = _document(tmp_path, "```sh server\nsh -c 'echo port taken; exit 2'\n```\n")
    code, output = run_blocks(page, tmp_path)
    assert (code, output) == (1, "port taken\npage.md:2: exit code 1\n")
