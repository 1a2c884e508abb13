"""Two servers with nothing of ours in them, and what a vendor gets wrong in one: each flaw with what must go red."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.from_scratch import streaming, threaded
from tests.suite.judging import HOST, VACANT

Serve = Callable[[tuple[tuple[str, ...], ...], frozenset[str]], AbstractContextManager[str]]

HOSTS = tuple(tuple(host.split("/")) for host in (HOST, VACANT))
SERVERS: Mapping[str, Serve] = {"threaded": threaded.serve, "streaming": streaming.serve}

FLAWS: Mapping[str, tuple[str, ...]] = {
    "off wants a running machine": ("lifecycle.off-leads",),
    "a reboot is a stop and a start": ("lifecycle.path",),
    "paused is called suspended": ("representation.known-state",),
    "the agent is never down": ("agent.down-unless-running",),
    "timers outlive a delete": ("lifecycle.pending-delete",),
    "restarts lose what was imported": ("properties.kept",),
    "uuid of the host": ("identity.new-on-provision",),
    "keys in lower case": ("properties.values-kept",),
    "a lock lets delete": ("lock.refuses-triggers",),
    "an unlock wants a lock": ("lock.idempotent", "operations.documented-answers"),
    "no alias": ("operations.stop-is-shutdown",),
    "delete answers 200": ("operations.delete-code",),
    "the port is a number": ("console.strings",),
    "an error is a message": ("errors.shape",),
    "errors are pages": ("representation.media-type",),
    "a lock is forbidden ground": ("lock.refuses-triggers",),
    "no console is a bad request": ("console.refused",),
    "media types have no parameters": ("errors.media-type-parameters",),
    "no slash at the end": ("http.slash",),
}
"""What each flaw breaks."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A server from scratch with one flaw. The members are those of `tests.faulty_servers.faults.Fault`."""

    name: str
    says: str
    requirements: frozenset[str]
    server: str
    flaw: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def start(self) -> Iterator[str]:
        """The server, until the block ends; its URL."""
        with SERVERS[self.server](HOSTS, frozenset([self.flaw])) as url:
            yield url


def _strangers() -> Iterator[Stranger]:
    for number, (flaw, requirements) in enumerate(FLAWS.items()):
        server = list(SERVERS)[number % len(SERVERS)]
        name = f"{server}-server-{flaw.replace(' ', '-')}"
        says = f"A server from scratch ({server}): {flaw}."
        yield Stranger(name, says, frozenset(requirements), server, flaw)


STRANGERS = {one.name: one for one in _strangers()}
"""Every flaw once, by turns in the two servers."""
