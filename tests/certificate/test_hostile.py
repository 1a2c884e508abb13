"""A folder may be made by somebody who wishes us ill: whatever stands in it, the answer is a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from contract_tests.certifying.certificate import of_certificate
from contract_tests.certifying.verifying import verify
from tests.certificate.folders import CONTRACT, copy_of, little
from tests.suite.judging import command_line

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certified folder."""
    made = tmp_path_factory.mktemp("certified") / "folder"
    little(made, made.with_name("vendor"))
    return made


def _changed(value: Any, data: st.DataObject) -> Any:
    """The value with something in it, however deep, that is another one."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 3)):
        name = data.draw(st.sampled_from(sorted(value)))
        return {**value, name: _changed(value[name], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 3)):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], _changed(value[place], data), *value[place + 1 :]]
    return data.draw(JSON)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), name=st.sampled_from(["record.json", "exchanges.ndjson"]))
def test_other_values_are_found(data: st.DataObject, name: str, folder: Path) -> None:
    """Any value of record or exchanges that becomes any other is told in sentences, and breaks nothing."""
    with copy_of(folder) as copy:
        path = copy / name
        lines = path.read_text("utf-8").splitlines() if name.endswith(".ndjson") else [path.read_text("utf-8")]
        place = data.draw(st.integers(0, len(lines) - 1))
        before = json.loads(lines[place])
        after = _changed(before, data)
        assume(after != before)
        lines[place] = json.dumps(after)
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        found = [*of_certificate(copy, CONTRACT, {}), *verify(copy, CONTRACT)]
        assert any(name in sentence for sentence in found), found


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda folder: (folder / "record.json").write_text(DEEP), "record.json: expected JSON in UTF-8"),
        (
            lambda folder: (folder / "record.json").write_text("{}"),
            "expected a record of version",
        ),
        (lambda folder: (folder / "record.json").unlink(), "record.json: there is no such file"),
        (lambda folder: (folder / "exchanges.ndjson").unlink(), "exchanges.ndjson is missing"),
        (
            lambda folder: (folder / "exchanges.ndjson").write_text(f"{DEEP}\n"),
            "exchanges.ndjson, line 1: expected",
        ),
        (lambda folder: (folder / "exchanges.ndjson").write_text("[]\n"), "exchanges.ndjson, line 1: "),
        (lambda folder: (folder / "exchanges.ndjson").write_text("{"), "exchanges.ndjson: the last line is torn"),
        (lambda folder: (folder / "certificate.dsse.json").write_text(DEEP), "expected a DSSE envelope"),
        (lambda folder: (folder / "junit.xml").write_bytes(b""), "junit.xml: its digest is not the one"),
    ],
)
def test_a_customer_gets_a_sentence(spoil: Callable[[Path], object], words: str, folder: Path) -> None:
    """`verify` says no, in sentences that name the place: exit code 1, no traceback."""
    with copy_of(folder) as copy:
        spoil(copy)
        ended = command_line("verify", str(copy))
    assert (ended.returncode, ended.stderr) == (1, ""), ended.stderr
    assert words in ended.stdout


def test_no_folder_is_a_mistake(tmp_path: Path) -> None:
    """What is not there cannot be verified: exit code 2."""
    ended = command_line("verify", str(tmp_path / "nothing"))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "there is no such file; expected the report folder of a run" in ended.stderr
