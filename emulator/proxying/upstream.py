"""The server behind the proxy: one connection for each request, so that nothing is ever sent twice."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from emulator.errors import StartError
from emulator.journal import Headers

CONNECTING = 10.0
"""Seconds until the server must have taken a connection, and agreed on TLS."""

SECONDS = 60.0
"""How long it may take to say something then."""

OF_THE_CONNECTION = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""Headers that are about one connection, not about what goes over it, in lower case."""


class NoAnswer(Exception):
    """The server gave no answer: a sentence that says why. The request may have taken effect."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered; `headers` without those of the connection."""

    status: int
    reason: str
    headers: Headers
    body: bytes


class Upstream:
    """A server at a URL. StartError when that is none."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise StartError(
                f"{url!r} is not the URL of a server; expected something like https://platform.example/api"
            )
        self.url = url.rstrip("/")
        self.prefix = parts.path.rstrip("/")
        self._host, self._port = parts.hostname, port
        self._authority = parts.netloc.rpartition("@")[2]
        self._context = ssl.create_default_context() if parts.scheme == "https" else None

    def send(self, method: str, target: str, headers: Headers, body: bytes) -> Answer:
        """Pass a request on; `target` is its path and query as they came. NoAnswer when none came back."""
        connection = self._connection()
        try:
            connection.connect()
            connection.sock.settimeout(SECONDS)
            connection.putrequest(method, self.prefix + target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", self._authority)
            for name, value in headers:
                if name.lower() not in OF_THE_CONNECTION and name.lower() != "host":
                    connection.putheader(name, value.encode("latin-1"))
            connection.putheader("Connection", "close")
            connection.endheaders(body or None)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in OF_THE_CONNECTION]
            return Answer(answer.status, answer.reason, kept, answer.read())
        except ssl.SSLError as error:
            raise NoAnswer(f"{self.url} and TLS do not agree: {error.reason or error}") from None
        except TimeoutError:
            raise NoAnswer(
                f"{self.url} has not answered in time ({CONNECTING:g} s to connect, then {SECONDS:g} s)"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise NoAnswer(f"{self.url} cannot be reached, or broke off: {reason}") from None
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=CONNECTING)
        return http.client.HTTPSConnection(self._host, self._port, timeout=CONNECTING, context=self._context)
