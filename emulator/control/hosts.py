"""Which host is meant by a name, for clients that let people write short ones."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.call import Call, Performer
from emulator.errors import Malformed
from emulator.host_lookup import find_host


def find(call: Call) -> dict[str, str]:
    """The one host of that name."""
    name = call.query.get("name")
    if not name:
        raise Malformed("give a name: ?name=web1, or ?name=ORGANIZATION/ENVIRONMENT/HOST")
    path = call.world.store.run(lambda unit: find_host(unit, name).path, writes=False)
    return dict(zip(("organization", "environment", "host"), path, strict=True))


PERFORMERS: Mapping[str, Performer] = {"findHost": find}
