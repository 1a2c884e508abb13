"""One platform in a database: for several emulators, across restarts, and when the database cannot."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
import requests
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from emulator.errors import StartError
from emulator.settings import Settings
from emulator.sql import dialects, migrations
from emulator.sql.tables import metadata
from emulator.worlds import Worlds
from tests.emulator.conftest import DOCUMENTED, EXAMPLE, VACANT, Running, Start, running
from tests.emulator.inventory_client import Inventory
from tests.emulator.processes import run, serving
from tests.emulator.relay import AFTER, BEFORE, FOR_GOOD, relay
from tests.postgresql import Postgresql

TEN_SECONDS = "default: {fixed: 10}\n"


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of the kind that the test is run with."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'platform.db'}"
    server: Postgresql = request.getfixturevalue("database_server")
    return server.database()


on_each_database = pytest.mark.parametrize("store", ["sqlite", "postgresql"], indirect=True)


@on_each_database
def test_two_emulators_are_one_platform(start: Start, store: str) -> None:
    """What one is told the other knows at once: instances, inventory, history, and the time."""
    one, other = start(store=store), start(store=store)
    assert one.request("PUT", f"{DOCUMENTED}/_pause").status_code == 202
    assert other.state(DOCUMENTED) == "PAUSED"
    assert other.request("PUT", f"{DOCUMENTED}/_pause").status_code == 409
    assert other.request("POST", VACANT).status_code == 200
    assert one.request("GET", VACANT).json() == other.request("GET", VACANT).json()
    Inventory(one).ask("createOrganization", json={"name": "New"})
    assert "New" in [item["name"] for item in Inventory(other).ask("listOrganizations")["items"]]
    host = ("Guardis Test", "Test Environment", "web-1")
    assert Inventory(one).ask("getAudit", *host) == Inventory(other).ask("getAudit", *host)


@on_each_database
def test_the_time_of_a_platform_is_one(start: Start, store: str, tmp_path: Path) -> None:
    """A clock that is moved at one emulator has moved for all: what is on its way settles there, too."""
    timing = tmp_path / "timing.yaml"
    timing.write_text(TEN_SECONDS)
    one, other = (start(store=store, timing=str(timing)) for _ in range(2))
    one.request("PUT", f"{DOCUMENTED}/_pause")
    assert other.state(DOCUMENTED) == "PENDING"
    one.request("POST", "/_emulator/clock", json={"advance": 11})
    assert other.state(DOCUMENTED) == "PAUSED"
    assert other.request("GET", "/_emulator/clock").json() == one.request("GET", "/_emulator/clock").json()


@on_each_database
def test_a_platform_outlives_its_emulators(start: Start, store: str, tmp_path: Path) -> None:
    """A later emulator goes on where the first one ended, and plants nothing; what was half-way has settled."""
    timing = tmp_path / "timing.yaml"
    timing.write_text(TEN_SECONDS)
    settings = Settings(seeds=(EXAMPLE,), clock="frozen", store=store, timing=str(timing))
    with running(settings) as first:
        first.request("PUT", f"{DOCUMENTED}/_pause")
        first.request("POST", "/_emulator/clock", json={"advance": 11})
        Inventory(first).ask("createOrganization", json={"name": "New"})
        before = Inventory(first).ask("listOrganizations")
    later = start(store=store, fleet=5)
    assert later.state(DOCUMENTED) == "PAUSED"
    assert Inventory(later).ask("listOrganizations") == before


@on_each_database
def test_a_reset_is_one_for_all(start: Start, store: str) -> None:
    """A reset at one emulator is a reset of the platform."""
    one, other = start(store=store), start(store=store)
    one.request("DELETE", DOCUMENTED)
    other.request("POST", "/_emulator/reset", json={})
    assert one.state(DOCUMENTED) == "RUNNING"


@on_each_database
def test_emulators_may_start_together(store: str) -> None:
    """Of several that start on an empty database one plants; all serve the same."""
    ready = threading.Barrier(4)
    found: list[Any] = []

    def begin() -> None:
        ready.wait()
        worlds = Worlds(Settings(seeds=(EXAMPLE,), store=store, fleet=40))
        found.append(worlds.world().store.run(lambda unit: list(unit.organizations()), writes=False))
        worlds.close()

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(names == found[0] for names in found)


@on_each_database
def test_two_hosts_cannot_import_one_machine(start: Start, store: str) -> None:
    """Of imports of one machine at two hosts at once, through two emulators, one is taken."""
    emulators = [start(store=store), start(store=store)]
    inventory = Inventory(emulators[0])
    place = ("Guardis Test", "Test Environment")
    for turn in range(10):
        names = [f"a{turn}", f"b{turn}"]
        for name in names:
            inventory.ask("createHost", *place, json={"name": name})
        body = [{"key": "libvirt.uuid", "value": f"uuid-{turn}"}]
        gate, statuses = threading.Barrier(2), []

        def send(emulator: Running, name: str) -> None:
            client = Running.client_of(emulator)
            path = f"{VACANT.replace('web-1', name)}/properties"
            gate.wait()  # noqa: B023 - the thread ends within the turn
            statuses.append(client.request("POST", path, json=body).status_code)  # noqa: B023 - likewise
            client.close()

        threads = [threading.Thread(target=send, args=pair) for pair in zip(emulators, names, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200, 409]


@on_each_database
def test_the_tables_are_those_of_the_migrations(store: str) -> None:
    """What the migrations make is what the code expects: a change of the tables needs a migration."""
    worlds = Worlds(Settings(store=store))
    assert worlds.database is not None
    with worlds.database.store.dialect.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    worlds.close()


@on_each_database
def test_a_database_of_an_earlier_version_is_brought_up_to_date(store: str) -> None:
    """What stood in the tables of then stands in those of now: here the time."""
    dialect = dialects.dialect_of(store)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with dialect.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO platform VALUES (1, 0, '[]', '[]', 0.0, 1000.5, 0.0)"))
    dialect.engine.dispose()
    worlds = Worlds(Settings(store=store))
    assert worlds.world().clock.now() == 1000.5
    worlds.close()


REFUSED = {
    "oracle://x": "expected memory, sqlite:///FILE or postgresql://",
    "sqlite:///": "a file is missing",
    "nonsense": "expected memory, sqlite:///FILE",
    "sqlite:////nowhere/platform.db": "unable to open database file",
    "postgresql://ann:secret@127.0.0.1:1/none": "Connection refused",
}


@pytest.mark.parametrize("address, message", REFUSED.items())
def test_a_store_that_cannot_be_had_is_one_line(address: str, message: str) -> None:
    """The line names the option, the address without its password, and the reason."""
    ended = run("serve", "--port", "0", "--store", address)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "secret" not in ended.stderr


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file with something else in it is left as it is."""
    file = tmp_path / "notes.txt"
    file.write_text("these are notes, and no database at all\n" * 100)
    with pytest.raises(StartError, match="not a database"):
        Worlds(Settings(store=f"sqlite:///{file}"))
    assert file.read_text().startswith("these are notes")


def test_another_seed_or_lifecycle_is_refused(tmp_path: Path) -> None:
    """What would draw other machines than the platform's, or not know its states, does not start on it."""
    address = f"sqlite:///{tmp_path / 'platform.db'}"
    Worlds(Settings(store=address)).close()
    with pytest.raises(StartError, match="--random-seed 5: the platform in this database was begun with 0"):
        Worlds(Settings(store=address, random_seed=5))
    with sqlite3.connect(tmp_path / "platform.db") as connection:
        connection.execute("""UPDATE platform SET lifecycle = '["RUNNING", "SLEEPING"]'""")
    with pytest.raises(StartError, match="in this database has SLEEPING"):
        Worlds(Settings(store=address))


def test_workers_need_a_store_that_they_share() -> None:
    """Several processes over the memory store would answer at random."""
    ended = run("serve", "--port", "0", "--workers", "2")
    assert ended.returncode == 2
    assert "the memory store is one process's own" in ended.stderr


def assert_put_off(answer: Any) -> None:
    """503, with the time after which to come again, in the shape of an error."""
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "come again" in answer.json()["error"][0]


def test_a_database_that_is_locked_is_waited_for_in_vain(start: Start, tmp_path: Path) -> None:
    """While somebody else holds the lock of a file, writes get 503 and reads go on; then all goes on."""
    emulator = start(store=f"sqlite:///{tmp_path / 'platform.db'}?timeout=0.1")
    other = sqlite3.connect(tmp_path / "platform.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert_put_off(emulator.request("PUT", f"{DOCUMENTED}/_pause"))
    assert emulator.state(DOCUMENTED) == "RUNNING"
    other.execute("ROLLBACK")
    other.close()
    assert emulator.request("PUT", f"{DOCUMENTED}/_pause").status_code == 202


def test_a_database_that_is_away_comes_back(start: Start, database_server: Postgresql) -> None:
    """Without its database every request gets 503, also one that is refused at the door gets its own answer."""
    emulator = start(store=database_server.database())
    database_server.stop()
    try:
        assert_put_off(emulator.request("GET", DOCUMENTED))
        assert_put_off(emulator.request("PUT", f"{DOCUMENTED}/_pause"))
        assert_put_off(emulator.request("GET", "/_emulator/clock"))
        assert emulator.request("GET", "/nowhere").status_code == 404
    finally:
        database_server.start()
    assert emulator.state(DOCUMENTED) == "RUNNING"
    assert emulator.request("PUT", f"{DOCUMENTED}/_pause").status_code == 202


def test_connections_that_were_cut_are_made_again(start: Start, database_server: Postgresql) -> None:
    """What was cut between two requests is no reason to refuse the next one."""
    store = database_server.database()
    emulator = start(store=store)
    assert emulator.state(DOCUMENTED) == "RUNNING"
    others = create_engine(store.replace("postgresql:", "postgresql+psycopg:"))
    with others.connect() as connection:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        assert connection.exec_driver_sql(f"{cut} AND datname = current_database()").rowcount
    others.dispose()
    assert emulator.request("PUT", f"{DOCUMENTED}/_pause").status_code == 202
    assert emulator.state(DOCUMENTED) == "PAUSED"


def limit(process: int, size: str) -> None:
    """Let a process write files of so many bytes at most, as if the disk were full."""
    subprocess.run(["prlimit", "--pid", str(process), f"--fsize={size}:unlimited"], check=True)


def test_a_full_disk_refuses_writes_and_nothing_else(tmp_path: Path) -> None:
    """Where no more can be written actions get 503 and looks go on; with room again so do actions. Nothing is lost."""
    options = ("--store", f"sqlite:///{tmp_path / 'platform.db'}", "--log-format", "none", "--seed", str(EXAMPLE))
    with serving(*options) as emulator:
        limit(emulator.popen.pid, "300000")
        statuses = [emulator.ask("PUT", f"{DOCUMENTED}/_reboot")[0] for _ in range(300)]
        accepted = statuses.count(202)
        assert 0 < accepted < 300
        assert statuses == [202] * accepted + [503] * (300 - accepted)
        assert emulator.ask("GET", DOCUMENTED)[1]["state"] == "RUNNING"
        limit(emulator.popen.pid, "unlimited")
        assert emulator.ask("PUT", f"{DOCUMENTED}/_pause")[0] == 202
        changes = emulator.ask("GET", f"{DOCUMENTED.removesuffix('/instance')}/changes")[1]
        assert changes["total"] == accepted + 1


def changes_of(emulator: Running) -> list[str]:
    """The operations that the changes of the documented host tell of."""
    answer = emulator.request("GET", f"{DOCUMENTED.removesuffix('/instance')}/changes")
    return [item["key"].rpartition("-")[0] for item in answer.json()["items"]]


@pytest.mark.parametrize("moment", [BEFORE, AFTER])
def test_a_commit_whose_answer_is_lost_is_looked_up(start: Start, database_server: Postgresql, moment: str) -> None:
    """Cut before it, the commit is done again; cut after it, it is found: accepted either way, and done once."""
    with relay(database_server.port) as wire:
        store = database_server.database().replace(str(database_server.port), str(wire.port))
        emulator = start(store=store)
        assert emulator.request("PUT", f"{DOCUMENTED}/_pause").status_code == 202
        wire.cut_at(moment)
        assert emulator.request("PUT", f"{DOCUMENTED}/_resume").status_code == 202
        assert not wire.armed
        assert emulator.state(DOCUMENTED) == "RUNNING"
        assert changes_of(emulator) == ["pauseInstance", "resumeInstance"]


def test_what_nobody_can_say_is_not_answered(
    start: Start, database_server: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Committed, and the database is gone before it says so: 202 and 503 would both be a guess."""
    monkeypatch.setattr(dialects, "DOUBT", 0.1)
    with relay(database_server.port) as wire:
        emulator = start(store=database_server.database().replace(str(database_server.port), str(wire.port)))
        wire.cut_at(FOR_GOOD)
        with pytest.raises(requests.ConnectionError):
            emulator.request("PUT", f"{DOCUMENTED}/_pause")
        assert_put_off(emulator.request("PUT", f"{DOCUMENTED}/_resume"))
        wire.restore()
        assert emulator.state(DOCUMENTED) == "PAUSED"
        assert changes_of(emulator) == ["pauseInstance"]


def test_a_database_without_room_puts_off(start: Start, database_server: Postgresql) -> None:
    """Where the database takes one connection, requests beside it get 503 at once; it is nothing that stays."""
    store = database_server.database().replace("postgresql:", "postgresql+psycopg:")
    admin = create_engine(store, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE ROLE few LOGIN CONNECTION LIMIT 1")
        connection.exec_driver_sql(f"ALTER DATABASE {admin.url.database} OWNER TO few")
        connection.exec_driver_sql("GRANT ALL ON SCHEMA public TO few")
    admin.dispose()
    emulator = start(store=store.replace("+psycopg", "").replace("postgres@", "few@"))
    gate, answers = threading.Barrier(8), list[requests.Response]()

    def ask() -> None:
        client = Running.client_of(emulator)
        gate.wait()
        answers.extend(client.request("PUT", f"{DOCUMENTED}/_reboot") for _ in range(20))
        client.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    put_off = [answer for answer in answers if answer.status_code != 202]
    assert put_off
    for answer in put_off:
        assert_put_off(answer)
    assert changes_of(emulator) == ["rebootInstance"] * (160 - len(put_off))
