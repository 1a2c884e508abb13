"""How long things take: a row of data for each trigger, drawn from a key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from contract import load_yaml
from emulator.draws import Key, draw_fraction
from emulator.errors import StartError

Distribution = Callable[[Callable[[], float]], float]
"""A time in seconds, from a number in [0, 1) that is drawn when it is asked for."""

Rows = Mapping[str, Mapping[str, Any]]
"""For each trigger a distribution, by its name, with its parameters."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Delays in seconds by trigger; `agent` is the time from running to the agent's first report.

    With `polls`, an action settles when it has been looked at so many times, however long that takes.
    `told` says it as `--timing` or the rows of its file do.
    """

    delays: Mapping[str, Distribution]
    default: Distribution
    polls: int | None = None
    told: str | Rows = "instant"

    def delay(self, what: str, seed: int, *key: Key) -> float:
        """Seconds from the acceptance of `what` until it takes effect; infinite when it waits for polls."""
        if self.polls is not None and what != AGENT:
            return inf
        return self.delays.get(what, self.default)(lambda: draw_fraction(seed, "delay", what, *key))


AGENT = "agent"


def _fixed(seconds: float) -> Distribution:
    return lambda _: seconds


def _uniform(bounds: list[float]) -> Distribution:
    low, high = sorted(bounds)
    return lambda fraction: low + (high - low) * fraction()


def _lognormal(parameters: Mapping[str, float]) -> Distribution:
    from math import exp, log  # noqa: PLC0415 - beside the import below, which start-up should not pay for
    from statistics import NormalDist  # noqa: PLC0415

    normal = NormalDist(log(parameters["median"]), parameters["sigma"])
    return lambda fraction: exp(normal.inv_cdf(min(max(fraction(), 1e-9), 1 - 1e-9)))


_DISTRIBUTIONS: Mapping[str, Callable[[Any], Distribution]] = {
    "fixed": _fixed,
    "uniform": _uniform,
    "lognormal": _lognormal,
}

_SECONDS = {"type": "number", "minimum": 0, "maximum": 1e9}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Timing of the hypervisor emulator: a distribution for each trigger, in seconds",
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": {
            "fixed": _SECONDS,
            "uniform": {"type": "array", "items": _SECONDS, "minItems": 2, "maxItems": 2},
            "lognormal": {
                "type": "object",
                "additionalProperties": False,
                "required": ["median", "sigma"],
                "properties": {
                    "median": {"type": "number", "exclusiveMinimum": 0, "maximum": 1e9},
                    "sigma": {"type": "number", "exclusiveMinimum": 0, "maximum": 10},
                },
            },
        },
    },
}

INSTANT = Timing({}, _fixed(0.0))
"""Everything takes effect at once."""

MAX_POLLS = 1_000_000

REALISTIC: Rows = {
    "provision": {"lognormal": {"median": 40, "sigma": 0.4}},
    "import": {"fixed": 0},
    "start": {"lognormal": {"median": 6, "sigma": 0.3}},
    "pause": {"uniform": [0.2, 1.0]},
    "resume": {"uniform": [0.2, 1.0]},
    "shutdown": {"lognormal": {"median": 9, "sigma": 0.5}},
    "reboot": {"lognormal": {"median": 15, "sigma": 0.4}},
    "off": {"uniform": [0.5, 2.0]},
    "agent": {"lognormal": {"median": 20, "sigma": 0.4}},
    "default": {"uniform": [1, 5]},
}
"""Times as one sees them on a machine room's hypervisors: a boot is slow, a pause is quick."""


def parse_timing(text: str, triggers: tuple[str, ...]) -> Timing:
    """The timing that `--timing` names: `instant`, `realistic`, `polls:N` or a YAML file.

    `triggers` are those of the contract: a row for anything else is a typing error. StartError says where.
    """
    if text == "instant":
        return INSTANT
    if text == "realistic":
        return _table(REALISTIC, text)
    if text.startswith("polls:"):
        count = text.removeprefix("polls:")
        if not count.isdecimal() or len(count) > len(str(MAX_POLLS)) or not 1 <= int(count) <= MAX_POLLS:
            raise StartError(f"--timing {text[:40]}: polls wants a number from 1 to {MAX_POLLS}, such as polls:3")
        return Timing({}, _fixed(0.0), int(count), text)
    return _from_file(Path(text), triggers)


def _from_file(path: Path, triggers: tuple[str, ...]) -> Timing:
    if not path.exists():
        raise StartError(f"--timing {path}: there is no such file; expected instant, realistic, polls:N or a YAML file")
    source = load_yaml(path, SCHEMA)
    try:
        return timing_of(source.value, triggers)
    except UnknownTrigger as unknown:
        raise source.error((unknown.trigger,), str(unknown)) from None


class UnknownTrigger(Exception):
    """A row is for something of which the contract knows nothing."""

    def __init__(self, trigger: str, known: Iterable[str]) -> None:
        super().__init__(f"no such trigger; the contract has {', '.join(sorted(known))}")
        self.trigger = trigger


def timing_of(told: str | Rows, triggers: tuple[str, ...]) -> Timing:
    """The timing that was told so: see Timing. UnknownTrigger, and what parse_timing raises."""
    if isinstance(told, str):
        return parse_timing(told, triggers)
    known = {*triggers, AGENT, "default"}
    for what in told:
        if what not in known:
            raise UnknownTrigger(what, known)
    return _table(told, told)


def _table(rows: Rows, told: str | Rows) -> Timing:
    delays = {}
    for what, row in rows.items():
        ((kind, parameters),) = row.items()
        delays[what] = _DISTRIBUTIONS[kind](parameters)
    return Timing(delays, delays.pop("default", _fixed(0.0)), told=told)
