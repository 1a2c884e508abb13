"""What a request costs inside the process, without a server: CPU microseconds of a WSGI call."""

from __future__ import annotations

import cProfile
import io
import pstats
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from benchmarks.bare import application
from benchmarks.contestants import BARE, GET, REBOOT, Ask
from emulator.app import create_app
from emulator.resources import fixtures
from emulator.settings import Settings

CALLS, ROUNDS = 1000, 9
PACKAGES, OTHER = ("emulator", "flask", "werkzeug"), "others"
BUILT_IN = "~"
"""The file of what is not written in Python, in a profile."""
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def costs() -> dict[str, float]:
    """Microseconds a call, the least of some interleaved rounds."""
    settings = Settings(seeds=(fixtures() / "documentation-example.yaml",))
    emulated = create_app(settings).wsgi_app
    calls: dict[str, tuple[Wsgi, Ask]] = {
        BARE.name: (application().wsgi_app, GET.ask),
        GET.name: (emulated, GET.ask),
        "emulator, power action": (emulated, REBOOT),
    }
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, (wsgi, ask) in calls.items():
            least[name] = min(least[name], _cost(wsgi, ask))
    return least


def profiles() -> dict[str, dict[str, dict[str, float]]]:
    """Microseconds a call that go into each function, by the package that it is in, for the bare route and a GET."""
    settings = Settings(seeds=(fixtures() / "documentation-example.yaml",))
    calls = {BARE.name: application().wsgi_app, GET.name: create_app(settings).wsgi_app}
    return {name: _profile(wsgi) for name, wsgi in calls.items()}


def _profile(wsgi: Wsgi) -> dict[str, dict[str, float]]:
    cost = min(_cost(wsgi, GET.ask) for _ in range(ROUNDS))
    profiler = cProfile.Profile()
    profiler.enable()
    _cost(wsgi, GET.ask)
    profiler.disable()
    seconds: dict[str, dict[str, float]] = {name: {} for name in (*PACKAGES, OTHER)}
    for (file, _, function), entry in _callers(profiler).items():
        for (above, _, caller), (_, _, spent, _) in entry[-1].items():
            # what is not written in Python belongs to the function that calls it
            where, what = (above, caller) if file == BUILT_IN else (file, function)
            here = seconds[_package(where)]
            here[what] = here.get(what, 0.0) + spent
    whole = sum(sum(functions.values()) for functions in seconds.values())
    # the profiler makes all of it slower: the shares count
    return {
        package: {function: spent / whole * cost for function, spent in functions.items()}
        for package, functions in seconds.items()
    }


def _callers(profiler: cProfile.Profile) -> Mapping[Any, Any]:
    found: Mapping[Any, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined] # documented nowhere, used everywhere
    return found


def _package(file: str) -> str:
    return next((name for name in PACKAGES if f"/{name}/" in file), OTHER)


def _cost(wsgi: Wsgi, ask: Ask) -> float:
    began = time.process_time()
    for _ in range(CALLS):
        status: list[str] = []
        for _part in wsgi(_environ(ask), lambda line, *_, into=status: into.append(line)):
            pass
        if status[0][0] != "2":
            raise ValueError(f"{ask.method} {ask.path}: {status[0]}")
    return (time.process_time() - began) / CALLS * 1e6


def _environ(ask: Ask) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": ask.method,
        "PATH_INFO": unquote(ask.path),
        "REQUEST_URI": ask.path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
    }
