"""One real server in this process, and worlds in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from emulator import control
from emulator.app import create_app
from emulator.errors import NotFound
from emulator.journal import Entry
from emulator.seeding.origins import Origin
from emulator.seeding.seeds import builtin_seed
from emulator.serving.server import Server, listen, url_of
from emulator.settings import Settings
from emulator.testing.hypervisor import Hypervisor
from emulator.testing.mistakes import UsageError, explained
from emulator.worlds import PREFIX, Worlds

HOST = "127.0.0.1"
DEFAULTS = Settings(seeds=(Path("documentation-example"),), clock="frozen")
"""What a world in a test is like unless told otherwise: nothing takes time, and none passes by itself."""

SETTINGS = ("seeds", "timing", "clock", "random_seed", "fleet")
"""The settings that a world in a test can have, named and meant as the options of `serve`."""

STOP_SECONDS = 5


class EmulatorBroke(AssertionError):
    """A request that the test caused has broken the emulator; the message is the server's traceback."""


class LocalServer:
    """A server on a free port, in a thread of this process; `url` is where it is."""

    def __init__(self, contract: Path | None = None) -> None:
        self._worlds = Worlds(Settings(contract=contract))
        self._origins: dict[tuple[Settings, tuple[int, ...]], Origin] = {}
        listener = listen(HOST, 0)
        self.url = url_of(HOST, listener)
        app = create_app(Settings(), self._worlds)
        self._operations = app.view_functions.keys() - control.performers(self._worlds).keys()
        self._server = Server(app, listener)
        self._thread = threading.Thread(target=self._run, name="hypervisor-emulator", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._server.run(dismiss=self._worlds.dismiss)

    def stop(self) -> None:
        """Answer what was accepted, and let go of the port."""
        self._server.stop()
        self._thread.join(STOP_SECONDS)

    @contextmanager
    def world(self, **settings: Any) -> Iterator[Hypervisor]:
        """A platform of its own until the block ends. Its settings are SETTINGS.

        UsageError says what is wrong with them; EmulatorBroke comes at the end if a request broke the emulator.
        """
        with explained():
            world = self._worlds.make(origin=self._origin(_settings(settings)))
        broken = world.journal.broken
        try:
            yield Hypervisor(
                self._worlds,
                world.name,
                url=f"{self.url}{PREFIX}{world.name}",
                operations=self._operations,
                sibling=lambda **others: self.world(**{**settings, **others}),
            )
        except BaseException as error:
            for entry in broken:
                error.add_note(_broke(entry))
            raise
        finally:
            with suppress(NotFound):  # the test may have dropped it, over the control API
                self._worlds.drop(world.name)
        if broken:
            raise EmulatorBroke("\n".join(map(_broke, broken)))

    def _origin(self, settings: Settings) -> Origin:
        """What such a world begins from; files are read again when they have changed."""
        key = (settings, tuple(path.stat().st_mtime_ns for path in settings.seeds if path.exists()))
        if key not in self._origins:
            self._origins[key] = self._worlds.origin_of(settings)
        return self._origins[key]


@contextmanager
def serving(contract: Path | None = None) -> Iterator[LocalServer]:
    """A server until the block ends; its worlds are to be made with `world`."""
    server = LocalServer(contract)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def running(*, contract: Path | None = None, **settings: Any) -> Iterator[Hypervisor]:
    """A server with one world until the block ends: for tests that do not use pytest. See LocalServer.world."""
    with serving(contract) as server, server.world(**settings) as hypervisor:
        yield hypervisor


def _settings(given: dict[str, Any]) -> Settings:
    odd = given.keys() - SETTINGS
    if odd:
        raise UsageError(f"there is no setting {min(odd)!r} of a world; there are {', '.join(SETTINGS)}")
    seeds = given.get("seeds", DEFAULTS.seeds)
    paths = [Path(seed) for seed in ([seeds] if isinstance(seeds, str | Path) else seeds)]
    return replace(DEFAULTS, **{**given, "seeds": tuple(builtin_seed(path) or path for path in paths)})


def _broke(entry: Entry) -> str:
    return f"a request broke the emulator: #{entry.number} {entry.method} {entry.path}\n{entry.error}"
