"""The kinds of trouble: a row each. A lawful kind is one that a server under test may show and stay unblamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ANY, ACTIONS, READS = "any request", "actions that take time", "reads of an instance"
"""What a kind can be about."""

LONGEST_LATENCY = 10
"""Seconds that an answer is held back at most."""

GUEST_LIMIT = 120
"""Seconds after which an ignored shutdown falls back (openapi.yaml: x-lifecycle)."""


def _seconds(most: float) -> Mapping[str, Any]:
    number = {"type": "number", "minimum": 0, "maximum": most}
    return {**number, "type": ["number", "array"], "items": number, "minItems": 2, "maxItems": 2}


_RETRY_AFTER = {"retryAfter": {"type": "integer", "minimum": 0, "maximum": 3600}}


@dataclass(frozen=True, slots=True)
class Kind:
    """A row. `parameters` are JSON Schemas by name, `defaults` what they are when a rule does not say.

    `why`: why it is lawful, or what of the contract it breaks.
    """

    name: str
    lawful: bool
    about: str
    says: str
    why: str
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()


_ROWS = (
    Kind(
        "latency",
        lawful=True,
        about=ANY,
        says="The answer is held back for so many real seconds, drawn between two; at most four at a time are.",
        why="no answer has a time limit",
        parameters={"seconds": _seconds(LONGEST_LATENCY)},
        required=("seconds",),
    ),
    Kind(
        "slow-settling",
        lawful=True,
        about=ACTIONS,
        says="An action takes `factor` times as long, and `seconds` of emulated time besides.",
        why="an action takes effect later, however much",
        parameters={"factor": {"type": "number", "minimum": 0, "maximum": 1e6}, "seconds": _seconds(1e6)},
        defaults={"factor": 1, "seconds": 0},
    ),
    Kind(
        "late-reads",
        lawful=True,
        about=ACTIONS,
        says="For so many looks after an action the state before it is still shown.",
        why="the path that a poller sees begins with the source",
        parameters={"looks": {"type": "integer", "minimum": 1, "maximum": 1000}},
        defaults={"looks": 1},
    ),
    Kind(
        "agent-silent",
        lawful=True,
        about=ACTIONS,
        says="The agent of a guest that starts by this action never reports in.",
        why="the agent is Up only after it has reported in, and nothing says when",
    ),
    Kind(
        "unavailable",
        lawful=True,
        about=ANY,
        says="503 with `Retry-After`; nothing was done.",
        why="a server that cannot serve now may say so",
        parameters=_RETRY_AFTER,
        defaults={"retryAfter": 1},
    ),
    Kind(
        "too-many-requests",
        lawful=True,
        about=ANY,
        says="429 with `Retry-After`; nothing was done.",
        why="a client that asks too much may be told so",
        parameters=_RETRY_AFTER,
        defaults={"retryAfter": 1},
    ),
    Kind(
        "lawfully-restless",
        lawful=True,
        about=ANY,
        says="All that the contract leaves open, chosen differently each time: order and number of members, how JSON "
        "is written, messages, headers and their case, chunks, the end of the connection, 503 and 429 now and then, "
        "how long an action takes, whether PENDING is seen, late reads, an agent that is silent, doubtful bodies.",
        why="it is what the contract leaves open",
    ),
    Kind(
        "lost-answer",
        lawful=False,
        about=ANY,
        says="The request takes effect, and the connection is closed without an answer.",
        why="a request that is served has an answer",
    ),
    Kind(
        "cut",
        lawful=False,
        about=ANY,
        says="The connection is closed before anything has happened.",
        why="a request that is HTTP has an answer",
    ),
    Kind(
        "hypervisor-gone",
        lawful=False,
        about=ANY,
        says="The hypervisor of the machine is out of reach for so many emulated seconds: UNDEFINED, and back.",
        why="the world may do that, but a settled instance of a server under test stays as it is",
        parameters={"seconds": {"type": "number", "minimum": 0, "maximum": 1e9}},
        defaults={"seconds": 60},
    ),
    Kind(
        "action-fails",
        lawful=False,
        about=ACTIONS,
        says="The action fails: the instance settles where the lifecycle has `else`, its change is an ERROR; "
        "a provision leaves UNDEFINED, and a host in ERROR.",
        why="the world may do that, but a server under test must succeed",
    ),
    Kind(
        "shutdown-ignored",
        lawful=False,
        about=ACTIONS,
        says="The guest does not listen: after so many emulated seconds the instance reads what it was before. "
        "About `shutdown` unless `operations` says otherwise.",
        why="the world may do that, but a server under test must succeed",
        parameters={"seconds": {"type": "number", "minimum": 0, "maximum": 1e9}},
        defaults={"seconds": GUEST_LIMIT, "operations": ["shutdownInstance", "stopInstance"]},
    ),
    Kind(
        "stale-reads",
        lawful=False,
        about=READS,
        says="The state before the last action is shown, though a later one was seen.",
        why="the states that a poller sees never go back",
    ),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ROWS}
"""All kinds, by name."""

_GLOB = {"type": "string", "minLength": 1, "maxLength": 255}
_NAME = {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,64}$"}
_COMMON: Mapping[str, Any] = {
    "name": _NAME,
    "kind": {"enum": list(KINDS)},
    "operations": {**_GLOB, "type": ["string", "array"], "items": _GLOB, "minItems": 1},
    "organization": _GLOB,
    "environment": _GLOB,
    "host": _GLOB,
    "skip": {"type": "integer", "minimum": 0, "maximum": 1_000_000_000},
    "count": {"type": "integer", "minimum": 1, "maximum": 1_000_000_000},
    "probability": {"type": "number", "minimum": 0, "maximum": 1},
}

OUTLINE: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Trouble of the hypervisor emulator: rules, and built-in troubles to include",
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "include": {"type": "array", "items": _NAME},
        "randomSeed": {"type": "integer"},
        "rules": {
            "type": "array",
            "items": {"type": "object", "required": ["kind"], "properties": {"kind": _COMMON["kind"]}},
        },
    },
}
"""The schema of a trouble file but for its rules: see schema_of."""


def schema_of(kind: Kind) -> Mapping[str, Any]:
    """The schema of a rule of this kind."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["kind", *kind.required],
        "properties": {**_COMMON, **kind.parameters},
    }
