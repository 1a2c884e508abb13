"""What the inventory does with a kind of thing, whichever it is: list, create, read, update and delete.

Organizations, environments and hosts differ in where they are kept and in what is remembered of them; that is a
`Kind`, a row of data each (emulator.inventory.use_cases). Refuse first, change after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson

from emulator import store
from emulator.call import Call
from emulator.errors import Conflict, Malformed
from emulator.inventory.paging import page
from emulator.records import Details, Host
from emulator.store import Listing, Shelf, Unit

Names = tuple[str, ...]
Record = TypeVar("Record", bound=store.Record)


def nothing(_: Call, __: Any, ___: str) -> None:
    """Neither guards nor remembers anything."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[Record]):
    """A kind of thing, with its use cases.

    `word` is its name in messages. `defaults` are the members that are only remembered: a record's `details` hold
    those that differ, and one whose default is None is not shown then. `siblings` finds all of a parent by name and
    `find` one by its names (both raise NotFound); `new` makes a record that is not kept yet; `place` is what is around
    it. `guard` raises Forbidden when the user may not give a thing that name, and `note` remembers what was done to it.
    """

    word: str
    defaults: Mapping[str, Any]
    siblings: Callable[[Unit, Names], Shelf[Record]]
    find: Callable[[Unit, Names], Record]
    new: Callable[[Unit, Names, str], Record]
    place: Callable[[Call, Unit, Record], Mapping[str, Any]]
    guard: Callable[[Call, Record, str], None] = nothing
    note: Callable[[Call, Record, str], None] = nothing

    def show(self, call: Call, unit: Unit, thing: Record) -> dict[str, Any]:
        """The representation."""
        shown = {member: default for member, default in self.defaults.items() if default is not None}
        details = thing.details or {}
        return {"name": thing.name, "version": thing.version, **shown, **details, **self.place(call, unit, thing)}

    def list_all(self, call: Call, unit: Unit) -> dict[str, Any]:
        """All of a parent, or a page of them."""
        return self.page(call, unit, self.siblings(unit, call.names))

    def page(self, call: Call, unit: Unit, things: Listing[Record]) -> dict[str, Any]:
        """The part of them for which the query asks."""
        return page(call.query, things, lambda thing: self.show(call, unit, thing))

    def create(self, call: Call, unit: Unit) -> dict[str, Any]:
        """A new one; Conflict when its name is taken."""
        name = call.body["name"]
        self._refuse_taken(unit, call.names, name)
        thing = self.new(unit, call.names, name)
        thing.details = self._details(None, call.body)
        unit.add(thing)
        self.note(call, thing, "created")
        return self.show(call, unit, thing)

    def read(self, call: Call, unit: Unit) -> dict[str, Any]:
        """One of them."""
        return self.show(call, unit, self.find(unit, call.names))

    def update(self, call: Call, unit: Unit) -> dict[str, Any]:
        """Change what the body has; Conflict when the new name is taken, or when the version is stale."""
        thing = self.find(unit, call.names)
        old, name = thing.name, call.body.get("name", thing.name)
        if name != old:
            self.guard(call, thing, name)
            self._refuse_taken(unit, call.names[:-1], name)
        self._refuse_stale(thing, call.body.get("version"))
        details = self._details(thing.details, call.body)
        if name != old:
            unit.rename(thing, name)
        elif orjson.dumps(details) == orjson.dumps(thing.details):  # == would take 1 for true
            return self.show(call, unit, thing)
        thing.details = details
        thing.version += 1
        self.note(call, thing, "changed" if name == old else f"renamed from {old!r} to {name!r}")
        return self.show(call, unit, thing)

    def delete(self, call: Call, unit: Unit) -> None:
        """Take it away with all that is in it; Conflict when there are instances."""
        thing = self.find(unit, call.names)
        occupied = unit.occupied(thing)
        if len(occupied):
            raise Conflict(self._occupied(thing, occupied))
        unit.remove(thing)

    def _details(self, present: Details | None, body: Mapping[str, Any]) -> Details | None:
        """What differs from the defaults when the members of the body have been taken over."""
        details = dict(present or {})
        for member, default in self.defaults.items():
            if member in body:
                details.pop(member, None)
                if body[member] is not None and body[member] != default:
                    details[member] = body[member]
        _refuse_unshowable(details)
        return details or None

    def _refuse_taken(self, unit: Unit, parent: Names, name: str) -> None:
        if name in self.siblings(unit, parent):
            place = f" in {'/'.join(parent)!r}" if parent else ""
            raise Conflict(f"{self.word} {name!r} is there already{place}; choose another name, or change that one")

    def _refuse_stale(self, thing: Record, version: int | None) -> None:
        if version is not None and version != thing.version:
            raise Conflict(
                f"{self.word} {thing.name!r} is at version {thing.version}, and this update was made from version "
                f"{version}; read it again and update that, or leave out version to update it in any case"
            )

    def _occupied(self, thing: Record, occupied: Listing[Host]) -> str:
        first = next(occupied.part(0, 1))
        some = f"{len(occupied)} of its hosts have an instance, such as {'/'.join(first.path)!r}"
        return (
            f"{self.word} {thing.name!r} cannot be deleted: {'it has an instance' if thing is first else some}; "
            "delete the instance (DELETE .../instance) or forget it (PUT .../instance/_forget) first"
        )


def _refuse_unshowable(details: Details) -> None:
    """Malformed when values nest too deeply to be written again as an item of a list."""
    try:
        orjson.dumps({"items": [details]})
    except orjson.JSONEncodeError:
        raise Malformed("the body nests too deeply; some two hundred levels can be kept") from None
