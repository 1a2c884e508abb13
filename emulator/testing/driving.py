"""Modules whose waiting moves an emulated clock: their names for the functions of `time` are exchanged, and put back.

The module `time` itself is left alone: libraries below the code under test, such as its HTTP client, go on in real
time.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any

Wait = Callable[[float], None]
Tell = Callable[[], float]

NANOSECONDS = 1_000_000_000


def driven(names: Iterable[str], wait: Wait, tell: Tell) -> AbstractContextManager[None]:
    """Until the block ends, these modules wait with `wait` (seconds), and know the time from `tell`.

    ValueError when one cannot be imported, or uses no clock.
    """
    modules = [_imported(name) for name in names]
    if not modules:
        raise ValueError("name the modules of the code under test that wait, such as 'your_client.polling'")
    exchanges = _exchanges(wait, tell)
    return _exchanged([(module, _found(module, exchanges)) for module in modules])


def _exchanges(wait: Wait, tell: Tell) -> Mapping[int, Any]:
    """What stands in for `time` and its functions, by the identity of the thing itself."""

    def sleep(seconds: float, /) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")  # in the words of the real one
        wait(seconds)

    def tell_ns() -> int:
        return round(tell() * NANOSECONDS)

    functions: dict[str, Callable[..., Any]] = {"sleep": sleep}
    for name in ("time", "monotonic", "perf_counter"):
        functions[name], functions[f"{name}_ns"] = tell, tell_ns
    stand_in = ModuleType("time", time.__doc__)
    vars(stand_in).update({**vars(time), **functions})
    return {id(time): stand_in, **{id(getattr(time, name)): function for name, function in functions.items()}}


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ValueError(f"cannot import {name!r}, whose clock is to be driven: {error}") from None


def _found(module: ModuleType, exchanges: Mapping[int, Any]) -> dict[str, Any]:
    """The names in this module that mean `time` or one of its functions, with what stands in for each."""
    found = {name: exchanges[id(value)] for name, value in vars(module).items() if id(value) in exchanges}
    if not found:
        raise ValueError(
            f"the module {module.__name__!r} has nothing to drive: it imports neither time nor its sleep, time, "
            "monotonic or perf_counter at its top; name the module that waits"
        )
    return found


@contextmanager
def _exchanged(found: list[tuple[ModuleType, dict[str, Any]]]) -> Iterator[None]:
    before = [(module, {name: vars(module)[name] for name in names}) for module, names in found]
    try:
        for module, names in found:
            vars(module).update(names)
        yield
    finally:
        for module, names in before:
            vars(module).update(names)
