"""The control API: steers an emulator from a test, in any language. Bound by the same router as the rest.

Each module serves some of the operations of control.openapi.yaml. All of them are about the world of the path:
`/w/NAME/_emulator/...`, or the default one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emulator.call import Performer
from emulator.control import (
    about,
    acting,
    explaining,
    happenings,
    hosts,
    hypervisors,
    journal,
    state,
    time,
    trouble,
    verdict,
    worlds_made,
)
from emulator.control.guard import Guard
from emulator.worlds import Worlds

__all__ = ["DOCUMENT", "Guard", "performers"]

DOCUMENT = Path(__file__).with_name("control.openapi.yaml")


def performers(worlds: Worlds) -> Mapping[str, Performer]:
    """What the operations of the control API do."""
    return {
        **about.PERFORMERS,
        **time.PERFORMERS,
        **hosts.PERFORMERS,
        **explaining.PERFORMERS,
        **journal.PERFORMERS,
        **acting.PERFORMERS,
        **hypervisors.PERFORMERS,
        **trouble.performers(worlds),
        **verdict.PERFORMERS,
        **worlds_made.performers(worlds),
        **state.performers(worlds),
        **happenings.performers(worlds),
    }
