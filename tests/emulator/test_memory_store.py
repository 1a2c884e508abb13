"""The memory store: who is there, which machine is whose, and what is due next."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import NotFound
from emulator.memory import MemoryStore
from emulator.records import Environment, Host, Hypervisor, Instance, Organization, Pending
from tests.patience import PATIENCE

HYPERVISOR = Hypervisor("hyp", "0" * 32)


def make_host(store: MemoryStore, name: str = "host") -> Host:
    """A host without an instance, in an organization of the store."""
    with store.unit() as unit:
        if "org" not in unit.organizations():
            organization = Organization("org")
            organization.environments["env"] = Environment(organization, "env")
            unit.add(organization)
        environment = unit.environment("org", "env")
        host = environment.hosts[name] = Host(environment, name)
    return host


def make_instance(host: Host, uuid: str | None = None) -> Instance:
    """An instance for the host, with an identity or without."""
    instance = host.instance = Instance("RUNNING", 0.0, "test", HYPERVISOR)
    if uuid is not None:
        instance.set_properties([("libvirt.uuid", uuid)])
    return instance


def pend(instance: Instance, due: float) -> Pending:
    """Set an action on its way that is due then."""
    instance.pending = Pending("start", "STOPPED", "RUNNING", due)
    return instance.pending


@pytest.mark.parametrize(
    "look, message",
    [
        (lambda store: store.organization("x"), "there is no organization 'x'"),
        (lambda store: store.environment("x", "env"), "there is no organization 'x'"),
        (lambda store: store.environment("org", "x"), "organization 'org' has no environment 'x'"),
        (lambda store: store.host("x", "env", "host"), "there is no organization 'x'"),
        (lambda store: store.host("org", "x", "host"), "organization 'org' has no environment 'x'"),
        (lambda store: store.host("org", "env", "x"), "environment 'env' of organization 'org' has no host 'x'"),
    ],
)
def test_what_is_missing_is_named(look: Callable[[MemoryStore], object], message: str) -> None:
    """The outermost thing that is not there is the one that is named."""
    store = MemoryStore()
    make_host(store)
    with pytest.raises(NotFound) as missing:
        look(store)
    assert missing.value.messages[0].startswith(message)


def test_what_is_there_is_found() -> None:
    """An organization, an environment and a host are found by their names, until they are removed."""
    store = MemoryStore()
    host = make_host(store)
    assert store.host("org", "env", "host") is host
    assert store.environment("org", "env") is host.environment
    assert list(store.organizations()) == ["org"]
    store.remove(store.organization("org"))
    with pytest.raises(NotFound):
        store.organization("org")


def test_a_machine_has_one_holder() -> None:
    """A host holds the machine of its instance until it releases it, and releases none that is not its own."""
    store = MemoryStore()
    one, other = make_host(store, "one"), make_host(store, "other")
    make_instance(one, "u")
    make_instance(other, "u")
    store.hold(one)
    assert store.holder("u") is one
    store.release(other)
    assert store.holder("u") is one
    store.release(one)
    assert store.holder("u") is None


@pytest.mark.parametrize("uuid", [None, ""])
def test_a_machine_without_an_identity_is_nobodys(uuid: str | None) -> None:
    """What cannot be told from another machine is neither held nor found again."""
    store = MemoryStore()
    host = make_host(store)
    machine = make_instance(host, uuid)
    store.hold(host)
    store.set_adrift(machine)
    assert (store.holder(""), store.stray("")) == (None, None)
    store.release(host)
    host.instance = None
    store.hold(host)
    store.release(host)


def test_a_stray_machine_is_found_until_it_is_taken_in() -> None:
    """A machine that no host holds is known by its identity."""
    store = MemoryStore()
    machine = make_instance(make_host(store), "u")
    store.set_adrift(machine)
    assert store.stray("u") is machine
    store.take_in("u")
    store.take_in("u")
    assert store.stray("u") is None


@given(st.lists(st.floats(0, 100), max_size=40), st.lists(st.floats(0, 120), max_size=5))
def test_what_is_due_comes_in_order_and_once(dues: list[float], looks: list[float]) -> None:
    """A look takes what is due by then, earliest first, those of one moment in their order; nothing is lost."""
    store = MemoryStore()
    for number, due in enumerate(dues):
        host = make_host(store, str(number))
        pend(make_instance(host), due)
        assert host.instance is not None
        store.schedule(host, host.instance)
    left = sorted((due, number) for number, due in enumerate(dues))
    for now in [*sorted(looks), 1000.0]:
        found = [int(host.name) for host, _ in store.due(now)]
        assert found == [number for due, number in left if due <= now]
        left = [entry for entry in left if entry[0] > now]
    assert left == []


def test_an_action_that_was_superseded_is_not_due() -> None:
    """Only the action that an instance has now comes out of the index."""
    store = MemoryStore()
    host = make_host(store)
    instance = make_instance(host)
    pend(instance, 1.0)
    store.schedule(host, instance)
    pend(instance, 2.0)
    store.schedule(host, instance)
    assert list(store.due(1.5)) == []
    assert list(store.due(2.0)) == [(host, instance)]
    store.schedule(make_host(store, "idle"), make_instance(host))
    assert list(store.due(1e9)) == []


def test_the_index_does_not_grow_with_what_was_superseded() -> None:
    """A hundred thousand actions of one instance, each superseded by the next, leave an index of moderate size."""
    store = MemoryStore()
    host = make_host(store)
    instance = make_instance(host)
    for number in range(100_000):
        pend(instance, 1e6 + number)
        store.schedule(host, instance)
    assert len(store._index) <= 2048
    assert list(store.due(2e6)) == [(host, instance)]


def test_the_index_keeps_all_that_is_pending() -> None:
    """Sweeping out the old loses nothing that is still to come."""
    store = MemoryStore()
    for number in range(5000):
        host = make_host(store, str(number))
        instance = make_instance(host)
        for due in (number + 1e6, number):
            pend(instance, due)
            store.schedule(host, instance)
    assert [int(host.name) for host, _ in store.due(1e9)] == list(range(5000))


def test_units_exclude_each_other() -> None:
    """What a thread reads in a unit no other thread changes before it is left."""
    store = MemoryStore()
    host = make_host(store)

    def count() -> None:
        for _ in range(2000):
            with store.unit():
                before = host.machines
                sum(range(20))
                host.machines = before + 1

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert host.machines == 16_000


def test_a_unit_that_fails_is_left() -> None:
    """After an error in a unit the next one is not held up."""
    store = MemoryStore()
    with pytest.raises(NotFound), store.unit() as unit:
        unit.organization("x")
    thread = threading.Thread(target=lambda: make_host(store))
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
