"""Who asks: HTTP Basic with the password in UTF-8 or ISO-8859-1, or an application key; or an open server."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from emulator.errors import Forbidden, Unauthorized

APP_KEY_HEADER = "X-ComodIT-AppKey"
CHALLENGE = {"WWW-Authenticate": 'Basic realm="hypervisor-emulator", charset="UTF-8"'}


class Headers(Protocol):
    """The headers of a request, by name in any case."""

    def get(self, key: str, /) -> str | None:
        """The value of a header, or None."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A user. `organizations` None means all of them."""

    username: str
    full_name: str = ""
    organizations: frozenset[str] | None = None

    def may_see(self, organization: str) -> bool:
        """Whether this user belongs to that organization."""
        return self.organizations is None or organization in self.organizations


@dataclass(frozen=True, slots=True)
class User:
    """A user with the ways to prove it: a password, application keys, or both."""

    principal: Principal
    password: str | None = None
    app_keys: tuple[str, ...] = ()


ANYBODY = Principal("anonymous", "Anonymous")


class Authenticator:
    """Knows all credentials, by the bytes in which they arrive. With no users the server is open.

    (openapi.yaml: components/securitySchemes; requirements auth.*)
    """

    def __init__(self, users: Iterable[User] = ()) -> None:
        self.users = tuple(users)
        self._basic: dict[bytes, Principal] = {}
        self._keys: dict[str, Principal] = {}
        for user in self.users:
            self._learn(user)

    @property
    def is_open(self) -> bool:
        """Whether requests need no credentials; those that come are ignored."""
        return not self._basic and not self._keys

    def principal(self, headers: Headers) -> Principal:
        """The user that these headers prove; Unauthorized says what was missing or wrong."""
        if self.is_open:
            return ANYBODY
        key = headers.get(APP_KEY_HEADER)
        if key is not None:
            return self._by_key(key)
        authorization = headers.get("Authorization")
        if authorization is None:
            raise Unauthorized(
                f"credentials are required: HTTP Basic, or an application key in the header {APP_KEY_HEADER}",
                headers=CHALLENGE,
            )
        return self._by_password(authorization)

    def _by_key(self, key: str) -> Principal:
        try:
            return self._keys[key]
        except KeyError:
            raise Unauthorized(
                f"the application key in {APP_KEY_HEADER} is not known here", headers=CHALLENGE
            ) from None

    def _by_password(self, authorization: str) -> Principal:
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "basic":
            raise Unauthorized(f"the scheme {scheme!r} is not taken here; use Basic", headers=CHALLENGE)
        try:
            return self._basic[b64decode(token.strip(), validate=True)]
        except (binascii.Error, ValueError):
            raise Unauthorized("the Basic credentials are not base64", headers=CHALLENGE) from None
        except KeyError:
            raise Unauthorized("wrong user name or password", headers=CHALLENGE) from None

    def _learn(self, user: User) -> None:
        for key in user.app_keys:
            # the header arrives as the server decoded it, byte by byte
            self._keys[key] = user.principal
            self._keys[key.encode().decode("latin-1")] = user.principal
        if user.password is None:
            return
        text = f"{user.principal.username}:{user.password}"
        self._basic[text.encode()] = user.principal
        with suppress(UnicodeEncodeError):  # not everything has a form in ISO-8859-1
            self._basic[text.encode("latin-1")] = user.principal


def authorize(principal: Principal, organization: str) -> None:
    """Forbidden unless the user belongs to this organization, whether it exists or not."""
    if not principal.may_see(organization):
        raise Forbidden(f"user {principal.username!r} does not belong to organization {organization!r}")
