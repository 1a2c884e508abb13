"""`hypervisor-emulator wait URL`: 0 when the emulator answers; a container's health check."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

import click

from emulator.errors import StartError

PAUSE = 0.05
"""Seconds between two attempts."""


@click.command(context_settings={"auto_envvar_prefix": "HYPERVISOR_EMULATOR"})
@click.argument("url")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    show_envvar=True,
    help="Seconds to wait at most.",
)
def wait(url: str, timeout: float) -> int:
    """Wait until an emulator, or any HTTP server, answers at URL: exit code 0; 2 when it does not in time."""
    if not _is_url(url):
        raise StartError(f"{url!r} is not a URL; expected something like http://127.0.0.1:8795")
    until = time.monotonic() + timeout
    while True:
        problem = _ask(url, max(until - time.monotonic(), 0.1))
        if problem is None:
            return 0
        if time.monotonic() >= until:
            raise StartError(
                f"nothing answers at {url} after {timeout:g} s ({problem}); is the emulator running there?"
            )
        time.sleep(PAUSE)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _ask(url: str, timeout: float) -> str | None:
    """Why nothing answers, or None when something does."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=timeout)
        connection.request("GET", parts.path or "/")
        connection.getresponse().read(1)
        connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        return str(error) or type(error).__name__
    return None
