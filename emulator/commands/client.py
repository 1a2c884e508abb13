"""A client of the control API, from the standard library: a command line starts before it would have loaded another.

With it what the commands of `ctl` share.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import click

from emulator.errors import StartError

SECONDS = 10.0
"""How long an answer may take that nobody waits for on purpose."""

JSON, YAML = "application/json", "application/yaml"


class Control:
    """The control API of the world at `url`. StartError says in one line what did not work."""

    def __init__(self, url: str, token: str | None = None) -> None:
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError:
            raise _no_url(url) from None
        if parts.scheme not in ("http", "https") or not self._host:
            raise _no_url(url)
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._root = parts.path.removesuffix("/") + "/_emulator/"
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, *, query: Mapping[str, Any] | None = None, seconds: float = SECONDS) -> Any:
        """What is there; members of the query that are None are left out."""
        given = urlencode({name: value for name, value in (query or {}).items() if value is not None})
        return self._ask("GET", f"{path}?{given}" if given else path, seconds=seconds)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer to a body of JSON."""
        return self._ask("POST", path, json.dumps(body).encode())

    def put(self, path: str, body: bytes | Mapping[str, Any]) -> Any:
        """The answer to a body: bytes of YAML, or what becomes JSON."""
        if isinstance(body, bytes):
            return self._ask("PUT", path, body, YAML)
        return self._ask("PUT", path, json.dumps(body).encode())

    def delete(self, path: str) -> Any:
        """Let go of what is there."""
        return self._ask("DELETE", path)

    def _ask(
        self, method: str, path: str, body: bytes | None = None, media_type: str = JSON, seconds: float = SECONDS
    ) -> Any:
        connection = self._kind(self._host, self._port, timeout=seconds)
        try:
            headers = self._headers | ({"Content-Type": media_type} if body is not None else {})
            connection.request(method, self._root + path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            problem = f"{type(error).__name__}: {error}"
            raise StartError(f"{self._url}: no answer ({problem}); does an emulator serve there?") from None
        finally:
            connection.close()
        is_json = (answer.getheader("Content-Type") or "").startswith(JSON)
        shown = json.loads(content) if is_json and content else content.decode("utf-8", "replace")
        if answer.status >= 400:
            raise StartError(f"{self._url}: {_refusal(answer.status, shown)}")
        return shown


def _refusal(status: int, shown: Any) -> str:
    if isinstance(shown, dict) and shown.get("error"):
        return "; ".join(shown["error"])
    return f"the answer is {status}, and not from an emulator with a control API"


def _no_url(url: str) -> StartError:
    return StartError(
        f"{url!r} is not a URL; expected something like http://127.0.0.1:8795 or http://127.0.0.1:8795/w/NAME"
    )


def show(content: Any) -> None:
    """Print a row for each member, as `name value`; what is deeper, as JSON."""
    for name, value in content.items():
        click.echo(f"{name} {value if isinstance(value, str | float | int) else json.dumps(value)}")


def read(path: Path) -> bytes:
    """What is in a file. StartError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartError(f"{path}: cannot read it: {error.strerror}") from None


with_control = click.make_pass_decorator(Control)
"""Gives a command the control API of the URL behind `ctl`."""
