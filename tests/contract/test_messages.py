"""The words for what a schema refuses: one sentence for each kind of error, and never a long one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from contract.messages import shorten, shown, words


@pytest.mark.parametrize(
    "schema, value, sentence",
    [
        ({"type": ["integer", "null"]}, 1.5, "it is 1.5; expected null or a whole number"),
        ({"type": "number"}, True, "it is true; expected a number"),
        ({"type": "boolean"}, {"a": 1}, "it is a mapping; expected true or false"),
        ({"enum": ["a", "b"]}, ["c"], "it is a list; expected a or b"),
        ({"const": 1}, 2, "it is 2; expected 1"),
        ({"pattern": "^a"}, "b", "it is 'b'; expected what matches ^a"),
        ({"minLength": 3}, "ab", "it has 2 characters; at least 3 are expected"),
        ({"minLength": 3}, "", "it is empty"),
        ({"maxLength": 1}, "ab", "it has 2 characters; at most 1 are taken"),
        ({"minItems": 1}, [], "it has 0 items; at least 1 are expected"),
        ({"maxItems": 1}, [1, 2], "it has 2 items; at most 1 are taken"),
        ({"minProperties": 1}, {}, "it has 0 members; at least 1 are expected"),
        ({"maxProperties": 0}, {"a": 1}, "it has 1 members; at most 0 are taken"),
        ({"minimum": 0}, -1, "it is -1; at least 0 is expected"),
        ({"maximum": 0}, 1, "it is 1; at most 0 is taken"),
        ({"uniqueItems": True}, [1, 1], "an item stands twice; each may stand once"),
        (
            {"propertyNames": {"maxLength": 1}},
            {"ab": 1},
            "its name does not fit: it has 2 characters; at most 1 are taken",
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            1,
            "it fits in no way (it is 1; expected a string; or it is 1; expected null)",
        ),
        (
            {"oneOf": [{"type": "string"}, {"const": 2}]},
            1,
            "it fits in no way (it is 1; expected a string; or it is 1; expected 2)",
        ),
        ({"exclusiveMinimum": 0}, 0, "0 is less than or equal to the minimum of 0"),
    ],
)
def test_an_error_is_a_sentence(schema: dict[str, Any], value: Any, sentence: str) -> None:
    """What was found, and what is expected; what is rare keeps the words of the library."""
    (error,) = Draft202012Validator(schema).iter_errors(value)
    assert words(error) == sentence


@given(st.text(), st.integers(10, 100))
def test_a_shortened_text_is_short(text: str, longest: int) -> None:
    """It is one line, no longer than allowed and a mark; a short one is left alone."""
    short = shorten(text, longest)
    assert len(short) <= longest + len(" … ")
    assert short == " ".join(short.split())
    assert len(text) > longest or short == " ".join(text.split())


@pytest.mark.parametrize("value, text", [(None, "null"), (False, "false"), ([], "an empty list"), ("a\nb", r"'a\nb'")])
def test_a_value_is_shown_as_json_has_it(value: Any, text: str) -> None:
    """People see null and true, and never a line break."""
    assert shown(value) == text
