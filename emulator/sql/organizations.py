"""Where organizations are: their keys, as far as this process knows them."""

from __future__ import annotations

from sqlalchemy import Connection

from emulator.sql import queries


class Organizations:
    """Keys of organizations by their names, as they were when they were last asked for.

    They are guesses, for statements to try: an organization may have got another name since, or be gone.
    """

    MOST = 65_536

    def __init__(self) -> None:
        self._keys: dict[str, int] = {}

    def guess(self, name: str) -> int | None:
        """The key that it had, None when it is not known."""
        return self._keys.get(name)

    def ask(self, connection: Connection, name: str) -> int | None:
        """The key that it has, None when there is none."""
        row = queries.KEY_OF_ORGANIZATION.row(connection, {"organization": name})
        if row is None:
            return None
        key: int = row[0]
        if len(self._keys) >= self.MOST:
            self._keys.clear()
        self._keys[name] = key
        return key
