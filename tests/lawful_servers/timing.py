"""Lawful variants in how long things take, in how answers travel, and strangers: servers with nothing of ours."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from tests.faulty_servers.faults import SLOW, shows_late
from tests.faulty_servers.middle import Answer, Call, Change, Forward
from tests.from_scratch import streaming, threaded
from tests.from_scratch.catalogue import HOSTS
from tests.lawful_servers.variants import changed, lawful, stranger

FOLDER = Path(__file__).parent

changed("never-shows-pending", "Everything takes effect at once; PENDING is never to be seen.")
changed("pending-is-seen-once", "Each action ends with the first look.", settings={"timing": "polls:1"})
changed("pending-is-seen-often", "Each action ends with the sixth look.", settings={"timing": "polls:6"})
changed(
    "very-slow",
    "Every action takes 0.3 s.",
    settings={"timing": str(FOLDER / "slow.yaml")},
    options={"settle_timeout": 10.0},
)
changed(
    "guest-takes-its-time-over-a-shutdown",
    "A shutdown takes 0.8 s, all else is quick.",
    settings={"timing": str(FOLDER / "slow_guest.yaml")},
    options={"settle_timeout": 10.0},
)
changed("below-a-path", "The API is below /cloud/api/v1.", settings={"base_path": "/cloud/api/v1"})


@lawful(settings=SLOW)
def a_way_shows_late() -> Change:
    """For 5 ms after each action the state before it is shown, then PENDING."""
    return shows_late()


@lawful()
def one_request_at_a_time() -> Change:
    """Whoever comes waits until the one before has its answer."""
    turn = threading.Lock()

    def answer(call: Call, forward: Forward) -> Answer:
        with turn:
            return forward(call)

    return answer


STRANGERS: tuple[tuple[str, str, Callable[[], AbstractContextManager[str]]], ...] = (
    (
        "threaded-stranger",
        "From scratch: HTTP/1.1, header names in small letters, PENDING for 20 ms",
        partial(threaded.serve, HOSTS),
    ),
    (
        "streaming-stranger",
        "From scratch: HTTP/1.0 without lengths, header names in capitals, one thread",
        partial(streaming.serve, HOSTS),
    ),
    (
        "chunked-stranger",
        "From scratch: every body in chunks of a few bytes",
        partial(threaded.serve, HOSTS, manners=frozenset(["chunks"])),
    ),
    (
        "closing-stranger",
        "From scratch: HTTP/1.1, and the end of the connection after each answer",
        partial(threaded.serve, HOSTS, manners=frozenset(["closes"])),
    ),
    ("late-stranger", "From scratch: every action takes 0.15 s", partial(threaded.serve, HOSTS, delay=0.15)),
)

for _name, _says, _serve in STRANGERS:
    stranger(_name, f"{_says}.", _serve)
