"""What is committed together is as if it had been committed one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.app import create_app
from emulator.settings import Settings
from emulator.sql.commits import Job
from emulator.sql.store import SqlStore
from emulator.sql.unit import SqlUnit
from emulator.store import Unit
from emulator.worlds import Worlds
from tests.emulator.conftest import DOCUMENTED, ENVIRONMENT, EXAMPLE, VACANT

Thing = TypeVar("Thing")
Ask = tuple[str, str, Any]

MACHINE = [{"key": "libvirt.uuid", "value": "27946b59-9e44-4fa7-8e91-f3527a1ef094"}]
RENAMED = f"{ENVIRONMENT}/hosts/renamed"
INSTANCES = (DOCUMENTED, VACANT, f"{RENAMED}/instance")
HOSTS = tuple(instance.removesuffix("/instance") for instance in INSTANCES)

ON_AN_INSTANCE: tuple[Ask, ...] = (
    ("GET", "", None),
    ("POST", "", None),
    ("DELETE", "", None),
    *(("PUT", f"/_{action}", None) for action in ("reboot", "pause", "resume", "stop", "start", "off", "forget")),
    ("PUT", "/lock", None),
    ("PUT", "/unlock", None),
    ("POST", "/properties", MACHINE),
)
ON_A_HOST: tuple[Ask, ...] = (
    ("GET", "", None),
    ("GET", "/changes", None),
    ("GET", "/audit", None),
    ("DELETE", "/changes", None),
    ("DELETE", "", None),
    ("PUT", "", {"name": "renamed"}),
    ("PUT", "", {"name": "web-1"}),
    ("PUT", "", {"description": "another"}),
)
ELSEWHERE: tuple[Ask, ...] = (
    ("POST", f"{ENVIRONMENT}/hosts", {"name": "renamed"}),
    ("GET", f"{ENVIRONMENT}/hosts", None),
    ("PUT", ENVIRONMENT, {"description": "another"}),
    ("GET", ENVIRONMENT, None),
)
ASKS: tuple[Ask, ...] = (
    *((method, base + path, body) for base in INSTANCES for method, path, body in ON_AN_INSTANCE),
    *((method, base + path, body) for base in HOSTS for method, path, body in ON_A_HOST),
    *ELSEWHERE,
)
LOOKS = tuple(ask for ask in ASKS if ask[0] == "GET")


class Together(SqlStore):
    """All work in one transaction, as that which waits while another commits."""

    together: SqlUnit | None = None

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """Until the block ends."""
        with self.unit() as unit:
            assert isinstance(unit, SqlUnit)
            self.together = unit
            yield
            self.together = None

    def run(self, work: Callable[[Unit], Thing], *, writes: bool = True) -> Thing:
        """See Store."""
        if self.together is None:
            return super().run(work, writes=writes)
        job = Job(work)
        job.attempt(self.together)
        self.together.leave()
        answer: Thing = job.result()
        return answer


class Platform:
    """An emulator whose work can be done together."""

    def __init__(self, folder: Path, timing: str) -> None:
        store = f"sqlite:///{folder / 'platform.db'}"
        wanted = Settings(seeds=(EXAMPLE,), clock="frozen", store=store, timing=timing, log_format=None)
        self.worlds = Worlds(wanted)
        self.client = create_app(wanted, self.worlds).test_client()

    def begin_anew(self) -> Together:
        """The platform as it was at first; its store."""
        world = self.worlds.reset()
        assert isinstance(world.store, SqlStore)
        world.store = together = Together(world.store.dialect)
        return together


@pytest.fixture(scope="module", params=["instant", "polls:2"])
def platforms(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Platform]]:
    """Two of them."""
    made = [Platform(tmp_path_factory.mktemp("store"), request.param) for _ in range(2)]
    yield made
    for one in made:
        one.worlds.close()


def answer(client: FlaskClient, ask: Ask) -> tuple[int, Any]:
    """Status and body, without the times: no two platforms begin at the same one."""
    method, path, body = ask
    found = client.open(path, method=method, json=body) if body is not None else client.open(path, method=method)
    shown = found.get_json(silent=True)
    for item in shown.get("items", []) if isinstance(shown, dict) else []:
        item.pop("timestamp", None)
    return found.status_code, shown


@settings(max_examples=60, deadline=None)
@given(asks=st.lists(st.sampled_from(ASKS), min_size=2, max_size=12))
def test_work_that_is_committed_together_ends_as_if_it_had_been_alone(
    platforms: list[Platform], asks: list[Ask]
) -> None:
    """Whatever is asked in one transaction is answered, and kept, as in a transaction for each."""
    one, other = platforms
    together, _ = one.begin_anew(), other.begin_anew()
    with together.one_transaction():
        answers = [answer(one.client, ask) for ask in asks]
    assert answers == [answer(other.client, ask) for ask in asks]
    assert [answer(one.client, ask) for ask in LOOKS] == [answer(other.client, ask) for ask in LOOKS]
