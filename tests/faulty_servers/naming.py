"""Faults in how a server reads the names in a path."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote

from tests.faulty_servers.faults import fault
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal
from tests.suite.judging import HOST

NAMES = {"only": ("names-encoded", "names-exact", "names-bounds", "names-unreadable")}
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
