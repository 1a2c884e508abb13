"""A host as a person names it: `ORGANIZATION/ENVIRONMENT/HOST`, or its name alone where only one host has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from emulator.errors import NotFound
from emulator.records import Host
from emulator.store import Unit

MOST_NAMED = 8
"""So many hosts a message lists at most."""


def find_host(unit: Unit, text: str) -> Host:
    """The host that is meant. NotFound says which hosts there are, the likeliest first."""
    path = tuple(text.split("/"))
    found = [host for host in hosts_of(unit) if host.path[-len(path) :] == path]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(f"{text!r} names several hosts: {_listed(text, found)}; say ORGANIZATION/ENVIRONMENT/HOST")
    raise NotFound(f"there is no host {text!r}; there {_listed(text, hosts_of(unit), 'is', 'are')}")


def hosts_of(unit: Unit) -> Iterator[Host]:
    """All hosts of a world."""
    for organization in unit.organizations().values():
        for environment in unit.environments(organization).values():
            yield from unit.hosts(environment).values()


def _listed(text: str, hosts: Iterable[Host], one: str = "", many: str = "") -> str:
    paths = ["/".join(host.path) for host in hosts]
    if not paths:
        return f"{one} none at all".strip()
    paths.sort(key=lambda path: SequenceMatcher(None, text, path.rpartition("/")[2]).ratio(), reverse=True)
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    return f"{one if len(paths) == 1 else many} {', '.join(paths[:MOST_NAMED])}{more}".strip()
