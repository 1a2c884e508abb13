"""Ways to write a name in a path: those that mean the same name, those that mean another, and those that mean none."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from urllib.parse import quote

LONGEST = 255
"""Characters of a name (openapi.yaml: components/schemas/Name)."""

UNREADABLE = {
    "%2F": "%2F",
    "%2f": "%2f",
    "a zero byte": "%00",
    "a line feed": "%0A",
    "a delete character": "%7F",
    "a control character beyond ASCII": "%C2%85",
    "bytes that are not UTF-8": "%FF%FE",
    "half a character": "%C3",
    "a slash in too many bytes": "%C0%AF",
    "half a surrogate pair": "%ED%A0%80",
}
"""What no name can hold (names.unreadable), percent-encoded."""

DOTS = {"a dot": ".", "two dots": "..", "an encoded dot": "%2E", "two encoded dots": "%2e%2E"}
"""What is no name though it can be read (names.bounds), as it stands in the path."""

OTHER_CASE = "the other case"
"""The words for a name with its capitals and small letters exchanged."""

AWKWARD = {
    "an apostrophe": "o'brien",
    "a quotation mark and a backslash": 'a"b\\',
    "brackets without an end": "a(b[c{",
    "a percent sign": "100%zz",
    "a letter beyond the basic plane": "\N{DESKTOP COMPUTER}",
    "more bytes than characters": "\u00e9" * 200,
}
"""What may be in a name, and is trouble where it is put into something else without care."""

PRINTED = [chr(byte) if 32 <= byte < 127 and byte not in b"'\\%" else f"\\{byte:03o}" for byte in range(256)]
"""How printf is asked for each byte, by its number: as itself, or in octal digits."""


def path_of(template: str, names: tuple[str, ...], place: int | None = None, written: str = "") -> str:
    """A path template filled with names; the one at `place` is `written` out already."""
    encoded = [quote(name, safe="") for name in names]
    if place is not None:
        encoded[place] = written
    left = iter(encoded)
    return "/".join(next(left) if part.startswith("{") else part for part in template.split("/"))


def same(name: str) -> Iterator[tuple[str, str]]:
    """Other ways to write a name, percent-encoded, each with words."""
    data = name.encode()
    yield "every byte encoded", "".join(f"%{byte:02X}" for byte in data)
    yield "every byte encoded, with small letters", "".join(f"%{byte:02x}" for byte in data)
    if "+" in name:
        yield "a plus sign as it is", quote(name, safe="+")


def misread(name: str) -> Iterator[tuple[str, str]]:
    """What a server that decodes in another manner would take for the name, percent-encoded, each with words."""
    first = "".join(f"%25{byte:02X}" for byte in name[0].encode())
    yield "an encoding that is encoded once more", first + quote(name[1:], safe="")
    if " " in name:
        yield "a plus sign for a space", quote(name, safe=" ").replace(" ", "+")


def others(name: str) -> Mapping[str, str]:
    """Names that differ from this one in what is easily overlooked, by words; none is the name itself."""
    middle = len(name) // 2
    spelled = {
        name.swapcase(): OTHER_CASE,
        f" {name}": "a space before it",
        f"{name} ": "a space after it",
        f"{name}\N{NO-BREAK SPACE}": "a no-break space after it",
        _wide(name): "its first letter in another width",
        f"{name[:middle]}\N{SOFT HYPHEN}{name[middle:]}": "a soft hyphen in it",
        name.replace(" ", "  ", 1): "a space doubled",
    }
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        spelled.setdefault(unicodedata.normalize(form, name), f"its form {form}")
    return {words: other for other, words in spelled.items() if other != name and len(other) <= LONGEST}


def loose(name: str) -> Mapping[str, str]:
    """Other names that a look-up by a pattern, or a tidy server, takes for this one, by words."""
    spelled = {
        f"{name};x=1": "a parameter after it",
        f"{name}.": "a dot after it",
        f"{name[:-1]}_": "an underscore for its last character",
        "%": "a percent sign for all of it",
        _accented(name): "an accent on a letter",
    }
    return {words: other for other, words in spelled.items() if other != name and len(other) <= LONGEST}


def too_long(name: str) -> str:
    """A name of one character too many, which begins like this one."""
    return name + "x" * (LONGEST + 1 - len(name))


def _wide(name: str) -> str:
    """The name with its first ASCII letter or digit as a full-width form, which normalisation would undo."""
    position = next((number for number, sign in enumerate(name) if sign.isascii() and sign.isalnum()), None)
    if position is None:
        return name
    return name[:position] + chr(ord(name[position]) - 0x20 + 0xFF00) + name[position + 1 :]


def _accented(name: str) -> str:
    """The name with an accent on its first vowel; with one at its end when it has none."""
    position = next((number for number, sign in enumerate(name) if sign in "aeiouAEIOU"), len(name) - 1)
    accented = unicodedata.normalize("NFC", f"{name[position]}\N{COMBINING ACUTE ACCENT}")
    return name[:position] + accented + name[position + 1 :]


def format_of(data: bytes) -> str:
    """A format of printf that prints these bytes; it stands between single quotes, and is never taken for an option."""
    text = "".join(map(PRINTED.__getitem__, data))
    return f"\\055{text[1:]}" if text.startswith("-") else text
