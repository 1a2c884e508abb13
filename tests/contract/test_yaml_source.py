"""YAML as OpenAPI wants it, and files that others describe by a schema: seeds, timings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract import ContractError, load_yaml, parse_yaml

NOWHERE = Path("nowhere.yaml")


@pytest.mark.parametrize(
    "text, value",
    [
        ("a: off", {"a": "off"}),
        ("off: on", {"off": "on"}),
        ("a: [yes, no, y, n]", {"a": ["yes", "no", "y", "n"]}),
        ("a: [true, False, TRUE]", {"a": [True, False, True]}),
        ("a: 2026-10-21", {"a": "2026-10-21"}),
        ("200: ok", {"200": "ok"}),
        ("null: ok", {"null": "ok"}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}),
        ("a: ~", {"a": None}),
        ("a: 1.5", {"a": 1.5}),
        ("", None),
    ],
)
def test_yaml_is_read_as_openapi_has_it(text: str, value: Any) -> None:
    """YAML 1.2: on and off are words, dates are text, keys are strings; anchors and merges work."""
    assert parse_yaml(text, NOWHERE) == value


@pytest.mark.parametrize(
    "text, message",
    [
        ("a: 1\nb: 2\na: 3\n", "nowhere.yaml:3: the key 'a' stands twice in one mapping; expected YAML"),
        ("a:\n  - b: 1\n    b: 1\n", "nowhere.yaml:3: the key 'b' stands twice in one mapping; expected YAML"),
        (
            "a: &x {b: 1}\nd: {<<: *x, <<: *x}\n",
            "nowhere.yaml:2: the key '<<' stands twice in one mapping; expected YAML",
        ),
        ("a: {b: 1\n", "nowhere.yaml:2: did not find expected ',' or '}'; expected YAML"),
        ("--- a\n--- b\n", "nowhere.yaml:2: but found another document; expected YAML"),
    ],
)
def test_what_is_no_yaml_is_refused(text: str, message: str) -> None:
    """The message has the file and the line."""
    with pytest.raises(ContractError) as caught:
        parse_yaml(text, NOWHERE)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["[" * 30_000, "a: 0x\n" * 2, "a: !!float x"])
def test_what_breaks_the_parser_is_refused(text: str) -> None:
    """A text that the parser gives up on is an error with a line, and no traceback."""
    with pytest.raises(ContractError, match=r"^nowhere\.yaml:\d+: "):
        parse_yaml(text, NOWHERE)


SCHEMA = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
}


def test_a_file_is_blamed_by_line(tmp_path: Path) -> None:
    """Every value that the schema refuses is named by file, line and place."""
    path = tmp_path / "file.yaml"
    path.write_text("one:\n  - {n: 1}\n  - n: two\ntwo: 2\n")
    with pytest.raises(ContractError) as caught:
        load_yaml(path, SCHEMA)
    assert sorted(caught.value.problems) == [
        f"{path}:3: one.1.n: it is 'two'; expected a whole number",
        f"{path}:4: two: it is 2; expected a list",
    ]


def test_a_reader_can_blame_a_line(tmp_path: Path) -> None:
    """Who finds more than a schema can say names the place, or the nearest thing around it."""
    path = tmp_path / "file.yaml"
    path.write_text("one:\n  - {n: 1}\n  - n: 2\n")
    source = load_yaml(path, SCHEMA)
    assert str(source.error(("one", 1, "n"), "it is too much")) == f"{path}:3: one.1.n: it is too much"
    assert source.line(("one", 7)) == 1
    assert source.line(("two",)) == 1


def test_a_part_of_a_file_is_checked_in_its_place(tmp_path: Path) -> None:
    """A schema for a part is applied there, and the message has the whole place."""
    path = tmp_path / "file.yaml"
    path.write_text("one:\n  - {n: 1}\n")
    source = load_yaml(path, SCHEMA)
    with pytest.raises(ContractError, match=r":2: one\.0\.n: it is 1; expected a string"):
        source.check({"properties": {"n": {"type": "string"}}}, source.value["one"][0], ("one", 0))
