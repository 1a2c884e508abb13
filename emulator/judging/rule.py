"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from emulator.judging.case import Case, Charge


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with a stable id. `level`: MUST or SHOULD; `basis`: D documented, C manner of the client, P ours.

    `charges` finds what breaks it in what one party did.
    """

    id: str
    level: str
    basis: str
    sentence: str
    charges: Callable[[Case], Iterator[Charge]]
