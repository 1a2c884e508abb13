"""The control API: steers an emulator from a test, in any language. Bound by the same router as the rest.

Any web page can talk to a server on this machine, so a foreign Host or Origin is refused, and writes must be JSON
(which a page cannot send elsewhere without asking first). Off loopback each request carries the token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from hmac import compare_digest
from importlib.metadata import version
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulator.auth import Headers
from emulator.call import Call, UseCase
from emulator.clock import Clock, iso
from emulator.errors import Forbidden, Malformed, Unauthorized
from emulator.instances import settle_due
from emulator.journal import CAPACITY
from emulator.store import Unit
from emulator.worlds import Worlds

DOCUMENT = Path(__file__).with_name("control.openapi.yaml")
PREFIX = "/_emulator"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="hypervisor-emulator control"'}


class Guard:
    """Lets in programs on this machine, and whoever has the token."""

    def __init__(self, token: str | None, base_path: str = "") -> None:
        self._token = token
        self._root = base_path + PREFIX

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


def use_cases(worlds: Worlds) -> Mapping[str, UseCase]:
    """What the operations of the control API do."""

    def reset(call: Call, unit: Unit) -> dict[str, Any]:
        return _show_clock(worlds.reset().clock)

    return {
        "getHealth": _health,
        "getClock": _clock,
        "moveClock": _move_clock,
        "resetWorld": reset,
        "getJournal": _journal,
    }


def _health(call: Call, unit: Unit) -> dict[str, str]:
    world = call.world
    return {
        "status": "ok",
        "version": version("hypervisor-emulator"),
        "contract": world.contract.version,
        "world": world.name,
    }


def _clock(call: Call, unit: Unit) -> dict[str, Any]:
    return _show_clock(call.world.clock)


def _move_clock(call: Call, unit: Unit) -> dict[str, Any]:
    clock = call.world.clock
    try:
        now = clock.advance(call.body.get("advance", 0))
    except ValueError as error:
        raise Malformed(f"advance: {error}") from None
    if "rate" in call.body:
        clock.run_at(call.body["rate"])
    settle_due(call.world, unit, now)
    return _show_clock(clock)


def _journal(call: Call, unit: Unit) -> dict[str, Any]:
    text = call.query.get("last", "100")
    if not text.isdecimal() or len(text) > len(str(CAPACITY)) or not 1 <= int(text) <= CAPACITY:
        raise Malformed(f"last is {text[:40]!r}; expected a number from 1 to {CAPACITY}")
    entries = list(call.world.journal)[-int(text) :]
    return {"entries": [{**asdict(entry), "at": iso(entry.at)} for entry in entries]}


def _show_clock(clock: Clock) -> dict[str, Any]:
    return {"now": iso(clock.now()), "rate": clock.rate}


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
