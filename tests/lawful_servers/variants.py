"""Servers that do what the contract leaves open, each in another way than the emulator: none of them may be blamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faulty_servers.faults import Fault, pass_on
from tests.faulty_servers.front import Fronted, Twister
from tests.faulty_servers.middle import Change


@dataclass(frozen=True, slots=True)
class Variant:
    """A lawful server. `says`: in what it differs; `options` are those of the run that judges it."""

    name: str
    says: str
    start: Callable[[], AbstractContextManager[str]] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)


VARIANTS: dict[str, Variant] = {}


def add(variant: Variant) -> None:
    """Register a variant. ValueError when there is one of this name already."""
    if variant.name in VARIANTS:
        raise ValueError(f"two variants are called {variant.name}")
    VARIANTS[variant.name] = variant


def lawful(
    settings: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None
) -> Callable[[Callable[[], Change]], Callable[[], Change]]:
    """Register a change to the emulator; its name is that of the function that makes it, its docstring says more."""

    def register(make: Callable[[], Change]) -> Callable[[], Change]:
        changed(make.__name__, make.__doc__ or "", make, settings, options)
        return make

    return register


def changed(
    name: str,
    says: str,
    make: Callable[[], Change] = lambda: pass_on,
    settings: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Register a change to the emulator, or to its settings."""
    name, says = name.replace("_", "-"), " ".join(says.split())
    server = Fault(name, says, frozenset(), make, settings or {}, options or {})
    add(Variant(name, says, server.start, server.options))


def fronted(make: Callable[[], Twister]) -> Callable[[], Twister]:
    """Register a change to the bytes of the emulator's connections."""
    name, says = make.__name__.replace("_", "-"), " ".join((make.__doc__ or "").split())
    server = Fronted(name, says, frozenset(), lambda: pass_on, twister=make)
    add(Variant(name, says, server.start))
    return make


def stranger(name: str, says: str, serve: Callable[[], AbstractContextManager[str]]) -> None:
    """Register a server with nothing of ours in it."""

    @contextmanager
    def start() -> Iterator[str]:
        with serve() as url:
            yield url

    add(Variant(name, says, start))
