"""The rules of good manners, a row each."""

from __future__ import annotations

from emulator.judging import acting, reading, sending
from emulator.judging.case import headlong, repetitions
from emulator.judging.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "trigger.legal",
        "MUST",
        "D",
        "A client must not fire a trigger in a state that refuses it, when it could have known.",
        acting.illegal,
    ),
    Rule(
        "trigger.not-while-pending",
        "MUST",
        "D",
        "A client must let an action settle before it fires a trigger that is refused meanwhile.",
        acting.on_its_way,
    ),
    Rule(
        "action.looked-at",
        "MUST",
        "D",
        "A client must look whether an accepted action has settled.",
        acting.unwatched,
    ),
    Rule("poll.pause", "SHOULD", "C", "A client should pause between the reads of a poll.", reading.without_pause),
    Rule("poll.end", "SHOULD", "P", "A client should give up waiting for what does not come.", reading.without_end),
    Rule(
        "write.not-repeated-blindly",
        "MUST",
        "P",
        "A client that got no answer to a write must look what became of it before it sends it again.",
        repetitions,
    ),
    Rule("error.heeded", "MUST", "C", "A client must not go on as if a refused write had worked.", headlong),
    Rule(
        "error.retry-after",
        "MUST",
        "P",
        "A client must not come again before the time that Retry-After names.",
        sending.hurried,
    ),
    Rule("body.documented", "SHOULD", "D", "A client should send the documented members only.", sending.undocumented),
    Rule(
        "credentials.asked-for",
        "SHOULD",
        "P",
        "A client should not send credentials to a server that asks for none.",
        sending.needless_credentials,
    ),
    Rule(
        "console.token-fresh",
        "MUST",
        "P",
        "A client must not use the token of a console whose machine has gone on.",
        reading.stale_token,
    ),
)
