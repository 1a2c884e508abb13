"""How long things take: a row of data for each trigger, drawn from a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from contract import load_yaml
from emulator.draws import Key, draw_fraction
from emulator.errors import StartError

Distribution = Callable[[float], float]
"""From a number in [0, 1) to a time in seconds."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Delays in seconds by trigger; `agent` is the time from running to the agent's first report.

    With `polls`, an action settles when it has been looked at so many times, however long that takes.
    """

    delays: Mapping[str, Distribution]
    default: Distribution
    polls: int | None = None

    def delay(self, what: str, seed: int, *key: Key) -> float:
        """Seconds from the acceptance of `what` until it takes effect; infinite when it waits for polls."""
        if self.polls is not None and what != AGENT:
            return inf
        return self.delays.get(what, self.default)(draw_fraction(seed, "delay", what, *key))


AGENT = "agent"


def _fixed(seconds: float) -> Distribution:
    return lambda _: seconds


def _uniform(bounds: list[float]) -> Distribution:
    low, high = sorted(bounds)
    return lambda fraction: low + (high - low) * fraction


def _lognormal(parameters: Mapping[str, float]) -> Distribution:
    from math import exp, log  # noqa: PLC0415 - beside the import below, which start-up should not pay for
    from statistics import NormalDist  # noqa: PLC0415

    normal = NormalDist(log(parameters["median"]), parameters["sigma"])
    return lambda fraction: exp(normal.inv_cdf(min(max(fraction, 1e-9), 1 - 1e-9)))


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

REALISTIC: Mapping[str, Mapping[str, Any]] = {
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
        return _table(REALISTIC)
    if text.startswith("polls:"):
        count = text.removeprefix("polls:")
        if not count.isdecimal() or len(count) > len(str(MAX_POLLS)) or not 1 <= int(count) <= MAX_POLLS:
            raise StartError(f"--timing {text[:40]}: polls wants a number from 1 to {MAX_POLLS}, such as polls:3")
        return Timing({}, _fixed(0.0), int(count))
    return _from_file(Path(text), triggers)


def _from_file(path: Path, triggers: tuple[str, ...]) -> Timing:
    if not path.exists():
        raise StartError(f"--timing {path}: there is no such file; expected instant, realistic, polls:N or a YAML file")
    source = load_yaml(path, SCHEMA)
    known = {*triggers, AGENT, "default"}
    for what in source.value:
        if what not in known:
            raise source.error((what,), f"no such trigger; the contract has {', '.join(sorted(known))}")
    return _table(source.value)


def _table(rows: Mapping[str, Mapping[str, Any]]) -> Timing:
    delays = {}
    for what, row in rows.items():
        ((kind, parameters),) = row.items()
        delays[what] = _DISTRIBUTIONS[kind](parameters)
    return Timing(delays, delays.pop("default", _fixed(0.0)))
