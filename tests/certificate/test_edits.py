"""Whatever is changed in a certified folder, the certificate does not agree any more, and the place is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from contract_tests.certifying.certificate import of_certificate
from contract_tests.certifying.keys import public_key
from contract_tests.reports.reading import CERTIFICATE, RecordError
from tests.certificate.folders import CONTRACT, little
from tests.thorough import examples

EDITS = examples(1000)
"""Of each kind; `make certificates` is thorough."""

many_edits = settings(max_examples=EDITS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certified folder; whoever edits it puts back what was there."""
    made = tmp_path_factory.mktemp("certified") / "folder"
    little(made, made.with_name("vendor"))
    assert found(made) == []
    return made


def found(folder: Path) -> list[str]:
    """What the certificate of a folder does not agree with, by the vendor's key."""
    path = folder.with_name("vendor.pub")
    try:
        return list(of_certificate(folder, CONTRACT, {path: public_key(path)}))
    except RecordError as error:
        return [str(error)]


@pytest.fixture
def edited(folder: Path) -> Iterator[Callable[[str, bytes], list[str]]]:
    """Writes a file anew, and says what is found then; the file is put back."""

    def edit(name: str, content: bytes) -> list[str]:
        path = folder / name
        before = path.read_bytes()
        path.write_bytes(content)
        try:
            return found(folder)
        finally:
            path.write_bytes(before)

    yield edit
    assert found(folder) == []


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@many_edits
@given(data=st.data())
def test_any_byte_of_any_file(data: st.DataObject, folder: Path, edited: Callable[[str, bytes], list[str]]) -> None:
    """A byte that is another one is found, in every file, and the file is named."""
    name = data.draw(st.sampled_from(_names(folder)))
    content = bytearray((folder / name).read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    sentences = edited(name, bytes(content))
    assert any(name in sentence for sentence in sentences), (name, place, sentences)


@many_edits
@given(data=st.data())
def test_any_line_of_any_file(data: st.DataObject, folder: Path, edited: Callable[[str, bytes], list[str]]) -> None:
    """A line that is dropped, doubled, or swapped with another is found, and the file is named."""
    name = data.draw(st.sampled_from([name for name in _names(folder) if name != CERTIFICATE]))
    lines = (folder / name).read_bytes().splitlines(keepends=True)
    one, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    how = data.draw(st.sampled_from(["drop", "double", "swap"]))
    if how == "swap":
        assume(lines[one] != lines[other])
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines[one : one + 1] = [] if how == "drop" else [lines[one]] * 2
    sentences = edited(name, b"".join(lines))
    assert any(name in sentence for sentence in sentences), (name, how, sentences)


def test_a_file_that_is_missing(folder: Path) -> None:
    """Each file that is taken away is named."""
    for name in _names(folder):
        path, aside = folder / name, folder.with_name("aside")
        path.rename(aside)
        try:
            assert any(name in sentence for sentence in found(folder)), name
        finally:
            aside.rename(path)


@pytest.mark.parametrize("name", ["more.txt", ".hidden", "failures/x.sh", "record.json.part"])
def test_a_file_too_many(name: str, folder: Path) -> None:
    """A file that is added is named, wherever it lies."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("more")
    try:
        assert found(folder) == [f"{name}: it is there, and the certificate is not about it"]
    finally:
        path.unlink()
        if path.parent != folder:
            path.parent.rmdir()


def test_a_file_that_is_elsewhere(folder: Path) -> None:
    """A link in place of a file is not the file, whatever it leads to."""
    path, aside = folder / "junit.xml", folder.with_name("aside")
    path.rename(aside)
    path.symlink_to(aside)
    try:
        assert found(folder) == ["junit.xml: it is a link, and not a file of this folder"]
    finally:
        path.unlink()
        aside.rename(path)


def test_replays_are_nobodys_business(folder: Path) -> None:
    """What somebody has replayed here is not part of the certificate."""
    (folder / "replay" / "quiet").mkdir(parents=True)
    (folder / "replay" / "quiet" / "record.json").write_text("{}")
    try:
        assert found(folder) == []
    finally:
        shutil.rmtree(folder / "replay")
