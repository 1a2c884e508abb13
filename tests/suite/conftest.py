"""Servers for the suite to judge, and the suite itself, in this process or as a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from emulator.app import create_app
from emulator.settings import Settings
from emulator.worlds import Worlds
from tests.suite.judging import EXAMPLE
from tests.suite.serving import serving

Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server in a thread and answers its URL: the emulator, with something around it when `around` is given.

    Further arguments are settings of the emulator.
    """
    with ExitStack() as stack:

        def start(around: Callable[[Any], Any] = lambda application: application, **settings: Any) -> str:
            settings.setdefault("seeds", (EXAMPLE,))
            chosen = Settings(port=0, **settings)
            return stack.enter_context(serving(around(create_app(chosen, Worlds(chosen)))))

        yield start


@pytest.fixture
def serve_application() -> Iterator[Callable[[Any], str]]:
    """Starts any WSGI application in a thread and answers its URL."""
    with ExitStack() as stack:
        yield lambda application: stack.enter_context(serving(application))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a run writes its report."""
    return tmp_path / "report"
