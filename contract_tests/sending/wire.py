"""The ways to a server: a session for requests, several at one moment, and a bare connection.

All that the suite learns of a server comes through here. A tape has the same ways, and a server that is not there
(contract_tests.sending.tape).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy

from contract_tests.sending.clock import Clock
from contract_tests.sending.interim import FinalAdapter
from contract_tests.sending.raw import Connection
from contract_tests.sending.stopping import waiting
from contract_tests.sending.together import Flight, Send, fly

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 30.0
"""Seconds until a connection stands, and between two parts of an answer."""


class Wire:
    """The ways to the server at a URL, by the environment's proxies and authorities, which are read once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.session = requests.Session()
        self.session.proxies = get_environ_proxies(url)
        self.session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        self._shape(self.session)

    def _shape(self, session: requests.Session) -> None:
        for scheme in ("http://", "https://"):
            session.mount(scheme, FinalAdapter())
        session.trust_env = False  # no credentials from ~/.netrc
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))  # each request stands for itself

    def fly(self, sends: Sequence[Send], clock: Clock) -> list[Flight]:
        """Send several requests at one moment (contract_tests.sending.together)."""
        self.session.close()  # a server that serves one connection after the other would wait for it
        with waiting():
            return fly(sends, self._further, clock)

    def _further(self) -> requests.Session:
        """A further session that goes the same way."""
        other = requests.Session()
        other.proxies, other.verify = self.session.proxies, self.session.verify
        self._shape(other)
        return other

    def connect(self, number: int, patience: float) -> Connection:
        """A connection for what no library sends, the `number`-th of the run. OSError when it cannot be made.

        The session's own connection is closed: a server that serves one after the other would wait for it.
        """
        del number  # a tape needs it
        if select_proxy(self._url, self.session.proxies):
            raise OSError("a proxy is between, and would judge what is no HTTP: name the server in NO_PROXY")
        self.session.close()
        trusted = self.session.verify if isinstance(self.session.verify, str) else DEFAULT_CA_BUNDLE_PATH
        with waiting():
            return Connection(self._url, CONNECT_TIMEOUT, patience, trusted)
