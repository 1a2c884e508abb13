"""The one family of refusals. Each knows its status and its messages; the application writes them in one place."""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """A request that is refused: `{"error": messages}` with `status`. It has changed nothing.

    Raised anywhere below a handler; written by `emulator.app`. (openapi.yaml: components/schemas/Error)
    """

    status = 400

    def __init__(self, *messages: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(*messages)
        self.messages = messages
        self.headers: Mapping[str, str] = headers or {}


class Malformed(Refusal):
    """400: not JSON, or JSON that the schema refuses."""

    status = 400


class Unauthorized(Refusal):
    """401: no credentials, or wrong ones."""

    status = 401


class Forbidden(Refusal):
    """403: a known user, but not of this organization."""

    status = 403


class NotFound(Refusal):
    """404: no such organization, environment, host or instance, or no such path."""

    status = 404


class Conflict(Refusal):
    """409: not legal in the present state, or it exists already."""

    status = 409


class TooLarge(Refusal):
    """413: a body over the limit."""

    status = 413


class UnsupportedMediaType(Refusal):
    """415: a body that does not say it is JSON."""

    status = 415


class Unavailable(Refusal):
    """503: the store cannot serve now. Nothing was changed; the same request may come again."""

    status = 503

    def __init__(self, *messages: str, retry_after: int | None = None) -> None:
        super().__init__(*messages, headers=_come_again(retry_after))


class TooManyRequests(Refusal):
    """429: a client asks too much. Nothing was changed."""

    status = 429

    def __init__(self, *messages: str, retry_after: int | None = None) -> None:
        super().__init__(*messages, headers=_come_again(retry_after))


RETRY_AFTER = 1
"""Seconds after which a client may come again."""


def _come_again(seconds: int | None) -> Mapping[str, str]:
    return {"Retry-After": str(RETRY_AFTER if seconds is None else seconds)}


class InDoubt(Exception):
    """Nobody can say whether a request took effect: it must get no answer, for each would claim something."""


NO_ANSWER = "emulator.no_answer"
"""Set in the environ of a request that is InDoubt: the server closes its connection instead of answering."""

HEADER_CASE, LAST_ANSWER = "emulator.header_case", "emulator.last_answer"
"""In the environ of a request: how the names of the answer's headers are written, and whether the connection ends."""


class StartError(Exception):
    """The emulator cannot start as it was told: one line that names the thing and the mend. Exit code 2."""
