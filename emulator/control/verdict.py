"""A verdict on the clients of a world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.call import Call, Performer


def get(call: Call) -> dict[str, Any]:
    """The verdict as if everything ended now."""
    from emulator.judging.reports import as_data  # noqa: PLC0415 - a start without a verdict spares it
    from emulator.judging.worlds import judge_world  # noqa: PLC0415

    return as_data(judge_world(call.world))


PERFORMERS: Mapping[str, Performer] = {"getVerdict": get}
