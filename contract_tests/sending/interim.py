"""Passes over interim answers (1xx, RFC 9110 section 15.2), of which http.client knows 100 alone."""

from __future__ import annotations

from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

SWITCHING = 101
"""The one interim status after which nothing follows that is HTTP."""

MOST = 16
"""Interim answers that are passed over before one."""


class FinalResponse(HTTPResponse):
    """An answer, without the interim ones before it."""

    def begin(self) -> None:
        """Read the head of the answer."""
        super().begin()
        for _ in range(MOST):
            if not 100 <= self.status < 200 or self.status == SWITCHING:
                return
            self.headers = self.msg = None  # type: ignore[assignment]  # nothing was read yet
            super().begin()


class _Connection(HTTPConnection):
    response_class = FinalResponse


class _SecureConnection(HTTPSConnection):
    response_class = FinalResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class FinalAdapter(HTTPAdapter):
    """Sends requests as requests does, and hands on final answers only."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the connections of this adapter."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        """Make those that go through a proxy."""
        manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


_POOLS = {"http": _Pool, "https": _SecurePool}
