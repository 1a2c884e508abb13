"""What trouble does to requests and answers: before anything has happened, and after all has."""

from __future__ import annotations

import threading
import time
from collections.abc import MutableMapping
from typing import Any

from emulator.errors import NO_ANSWER, TooManyRequests, Unavailable
from emulator.trouble import restless
from emulator.trouble.engine import Hits

AT_A_TIME = 4
"""So many requests are held back at most: some threads always are free, and the control API with them."""

_HELD_BACK = threading.BoundedSemaphore(AT_A_TIME)


def before(hits: Hits, environ: MutableMapping[str, Any]) -> None:
    """What a request meets before anything has happened.

    Unavailable and TooManyRequests put it off. Where NO_ANSWER is in the environ then, it is not to be served.
    """
    if (hit := hits.get("latency")) is not None:
        _hold_back(hit.between("seconds"))
    if hits.get("cut") is not None:
        environ[NO_ANSWER] = True
        return
    for kind, refusal, words in (
        ("unavailable", Unavailable, "the server cannot serve now"),
        ("too-many-requests", TooManyRequests, "these are too many requests"),
    ):
        if (hit := hits.get(kind)) is not None:
            seconds = int(hit.parameter("retryAfter"))
            raise refusal(f"{words} (trouble {hit.rule.name}); come again in {seconds} s", retry_after=seconds)
    if (hit := hits.get("lawfully-restless")) is not None:
        _hold_back(restless.delay(hit))
        restless.put_off(hit)


def after(hits: Hits, environ: MutableMapping[str, Any], answer: Any) -> None:
    """What an answer meets on its way out: a response of the framework, that can still be changed."""
    if hits.get("lost-answer") is not None:
        environ[NO_ANSWER] = True
    if (hit := hits.get("lawfully-restless")) is not None:
        restless.rewrite(hit, environ, answer)


def _hold_back(seconds: float) -> None:
    if seconds > 0 and _HELD_BACK.acquire(blocking=False):
        try:
            time.sleep(seconds)
        finally:
            _HELD_BACK.release()
