"""The loop asks those to whom something has happened."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from selectors import EVENT_READ, EVENT_WRITE

import pytest

from emulator.serving.watching import Watch


class Connection:
    """One end of a connection, which counts how often it was asked."""

    accepting = False

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.number = self.near.fileno()
        self.asked = 0
        self.reads, self.writes = True, False

    def readable(self) -> bool:
        """See Watched."""
        self.asked += 1
        return self.reads

    def writable(self) -> bool:
        """See Watched."""
        return self.writes


class Platform:
    """A watch over some connections, and what it has told of them."""

    def __init__(self, count: int) -> None:
        self.told: list[tuple[Connection, int]] = []
        self.watch = Watch(lambda one, events: self.told.append((one, events)))  # type: ignore[arg-type] # ours are
        self.connections = [Connection() for _ in range(count)]
        for one in self.connections:
            self.watch[one.number] = one
        self.turn()

    def turn(self, timeout: float = 0.0) -> list[tuple[Connection, int]]:
        """What is told in one turn."""
        self.told.clear()
        self.watch.turn(timeout)
        return list(self.told)


@pytest.fixture
def platform() -> Iterator[Platform]:
    """Fifty connections, idle."""
    made = Platform(50)
    yield made
    made.watch.close()
    for one in made.connections:
        one.near.close()
        one.far.close()


def test_idle_connections_cost_nothing(platform: Platform) -> None:
    """A turn in which one has something to read asks that one alone."""
    busy, *idle = platform.connections
    before = [one.asked for one in idle]
    busy.far.send(b"x")
    assert platform.turn() == [(busy, EVENT_READ)]
    assert [one.asked for one in idle] == before


def test_what_is_not_wanted_is_not_told_until_it_is(platform: Platform) -> None:
    """Data for a connection that is being answered waits for it, and does not keep the loop busy."""
    one = platform.connections[0]
    one.reads = False
    one.far.send(b"x")
    assert platform.turn() == []
    asked = one.asked
    assert platform.turn() == []
    assert one.asked == asked
    one.reads = True
    platform.watch.ask(one.number)
    assert platform.turn() == [(one, EVENT_READ)]


def test_another_thread_can_ask_while_the_loop_waits(platform: Platform) -> None:
    """What a thread has for a client wakes the loop at once."""
    one = platform.connections[0]

    def write() -> None:
        one.writes = True
        platform.watch.ask(one.number)

    thread = threading.Thread(target=write)
    thread.start()
    while not (told := platform.turn(10.0)):  # it may wake before it knows what for
        pass
    assert told == [(one, EVENT_WRITE)]
    thread.join()
    one.writes = False
    platform.watch.ask(one.number)
    assert platform.turn() == []


def test_a_number_that_comes_again_is_another_connection(platform: Platform) -> None:
    """What was closed is not told of any more; its number may be that of the next one."""
    gone = platform.connections.pop()
    gone.far.send(b"x")
    del platform.watch[gone.number]
    gone.near.close()
    gone.far.close()
    new = Connection()
    platform.connections.append(new)
    platform.watch[new.number] = new
    assert platform.turn() == []
    new.far.send(b"x")
    assert platform.turn() == [(new, EVENT_READ)]
