"""What a JSON Schema error means, in words: what was found there, and what is expected.

The table at the foot has a sentence for each kind of error that people meet; any other kind keeps the words of
the library, shortened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

_LONGEST = 60
_LONGEST_MESSAGE = 300

_TYPES: Mapping[str, str] = {
    "array": "a list",
    "object": "a mapping of names to values",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def words(error: ValidationError) -> str:
    """What is wrong and what is expected, without the place."""
    kind: Any = error.kind  # each kind has members of its own; its class is the key of the table
    say = _SENTENCES.get(type(kind))
    return say(kind, error.instance) if say else shorten(error.message, _LONGEST_MESSAGE)


def shown(value: Any) -> str:
    """A value as a message shows it: short, and a collection by its kind only."""
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    return shorten(repr(value), _LONGEST)


def shorten(text: str, longest: int) -> str:
    """The text on one line, its middle left out where it is longer than people read."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest // 2].rstrip()} … {line[-(longest // 2) :].lstrip()}"


def _type(kind: Any, value: Any) -> str:
    return f"it is {shown(value)}; expected {' or '.join(_TYPES[name] for name in kind.types)}"


def _additional(kind: Any, _: Any) -> str:
    return f"{', '.join(map(shown, kind.unexpected))} is not known here; take it out, or mend its name"


def _one_of(kind: Any, value: Any) -> str:
    return f"it is {shown(value)}; expected {' or '.join(str(option) for option in kind.options)}"


def _ways(kind: Any, _: Any) -> str:
    ways = dict.fromkeys(words(branch[0]) for branch in kind.context if branch)
    return f"it fits in no way ({'; or '.join(ways)})"


def _name(kind: Any, _: Any) -> str:
    return f"its name does not fit: {words(kind.error)}"


def _too_short(kind: Any, value: Any) -> str:
    return f"it has {len(value)} characters; at least {kind.limit} are expected" if value else "it is empty"


def _too_long(kind: Any, value: Any) -> str:
    return f"it has {len(value)} characters; at most {kind.limit} are taken"


_SENTENCES: Mapping[type, Callable[[Any, Any], str]] = {
    ValidationErrorKind.Type: _type,
    ValidationErrorKind.Required: lambda kind, _: f"{kind.property!r} is missing",
    ValidationErrorKind.AdditionalProperties: _additional,
    ValidationErrorKind.Enum: _one_of,
    ValidationErrorKind.Constant: lambda kind, value: f"it is {shown(value)}; expected {shown(kind.expected_value)}",
    ValidationErrorKind.Pattern: lambda kind, value: f"it is {shown(value)}; expected what matches {kind.pattern}",
    ValidationErrorKind.MinLength: _too_short,
    ValidationErrorKind.MaxLength: _too_long,
    ValidationErrorKind.MinItems: lambda kind, value: f"it has {len(value)} items; at least {kind.limit} are expected",
    ValidationErrorKind.MaxItems: lambda kind, value: f"it has {len(value)} items; at most {kind.limit} are taken",
    ValidationErrorKind.MinProperties: lambda kind, value: (
        f"it has {len(value)} members; at least {kind.limit} are expected"
    ),
    ValidationErrorKind.MaxProperties: lambda kind, value: (
        f"it has {len(value)} members; at most {kind.limit} are taken"
    ),
    ValidationErrorKind.Minimum: lambda kind, value: f"it is {shown(value)}; at least {kind.limit} is expected",
    ValidationErrorKind.Maximum: lambda kind, value: f"it is {shown(value)}; at most {kind.limit} is taken",
    ValidationErrorKind.UniqueItems: lambda _, __: "an item stands twice; each may stand once",
    ValidationErrorKind.PropertyNames: _name,
    ValidationErrorKind.AnyOf: _ways,
    ValidationErrorKind.OneOfNotValid: _ways,
    ValidationErrorKind.Custom: lambda kind, _: str(kind.message),
}
"""A kind of error to its sentence, made from the kind and the value that was found."""
