"""A verdict on what the clients of an emulator did, in one of its worlds or in all."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path

from contract import Document, load_document
from emulator import inventory
from emulator.judging.case import Terms
from emulator.judging.verdict import ACQUITTED, Verdict, judge
from emulator.world import World
from emulator.worlds import Worlds

_document = lru_cache(load_document)


def judge_world(world: World) -> Verdict:
    """The verdict as if everything ended now."""
    return judge(world.journal, terms_of(world), unseen=world.journal.let_go)


class Court:
    """Judges all worlds of an emulator: those that leave when they do, the others in the end."""

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds
        self._verdict = ACQUITTED
        self._hearing = threading.Lock()
        worlds.on_leave = self._hear

    def verdict(self) -> Verdict:
        """One verdict on all that was done so far."""
        verdict = self._verdict
        for name in self._worlds.names():
            verdict += judge_world(self._worlds.world(name))
        return verdict

    def _hear(self, world: World) -> None:
        with self._hearing:
            self._verdict += judge_world(world)


def terms_of(world: World) -> Terms:
    """On which terms a world is asked."""
    return Terms(world.contract, documents_of(world.contract.document), world.authenticator.is_open)


def documents_of(document: Document) -> tuple[Document, ...]:
    """All documents that describe what an emulator of this one serves."""
    return document, _document(Path(inventory.DOCUMENT))
