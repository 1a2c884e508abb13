"""What is remembered: light records, without behaviour that needs the world around them.

A million instances fit in memory because the rare parts (a pending action, a history, settings) are objects
of their own that exist only while needed, and because property keys are shared between instances.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Details = Mapping[str, Any]


@dataclass(slots=True)
class Hypervisor:
    """A machine that carries machines. `uuid` as libvirt reports it, 32 digits in upper case."""

    name: str
    uuid: str

    @property
    def user_queue(self) -> str:
        """The message queue named after it (property `amqp.user_queue`)."""
        return f"host.{self.uuid}"


@dataclass(slots=True)
class Task:
    """The one step of a change. `status` is OK, PENDING or ERROR."""

    description: str
    status: str
    error: str = ""


@dataclass(slots=True)
class Change:
    """What an accepted request set in motion (inventory: `.../changes/`)."""

    order: int
    key: str
    description: str
    task: Task


@dataclass(slots=True)
class AuditEntry:
    """Who did what, and when (inventory: `.../audit/`). `at` in seconds since the epoch."""

    at: float
    message: str
    username: str
    full_name: str


@dataclass(slots=True)
class Pending:
    """An accepted action on its way: where it came from, where it settles, and when.

    `due` in seconds since the epoch; with `polls` it settles after so many reads instead, and `due` is infinite.
    `boots` tells that the guest starts anew at the end, `silent` that its agent does not report in then; `failure` why
    the action fails in the world, if it does.
    """

    trigger: str
    source: str
    target: str
    due: float
    polls: int | None = None
    boots: bool = False
    change: Change | None = None
    failure: str = ""
    silent: bool = False


@dataclass(slots=True)
class Console:
    """VNC access that a seed prescribes, instead of a drawn one."""

    token: str
    port: str


@dataclass(slots=True, eq=False)
class Instance:
    """A machine as the platform knows it. `state` is a state of the lifecycle; `transitions` moves it.

    `since` (seconds since the epoch) and `cause` (an operationId, or words) say how it came to its state;
    `agent_at` is when the agent in the guest reports in, None for never; `settled` is true once the first
    action has come to its end; `actions` counts accepted actions and `boots` starts: ordinals of draws.
    `unseen` is what it is in while its hypervisor is out of reach and its state cannot be told.
    """

    state: str
    since: float
    cause: str
    hypervisor: Hypervisor
    keys: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    pending: Pending | None = None
    agent_at: float | None = None
    locked: bool = False
    settled: bool = False
    failed: bool = False
    actions: int = 0
    boots: int = 0
    hostname: str | None = None
    console: Console | None = None
    unseen: str | None = None

    @property
    def uuid(self) -> str | None:
        """The identity of the machine (property `libvirt.uuid`), None when it has none."""
        return self.property("libvirt.uuid")

    def property(self, key: str) -> str | None:
        """The value of one property, or None."""
        try:
            return self.values[self.keys.index(key)]
        except ValueError:
            return None

    def set_properties(self, items: Iterable[tuple[str, str]]) -> None:
        """Replace all properties, in this order; keys are shared with all instances that have the same."""
        keys, values = [], []
        for key, value in items:
            keys.append(sys.intern(key))
            values.append(value)
        shared = tuple(keys)
        self.keys = _SHARED_KEYS.setdefault(shared, shared) if len(_SHARED_KEYS) < 4096 else shared
        self.values = tuple(values)

    def add_property(self, key: str, value: str) -> None:
        """Append one property, or give it a new value in its place."""
        items = dict(zip(self.keys, self.values, strict=True))
        items[key] = value
        self.set_properties(items.items())


_SHARED_KEYS: dict[tuple[str, ...], tuple[str, ...]] = {}


@dataclass(slots=True)
class History:
    """Changes and audit of one host. Each list keeps its newest entries; numbers go on."""

    LIMIT = 1000
    changes: list[Change] = field(default_factory=list)
    audit: list[AuditEntry] = field(default_factory=list)
    next_order: int = 1
    next_entry: int = 1

    def add_change(self, key: str, description: str, task: Task) -> Change:
        """Note a change and answer it."""
        change = Change(self.next_order, key, description, task)
        self.next_order += 1
        self.changes.append(change)
        del self.changes[: -self.LIMIT]
        return change

    def add_audit(self, entry: AuditEntry) -> None:
        """Note who did what."""
        self.audit.append(entry)
        self.next_entry += 1
        del self.audit[: -self.LIMIT]


@dataclass(slots=True, eq=False)
class Organization:
    """A tenant. `details` holds what only the inventory shows; None means all defaults."""

    name: str
    version: int = 1
    details: Details | None = None
    environments: dict[str, Environment] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Environment:
    """A group of hosts."""

    organization: Organization
    name: str
    version: int = 1
    details: Details | None = None
    hosts: dict[str, Host] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Host:
    """A host of the inventory: a description of a machine, with an instance or without (ABSENT).

    `machines` counts the machines that were made for it: the ordinal of their identities.
    """

    environment: Environment
    name: str
    version: int = 1
    details: Details | None = None
    instance: Instance | None = None
    machines: int = 0
    history: History | None = None

    @property
    def path(self) -> tuple[str, str, str]:
        """Its names, outermost first: organization, environment, host."""
        return (self.environment.organization.name, self.environment.name, self.name)

    def chronicle(self) -> History:
        """Its history, made when first needed."""
        if self.history is None:
            self.history = History()
        return self.history
