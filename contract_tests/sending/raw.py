"""HTTP as bytes on a connection, for what a well-behaved library would mend or refuse to send.

Nothing here knows the API or its rules: `contract_tests.sending.lines` says what may be sent.
"""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from contract_tests.running.target import APP_KEY_HEADER
from contract_tests.sending.interim import FinalResponse
from contract_tests.sending.spelling import format_of

LONGEST_COMMAND = 4000
"""Characters of a message beyond which no command is made of it."""


class End(StrEnum):
    """How an exchange ended. `no-http`: bytes came that are no answer of HTTP."""

    ANSWERED = "answered"
    CLOSED = "closed"
    SILENT = "silent"
    NO_HTTP = "no-http"


@dataclass(frozen=True, slots=True)
class Message:
    """A request, byte by byte: its first line, its fields as they stand there, its body, and how lines end."""

    line: bytes
    fields: tuple[bytes, ...] = ()
    body: bytes = b""
    newline: bytes = b"\r\n"

    def with_fields(self, *fields: bytes) -> Message:
        """The same with more fields, after those that are there."""
        return replace(self, fields=(*self.fields, *fields))

    @property
    def words(self) -> tuple[str, str]:
        """The method and the target as the first line has them; empty where it has none."""
        words = [word.decode("latin-1") for word in self.line.lstrip(b"\r\n").split(b" ")]
        return (words[0], words[1]) if len(words) > 1 else ("", "")

    @property
    def headers(self) -> Mapping[str, str]:
        """The fields that have a name, for the record."""
        pairs = [field.decode("latin-1").partition(":") for field in self.fields]
        return {name: value.strip() for name, colon, value in pairs if colon}

    @property
    def data(self) -> bytes:
        """All of it, as it is sent."""
        return self.newline.join((self.line, *self.fields, b"", b"")) + self.body

    def redacted(self) -> Message:
        """The same without credentials."""
        return replace(
            self,
            fields=tuple(_without_secret(field) + (b"[redacted]" if _secret(field) else b"") for field in self.fields),
        )

    def command(self, url: str) -> str | None:
        """A command line that sends it again, with credentials from the suite's variables; None when it is too long."""
        secrets = [secret for field in self.fields if (secret := _secret(field))]
        lines = [format_of(self.line), *(_printed(field) for field in self.fields), "", ""]
        printed = format_of(self.newline).join(lines) + format_of(self.body)
        if len(printed) > LONGEST_COMMAND:
            return None
        name, port, is_tls = _address(url)
        sender = f"openssl s_client -quiet -connect {name}:{port}" if is_tls else f"nc -w 5 {name} {port}"
        return " ".join(["printf", f"'{printed}'", *secrets, "|", sender])


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: an answer with its body, or why there is none. `closes`: the server hangs up after it."""

    end: End
    status: int = 0
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    closes: bool = True
    why: str = ""


class Connection:
    """One connection to the host of a URL, with TLS where the URL says so. OSError when it cannot be made.

    `timeout`: seconds until it stands; `patience`: seconds to wait for each part of an answer. `trusted`: a file or a
    folder with the certificates that are trusted.
    """

    def __init__(self, url: str, timeout: float, patience: float, trusted: str) -> None:
        name, port, is_tls = _address(url)
        self._socket = socket.create_connection((name, port), timeout=timeout)
        if is_tls:
            is_folder = Path(trusted).is_dir()
            context = ssl.create_default_context(
                cafile=None if is_folder else trusted, capath=trusted if is_folder else None
            )
            try:
                self._socket = context.wrap_socket(self._socket, server_hostname=name)
            except OSError:
                self._socket.close()
                raise
        self._socket.settimeout(patience)
        self._reader = _Reader(self._socket.makefile("rb", buffering=0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._reader.really_close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes. A server that has hung up may have answered before: that is for `hear` to find out."""
        try:
            self._socket.sendall(data)
        except OSError:
            return

    def hear(self, method: str) -> Answer:
        """The next answer, interim ones passed over; it has no body when the method is HEAD."""
        response = FinalResponse(self, method=method)  # type: ignore[arg-type]  # all that it asks of a socket is here
        try:
            response.begin()
            body = response.read()
        except TimeoutError:
            return Answer(End.SILENT, why="no answer in time")
        except IncompleteRead as error:
            return Answer(End.CLOSED, why=f"closed in the middle of an answer ({error})")
        except ConnectionError as error:  # http.client's RemoteDisconnected is one of them
            return Answer(End.CLOSED, why=f"closed without an answer ({type(error).__name__})")
        except OSError as error:
            return Answer(End.CLOSED, why=str(error))
        except (HTTPException, ValueError) as error:
            return Answer(End.NO_HTTP, why=f"{type(error).__name__}: {_short(str(error))}")
        headers = {name: ", ".join(response.headers.get_all(name) or []) for name in response.headers}
        return Answer(End.ANSWERED, response.status, headers, body, response.will_close)

    def rest(self, seconds: float) -> bytes:
        """What still comes until the server hangs up, or is silent for so long."""
        parts: list[bytes] = []
        self._socket.settimeout(seconds)
        try:
            while part := self._reader.read1(65536):
                parts.append(part)
        except OSError:
            pass
        return b"".join(parts)

    def makefile(self, _: str) -> io.BufferedReader:
        """What http.client reads an answer from: the same for all answers of this connection."""
        return self._reader


class _Reader(io.BufferedReader):
    """Stays open when http.client is done with an answer: the next one comes from here too."""

    def close(self) -> None:
        return

    def really_close(self) -> None:
        super().close()


_SECRETS = (b"authorization", APP_KEY_HEADER.lower().encode())


def _address(url: str) -> tuple[str, int, bool]:
    """Name, port, and whether TLS is spoken there."""
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    return parts.hostname or "", parts.port or (443 if is_tls else 80), is_tls


def _secret(field: bytes) -> str | None:
    """The words of a command line that stand for the credentials in a field."""
    name = field.partition(b":")[0].lower()
    if name == _SECRETS[0]:
        return '"$(printf %s "$CONTRACT_USER:$CONTRACT_PASSWORD" | base64 -w0)"'
    return '"$CONTRACT_APP_KEY"' if name == _SECRETS[1] else None


def _without_secret(field: bytes) -> bytes:
    """A field up to its credentials; as it is when it has none."""
    name, _, value = field.partition(b":")
    if _secret(field) is None:
        return field
    return name + (b": Basic " if value.strip().lower().startswith(b"basic ") else b": ")


def _printed(field: bytes) -> str:
    """A format of printf that prints a field; credentials are left open."""
    return format_of(_without_secret(field)) + ("%s" if _secret(field) else "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:120]}…"
