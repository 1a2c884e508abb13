"""Three emulators over one PostgreSQL, partitioned by organization: the smallest set of what docs/scale.md tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import event

from emulator.app import create_app
from emulator.errors import StartError
from emulator.settings import Settings
from emulator.worlds import Worlds
from tests.emulator.conftest import DOCUMENTED, EXAMPLE, VACANT
from tests.emulator.conftest import database_server as database_server  # noqa: PLC0414 - a fixture
from tests.emulator.processes import Process, serving
from tests.postgresql import Postgresql

PARTITIONS = 4
LARGE = ("environment", "host", "change", "audit")
NAMES = [f"Tenant {number}" for number in range(8)]
WAY = {"_pause": "PAUSED", "_resume": "RUNNING", "_stop": "STOPPED", "_start": "RUNNING"}


def instance(organization: str) -> str:
    """The path of the one instance of an organization."""
    return f"/organizations/{quote(organization)}/environments/Production/hosts/web-1/instance"


def make(emulator: Process, organization: str) -> None:
    """An organization with one host, on which there is a machine."""
    path = "/organizations"
    for name, below in ((organization, "environments"), ("Production", "hosts"), ("web-1", "")):
        assert emulator.ask("POST", path, f'{{"name": "{name}"}}')[0] == 200
        path += f"/{quote(name)}/{below}"
    assert emulator.ask("POST", instance(organization))[0] == 200


def rows(store: str, query: str) -> list[tuple[Any, ...]]:
    """What the database answers."""
    with psycopg.connect(store.partition("?")[0]) as connection:
        return connection.execute(query).fetchall()


def test_three_emulators_over_partitions_are_one_platform(database_server: Postgresql) -> None:
    """Organizations live through all in turn, one ends on the way, and each row is in the part of its organization."""
    store = f"{database_server.database()}?partitions={PARTITIONS}"
    with ExitStack() as stack:
        emulators = [stack.enter_context(serving("--store", store, "--log-format", "none")) for _ in range(3)]
        turns = cycle(emulators)
        for name in NAMES:
            make(next(turns), name)
        for action, state in WAY.items():
            for name in NAMES:
                assert next(turns).ask("PUT", f"{instance(name)}/{action}")[0] == 202
                assert [one.ask("GET", instance(name))[1]["state"] for one in emulators] == [state] * len(emulators)
            if action == "_resume":
                assert emulators.pop().stop()[0] == 0
                turns = cycle(emulators)
        changes = [next(turns).ask("GET", instance(name).replace("/instance", "/changes"))[1] for name in NAMES]
    assert [found["total"] for found in changes] == [1 + len(WAY)] * len(NAMES)
    used = set()
    for table in LARGE:
        places = rows(store, f"SELECT DISTINCT tableoid::regclass::text, organization_id FROM {table}")
        used |= {(organization, where.removeprefix(f"{table}_")) for where, organization in places}
    assert len(used) == len({organization for organization, _ in used}) == len(NAMES) + 1
    assert len({number for _, number in used}) > 1


@contextmanager
def statements(worlds: Worlds) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to the database in the block, with its parameters: by whoever uses the driver."""
    assert worlds.database is not None
    engine, found = worlds.database.store.dialect.engine, list[tuple[str, Any]]()

    class Recording(psycopg.Cursor[Any]):
        """Notes what it runs."""

        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            found.append((query, params))
            return super().execute(query, params, **options)

    def record(connection: Any, *_: Any) -> None:
        connection.cursor_factory = Recording

    event.listen(engine, "checkout", record)
    yield found
    event.remove(engine, "checkout", record)


def parts(plan: Any) -> set[str]:
    """The numbers of the partitions that a plan looks at."""
    return set(re.findall(rf"'Relation Name': '(?:{'|'.join(LARGE)})_(\d)'", str(plan)))


def test_a_request_looks_at_one_partition(database_server: Postgresql) -> None:
    """PostgreSQL's own plan of each statement of a machine's life names tables of one partition, always the same."""
    store = f"{database_server.database()}?partitions={PARTITIONS}"
    worlds = Worlds(Settings(seeds=(EXAMPLE,), store=store))
    client = create_app(worlds=worlds, settings=Settings(control=False)).test_client()
    assert client.get(DOCUMENTED).status_code == 200  # from here on it is known where the organization is
    with statements(worlds) as sent:
        assert client.post(VACANT).status_code == 200
        for action in WAY:
            assert client.put(f"{VACANT}/{action}").status_code == 202
        for path in (VACANT, VACANT.replace("/instance", "/changes"), VACANT.replace("/instance", "/audit")):
            assert client.get(path).status_code == 200
        assert client.delete(VACANT).status_code == 204
    worlds.close()
    seen: set[str] = set()
    large = 0
    with psycopg.connect(store.partition("?")[0]) as connection:
        for statement, parameters in sent:
            if not re.match("SELECT|UPDATE|DELETE", statement):
                continue
            plan = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters).fetchone()
            found = parts(plan)
            assert len(found) <= 1, f"{statement}\n{plan}"
            seen |= found
            large += bool(found)
    assert len(seen) == 1
    assert large > len(WAY)


@pytest.mark.parametrize(
    "partitions, message", [("8", "has 4 partitions"), ("x", "expected a number"), ("-1", "number")]
)
def test_another_number_of_partitions_is_refused(database_server: Postgresql, partitions: str, message: str) -> None:
    """What is there is not partitioned anew; without the word, or with the same number, it goes on."""
    store = database_server.database()
    for first in (f"{store}?partitions=4", f"{store}?partitions=4", store):
        Worlds(Settings(store=first)).close()
    with pytest.raises(StartError, match=message):
        Worlds(Settings(store=f"{store}?partitions={partitions}"))


def test_a_database_in_one_piece_is_left_so(database_server: Postgresql) -> None:
    """A platform that is not partitioned is refused where partitions are asked for."""
    store = database_server.database()
    Worlds(Settings(store=store)).close()
    with pytest.raises(StartError, match="has no partitions; leave that out"):
        Worlds(Settings(store=f"{store}?partitions=4"))
