"""The server under test: its address, the hosts that may be used, the credentials, and how far the suite may go."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

from contract import Contract, Operation

APP_KEY_HEADER = "X-ComodIT-AppKey"


class TargetError(Exception):
    """The command line names something that cannot be tested. Its text is one line: what, and what is expected."""


class Level(IntEnum):
    """How far the suite may go, each level with all below it.

    OBSERVE reads. POWER also changes the state of an instance that is there. FULL also makes and deletes
    instances: what a named host has is lost.
    """

    OBSERVE = 0
    POWER = 1
    FULL = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class HostName:
    """The three names of a host; on the command line they are joined by `/`, which no name contains."""

    organization: str
    environment: str
    host: str

    def __str__(self) -> str:
        return "/".join(self.names)

    @property
    def names(self) -> tuple[str, str, str]:
        """The names in the order of the path."""
        return (self.organization, self.environment, self.host)

    def path(self, template: str) -> str:
        """The path of an operation on this host: its three parameters filled in, percent-encoded."""
        return fill(template, self.names)


def fill(template: str, names: tuple[str, ...]) -> str:
    """A path template with its parameters filled in, first to last, percent-encoded as UTF-8."""
    parts = template.split("/")
    encoded = iter([quote(name, safe="") for name in names])
    return "/".join(next(encoded, part) if part.startswith("{") else part for part in parts)


def parse_host(text: str, contract: Contract) -> HostName:
    """A host as the command line names it. TargetError says what is wrong with it."""
    parts = text.split("/")
    if len(parts) != 3:
        raise TargetError(f"--host {text!r}: expected ORG/ENV/HOST, three names with '/' between them")
    for name in parts:
        if problem := problem_with(name, contract):
            raise TargetError(f"--host {text!r}: {name!r} is no name: {problem}")
    return HostName(*parts)


def problem_with(name: str, contract: Contract) -> str | None:
    """What keeps a text from being the name of an organization, an environment or a host; None when nothing does."""
    parameter = next(iter(contract.operations.values())).parameters[0]
    problems = contract.document.validator(parameter.schema).problems(name)
    return problems[0].removeprefix("the body: ") if problems else None


def parse_url(text: str) -> str:
    """The base address without a slash at its end. TargetError says what is wrong with it."""
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise TargetError("URL with a user before '@': expected scheme, host, port and path; credentials are options")
    expected = f"URL {text!r}: expected the server's address, such as http://127.0.0.1:8795"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise TargetError(expected) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise TargetError(expected)
    if parts.query or parts.fragment:
        raise TargetError(f"URL {text!r}: expected scheme, host, port and path, nothing after them")
    return text.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own."""
    name = urlsplit(url).hostname or ""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the suite shows to be let in: user and password, or an application key, or nothing."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    app_key: str | None = field(default=None, repr=False)

    @property
    def kinds(self) -> Mapping[str, str | bool | None]:
        """What they are like, without a word of them: how user and password can be said, and what is there.

        `ascii` is the same in UTF-8 and in ISO-8859-1, `latin-1` differs, `unicode` cannot be said in the latter.
        """
        return {
            "user": None if self.user is None else _encoding(f"{self.user}:{self.password or ''}"),
            "password": bool(self.password),
            "appKey": self.app_key is not None,
        }

    @classmethod
    def like(cls, kinds: Mapping[str, Any]) -> Credentials:
        """Credentials of these kinds, which open no door."""
        user = None if kinds["user"] is None else _SAMPLES[kinds["user"]]
        return cls(user, "secret" if kinds["password"] else None, "key" if kinds["appKey"] else None)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that carry them."""
        headers = {}
        if self.user is not None:
            pair = f"{self.user}:{self.password or ''}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        if self.app_key is not None:
            headers[APP_KEY_HEADER] = self.app_key
        return headers

    def are_told_by(self, value: str) -> bool:
        """Whether the value of a header gives away the password, as HTTP Basic, or the key."""
        pairs = (basic_pair(value, "utf-8"), basic_pair(value, "iso-8859-1"))
        told = bool(self.password) and any(pair.endswith(f":{self.password}") for pair in pairs)
        return told or (bool(self.app_key) and value == self.app_key)


def basic_pair(value: str, encoding: str) -> str:
    """User and password, with a colon between them, of a header for HTTP Basic; empty for another, or none."""
    scheme, _, encoded = value.partition(" ")
    try:
        return base64.b64decode(encoded, validate=True).decode(encoding) if scheme.lower() == "basic" else ""
    except ValueError:
        return ""


_SAMPLES = {"ascii": "user", "latin-1": "üser", "unicode": "user ☃"}


def _encoding(text: str) -> str:
    if text.isascii():
        return "ascii"
    try:
        text.encode("iso-8859-1")
    except UnicodeEncodeError:
        return "unicode"
    return "latin-1"


@dataclass(frozen=True, slots=True)
class Target:
    """The server under test. `without` names the features that it does not claim.

    `foreign` is an organization that the credentials must not see; only reads are sent to it.
    """

    url: str
    hosts: tuple[HostName, ...]
    credentials: Credentials
    level: Level
    without: frozenset[str] = frozenset()
    foreign: str | None = None

    def claims(self, feature: str | None) -> bool:
        """Whether the server is expected to offer this feature; None stands for the core."""
        return feature not in self.without


def level_of(operation: Operation, contract: Contract) -> Level:
    """The level that an operation needs, from what its trigger does in the lifecycle."""
    if operation.method in ("GET", "HEAD", "OPTIONS"):
        return Level.OBSERVE
    absent = contract.lifecycle.absent
    for edge in contract.lifecycle.edges:
        if edge.trigger == operation.trigger and absent in (edge.state, *edge.to):
            return Level.FULL
    return Level.POWER
