"""One server for these tests, and a platform of its own for each: the library, used as its users use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from emulator.testing import Hypervisor, LocalServer, serving
from tests.patience import PATIENCE


@pytest.fixture(scope="session")
def local_server() -> Iterator[LocalServer]:
    """A server of this process."""
    with serving() as server:
        yield server


@pytest.fixture
def platform(local_server: LocalServer) -> Iterator[Hypervisor]:
    """A platform of this test's own."""
    with local_server.world() as hypervisor:
        yield hypervisor


def ask(method: str, url: str, body: Any = None) -> tuple[int, Any]:
    """Send a request as a client without a library would; the status, and what was in the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"} if data else {}, method=method)
    try:
        with urlopen(request, timeout=PATIENCE) as answer:
            content = answer.read()
            return answer.status, json.loads(content) if content else None
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())
