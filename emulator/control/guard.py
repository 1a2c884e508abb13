"""Who may use the control API.

Any web page can talk to a server on this machine, so a foreign Host or Origin is refused, and writes must be JSON
(which a page cannot send elsewhere without asking first). Off loopback each request carries the token.
"""

from __future__ import annotations

from hmac import compare_digest
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from emulator.auth import Headers
from emulator.errors import Forbidden, Unauthorized
from emulator.worlds import CONTROL

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="hypervisor-emulator control"'}


class Guard:
    """Lets in programs on this machine, and whoever has the token."""

    def __init__(self, token: str | None, base_path: str = "") -> None:
        self._token = token
        self._root = base_path + CONTROL

    def guards(self, path: str) -> bool:
        """Whether a path is of the control API, which asks for other credentials than the emulated one."""
        return path == self._root or path.startswith(self._root + "/")

    def check(self, headers: Headers, peer: str | None) -> None:
        """Forbidden for a foreign web page, Unauthorized for a foreign address without the token."""
        if self._has_token(headers.get("Authorization") or ""):
            return
        if not _is_loopback(peer or ""):
            raise Unauthorized(
                "the control API wants its token from an address that is not loopback: "
                "send Authorization: Bearer TOKEN (the ready file has it)",
                headers=CHALLENGE,
            )
        for name, address in (("Host", f"//{headers.get('Host') or ''}"), ("Origin", headers.get("Origin"))):
            if address is not None and not _is_loopback(_host_of(address)):
                raise Forbidden(f"the control API is closed to {name}: {headers.get(name)}; it serves this machine")

    def _has_token(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        known = self._token or ""
        return bool(known) and scheme.lower() == "bearer" and compare_digest(token.strip().encode(), known.encode())


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:  # a peer over IPv4 of a server that listens on ::
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
