"""Real emulators for the tests: a waitress server in a thread for each, on a free port, steered by a frozen clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.app import create_app
from emulator.serving.server import Server, listen
from emulator.settings import Settings
from emulator.world import World
from emulator.worlds import Worlds
from tests.patience import PATIENCE
from tests.postgresql import MISSING, Postgresql, is_installed, postgresql

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "fixtures" / "documentation-example.yaml"
ENVIRONMENT = "/organizations/Guardis%20Test/environments/Test%20Environment"
VACANT = f"{ENVIRONMENT}/hosts/web-1/instance"
"""The instance of the host that the example leaves without one."""
DOCUMENTED = f"{ENVIRONMENT}/hosts/test-host-on-Hyp3/instance"


class Running:
    """An emulator that serves: its URL, and the world behind it."""

    def __init__(self, server: Server, worlds: Worlds) -> None:
        self.server = server
        self.url = f"http://127.0.0.1:{server.port}"
        self.port = server.port
        self.worlds = worlds
        self._session = requests.Session()

    @classmethod
    def client_of(cls, emulator: Running) -> Running:
        """Another client of the same emulator, for another thread."""
        return cls(emulator.server, emulator.worlds)

    @property
    def world(self) -> World:
        """Its default world."""
        return self.worlds.world()

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Send one request; a redirect is not followed."""
        return self._session.request(method, self.url + path, timeout=PATIENCE, allow_redirects=False, **arguments)

    def state(self, path: str = VACANT) -> str:
        """The state that a reader sees; ABSENT for a 404."""
        answer = self.request("GET", path)
        return "ABSENT" if answer.status_code == 404 else answer.json()["state"]

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """Serve in a thread of this process until the block ends."""
    worlds = Worlds(settings)
    server = Server(create_app(settings, worlds), listen("127.0.0.1", 0))
    thread = threading.Thread(target=server.run)
    thread.start()
    emulator = Running(server, worlds)
    try:
        yield emulator
    finally:
        emulator.close()
        server.stop()
        thread.join(timeout=PATIENCE)
        assert not thread.is_alive()
        worlds.close()


@pytest.fixture(scope="session")
def database_server() -> Iterator[Postgresql]:
    """A PostgreSQL server of this test process."""
    if not is_installed():
        pytest.skip(MISSING)
    with postgresql() as server:
        yield server


EVERY_STORE = {
    *("test_control", "test_history", "test_inventory", "test_linearizability"),
    *("test_names", "test_timing", "test_walks", "test_any_input", "test_bad_paths", "test_acts"),
}
"""Modules whose tests hold on every store."""

STORES = ("memory", "sqlite", "postgresql")
NewStore = Callable[[], str]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of some modules on every store."""
    name = metafunc.module.__name__.rpartition(".")[2]
    if "new_store" in metafunc.fixturenames and name in EVERY_STORE:
        metafunc.parametrize("new_store", STORES, indirect=True, scope="module")


@pytest.fixture(scope="module")
def new_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NewStore:
    """Gives the address of an empty store, as for --store; of the memory unless the module is of EVERY_STORE."""
    kind = getattr(request, "param", "memory")
    if kind == "memory":
        return lambda: kind
    if kind == "sqlite":
        return lambda: f"sqlite:///{tmp_path_factory.mktemp('store') / 'platform.db'}"
    server: Postgresql = request.getfixturevalue("database_server")
    return server.database


Start = Callable[..., Running]


@pytest.fixture
def start(new_store: NewStore) -> Iterator[Start]:
    """Start emulators with these settings; the documentation's example and a frozen clock unless told otherwise."""
    with ExitStack() as stack:

        def started(**settings: Any) -> Running:
            defaults = {"seeds": (EXAMPLE,), "clock": "frozen", "store": new_store()}
            return stack.enter_context(running(Settings(**(defaults | settings))))

        yield started


@pytest.fixture(scope="module")
def served(new_store: NewStore) -> Iterator[Running]:
    """One emulator for the tests of a module that need no settings: the example, and a frozen clock."""
    with running(Settings(seeds=(EXAMPLE,), clock="frozen", store=new_store())) as emulator:
        yield emulator


@pytest.fixture
def emulator(served: Running) -> Running:
    """That emulator as it was at the start; every action takes effect at once."""
    served.worlds.reset()
    return served
