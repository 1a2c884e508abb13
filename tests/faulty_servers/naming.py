"""Faults in how a server reads the names in a path."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from urllib.parse import unquote

from tests.faulty_servers.faults import add, fault, is_shown, on
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal
from tests.suite.judging import HOST

NAMES = {"only": ("names-encoded", "names-exact", "names-loose", "names-awkward", "names-bounds", "names-unreadable")}
KNOWN = HOST.split("/")
PLACES = (2, 4, 6)
"""Where names are in a path that is split at its slashes."""


def _reading(read: Callable[[str, str], bool]) -> Change:
    """A server that takes a name for a known one when `read` says so, of the name that is asked for and the known."""

    def answer(call: Call, forward: Forward) -> Answer:
        parts = call.path.encode("latin-1").decode(errors="replace").split("/")
        taken = list(parts)
        for place, known in zip(PLACES, KNOWN, strict=True):
            if len(parts) > place and read(parts[place], known):
                taken[place] = known
        path = "/".join(taken).encode().decode("latin-1")
        return forward(replace(call, path=path) if taken != parts else call)

    return answer


@fault("names.exact", options=NAMES)
def case_does_not_count() -> Change:
    """A name in the other case reaches the host."""
    return _reading(lambda name, known: name.casefold() == known.casefold())


@fault("names.exact", options=NAMES)
def outer_spaces_do_not_count() -> Change:
    """Spaces around a name are taken off."""
    return _reading(lambda name, known: name.strip() == known)


@fault("names.exact", options=NAMES)
def names_are_normalised() -> Change:
    """Names are compared in the form NFKC."""
    return _reading(lambda name, known: unicodedata.normalize("NFKC", name) == known)


@fault("names.exact", options=NAMES)
def runs_of_spaces_are_one() -> Change:
    """Spaces that follow each other count as one."""
    return _reading(lambda name, known: "  " in name and " ".join(name.split()) == known)


@fault("names.percent-encoded", options=NAMES)
def a_plus_is_a_space() -> Change:
    """A name is decoded as forms are."""
    return _reading(lambda name, known: name.replace("+", " ") == known)


@fault("names.percent-encoded", options=NAMES)
def names_are_decoded_twice() -> Change:
    """A name is percent-decoded once more."""
    return _reading(lambda name, known: unquote(name) == known)


@fault("names.percent-encoded", options=NAMES)
def small_letters_are_not_decoded() -> Change:
    """An encoding with small letters is not understood."""

    def answer(call: Call, forward: Forward) -> Answer:
        raw = str(call.environ.get("REQUEST_URI", ""))
        return refusal(404, "no such host") if "%2d" in raw and "%2f" not in raw else forward(call)

    return answer


@fault("names.bounds", options=NAMES)
def dots_reach_the_host() -> Change:
    """A dot or two stand for the name that is known."""
    return _reading(lambda name, _: name in (".", ".."))


@fault("names.bounds", options=NAMES)
def long_names_are_cut() -> Change:
    """Of a name that is too long only the beginning counts."""
    return _reading(lambda name, known: len(name) > 255 and name.startswith(known))


@fault("names.unreadable", options=NAMES)
def an_encoded_slash_is_forbidden() -> Change:
    """403 for a path with %2F."""

    def answer(call: Call, forward: Forward) -> Answer:
        raw = str(call.environ.get("REQUEST_URI", "")).lower()
        return refusal(403, "no slash, please") if "%2f" in raw else forward(call)

    return answer


@fault("names.unreadable", options=NAMES)
def bad_text_conflicts() -> Change:
    """409 for a path that is not UTF-8."""

    def answer(call: Call, forward: Forward) -> Answer:
        try:
            call.path.encode("latin-1").decode()
        except UnicodeDecodeError:
            return refusal(409, "no text")
        return forward(call)

    return answer


@fault("robustness.no-server-error", options=NAMES)
def control_characters_break_the_server() -> Change:
    """500 for a control character in a path."""

    def answer(call: Call, forward: Forward) -> Answer:
        broken = any(unicodedata.category(sign) == "Cc" for sign in call.path.encode("latin-1").decode(errors="ignore"))
        return refusal(500, "no") if broken else forward(call)

    return answer


@fault("errors.not-found", options=NAMES)
def long_names_are_bad_requests() -> Change:
    """400 for a name of more than 64 characters."""

    def answer(call: Call, forward: Forward) -> Answer:
        too_long = any(64 < len(part) <= 255 for part in call.path.split("/"))
        return refusal(400, "too long") if too_long else forward(call)

    return answer


# ---- names that a loose look-up takes for another


@fault("errors.not-found", options=NAMES)
def parameters_of_a_path_are_cut_off() -> Change:
    """Of a name with a semicolon only what is before it counts, as servlet containers have it."""
    return _reading(lambda name, known: ";" in name and name.partition(";")[0] == known)


@fault("errors.not-found", options=NAMES)
def dots_at_the_end_are_cut_off() -> Change:
    """A name may end in dots that do not count, as names of files do on some systems."""
    return _reading(lambda name, known: name.endswith(".") and name.rstrip(".") == known)


@fault("errors.not-found", options=NAMES)
def names_are_looked_up_by_a_pattern() -> Change:
    """A name is looked up with LIKE: an underscore stands for any character, a percent sign for any number of them."""

    def is_like(name: str, known: str) -> bool:
        pattern = re.escape(name).replace("%", ".*").replace("_", ".")
        return not {"%", "_"}.isdisjoint(name) and re.fullmatch(pattern, known) is not None

    return _reading(is_like)


@fault("errors.not-found", options=NAMES)
def accents_do_not_count() -> Change:
    """Names are compared by a collation to which an accented letter is the plain one."""

    def plain(name: str) -> str:
        return "".join(sign for sign in unicodedata.normalize("NFD", name) if not unicodedata.combining(sign))

    return _reading(lambda name, known: name != known and plain(name) == known)


@fault("representation.names-of-path", options=NAMES)
def the_host_is_shown_as_it_was_written() -> Change:
    """The host's name as it stands in the path, with spaces decoded and nothing else: %77eb-1."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        written = str(call.environ.get("REQUEST_URI", "")).split("/")
        if not is_shown(honest) or len(written) <= PLACES[-1]:
            return honest
        return honest.saying({**honest.value, "host": written[PLACES[-1]].replace("%20", " ")})

    return answer


# ---- a console with a look-up of its own


@fault("names.exact", options=NAMES)
def the_console_finds_names_in_any_case() -> Change:
    """The console looks names up where case does not count."""
    return on("GET", "vnc", _reading(lambda name, known: name.casefold() == known.casefold()))


@fault("errors.not-found", "names.exact")
def the_console_asks_for_no_environment() -> Change:
    """The console is found by the host alone, in whatever environment the path names."""
    return on("GET", "vnc", _reading(lambda _, known: known == KNOWN[1]))


@fault("errors.not-found")
def the_console_of_nobody_conflicts() -> Change:
    """409 for the console of a host that does not exist, as if it were off."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_nobody = honest.status == 404 and b"has no host" in honest.body
        return refusal(409, "there is no console while STOPPED") if is_nobody else honest

    return on("GET", "vnc", answer)


# ---- names that break what they are put into


def _is_no_pattern(name: str) -> bool:
    try:
        re.compile(name)
    except re.error:
        return True
    return False


BREAKING: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "apostrophes": ("an apostrophe, which ends a text in SQL", lambda name: "'" in name),
    "percent-signs": (
        "a percent sign that is decoded once more",
        lambda name: bool(re.search("%(?![0-9a-fA-F]{2})", name)),
    ),
    "letters-of-four-bytes": ("a letter of four bytes", lambda name: any(ord(sign) > 0xFFFF for sign in name)),
    "brackets": ("what is no regular expression", _is_no_pattern),
    "many-bytes": ("more than 255 bytes in 255 characters", lambda name: len(name) <= 255 < len(name.encode())),
}
"""What breaks a server, in words, and how a name is known to have it."""


def _broken_by(test: Callable[[str], bool]) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        parts = call.path.encode("latin-1").decode(errors="ignore").split("/")
        is_broken = any(test(parts[place]) for place in PLACES if len(parts) > place)
        return refusal(500, "Internal Server Error") if is_broken else forward(call)

    return answer


for _name, (_says, _test) in BREAKING.items():
    add(
        f"{_name}-in-a-name-break-the-server",
        f"500 for a name with {_says}.",
        ("robustness.no-server-error",),
        partial(_broken_by, _test),
        options=NAMES,
    )
