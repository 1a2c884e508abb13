"""Credentials that are nearly those of the run: a server that looks at them in part, or not closely, lets them in.

They tell most of the secret. A record and a command line have in their place what a shell makes of the suite's
variables.
"""

from __future__ import annotations

import base64
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contract_tests.running.target import APP_KEY_HEADER, Credentials

_USER, _PASSWORD, _KEY = "${CONTRACT_USER}", "${CONTRACT_PASSWORD}", "${CONTRACT_APP_KEY}"
_OTHER_CASE = str.maketrans(string.ascii_letters, string.ascii_letters.swapcase())


@dataclass(frozen=True, slots=True)
class NearMiss:
    """One header with such credentials. `told`: its value for others to see, between the quotes of a shell."""

    words: str
    header: str
    value: str
    told: str

    @property
    def headers(self) -> Mapping[str, str]:
        """What is sent."""
        return {self.header: self.value}


def near_misses(own: Credentials) -> Iterator[NearMiss]:
    """All of them, each other than what is right. Which there are depends on the kinds of credentials alone."""
    user, password, key = own.user, own.password, own.app_key
    if user is not None and password:
        for words, made, shell in _changes(password, _PASSWORD):
            yield _basic(f"the password {words}", f"{user}:{made}", f"{_USER}:{shell}")
        blank = f"{user}:{password} ", f"{_USER}:{_PASSWORD} "
        yield _basic("the password with a blank after it", *blank)
        yield _basic("the password of another user", f"{user}x:{password}", f"{_USER}x:{_PASSWORD}")
    if key:
        for words, made, shell in _changes(key, _KEY):
            yield NearMiss(f"the application key {words}", APP_KEY_HEADER, made, shell)
        as_password = key if (user, password) != (key, key) else key * 2
        yield _basic("the application key as user and password", f"{key}:{as_password}", f"{_KEY}:{_KEY}")


def in_other_case(own: Credentials) -> Iterator[NearMiss]:
    """What is right, with the name of the scheme in other letters: case does not count there."""
    if own.user is None:
        return
    right = _basic("", f"{own.user}:{own.password or ''}", f"{_USER}:{_PASSWORD}")
    for words, scheme in (("small letters", "basic"), ("capitals", "BASIC")):
        value, told = (text.replace("Basic", scheme, 1) for text in (right.value, right.told))
        yield NearMiss(f"user and password, scheme in {words}", right.header, value, told)


def told_of(value: str, own: Credentials) -> str | None:
    """What to show in place of a header's value that is right but for its spelling, or nearly right."""
    return next((one.told for one in _spelled(own) if one.value == value), None)


def told_by(own: Credentials) -> Iterator[str]:
    """All that may be shown so."""
    return (one.told for one in _spelled(own))


def _spelled(own: Credentials) -> Iterator[NearMiss]:
    yield from in_other_case(own)
    yield from near_misses(own)


def _changes(secret: str, variable: str) -> Iterator[tuple[str, str, str]]:
    """A secret changed a little: in words, the result, and how a shell comes to it."""
    other = secret.translate(_OTHER_CASE)
    yield "in other case", other if other != secret else secret * 2, f'$(printf %s "{variable}" | tr A-Za-z a-zA-Z)'
    yield "without its last character", secret[:-1] or secret * 3, f"{variable[:-1]}%?}}"
    yield "with a letter after it", f"{secret}x", f"{variable}x"


def _basic(words: str, pair: str, shell: str) -> NearMiss:
    value = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return NearMiss(words, "Authorization", value, f'Basic $(printf %s "{shell}" | base64 -w0)')
