"""Servers that are right, each in another way: none of them is blamed for what the contract leaves open."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.faulty_servers.faults import Fault
from tests.faulty_servers.middle import Answer, Call, Change, Forward
from tests.faulty_servers.proving import SLOW
from tests.lawful_servers.catalogue import VARIANTS
from tests.suite.judging import judge

MOVES = ("legal", "read")
"""What is enough for a server whose every action is waited for."""

ENOUGH = (*MOVES, "quiet", "reading", "credentials", "methods", "chosen-bodies")
"""Every operation where it is accepted, and every kind of body: two seconds a server."""


@pytest.mark.parametrize("name", list(VARIANTS)[::15])
def test_a_lawful_server_is_not_blamed(name: str, folder: Path) -> None:
    """A lawful server is judged green by what meets every operation and body; `make prove` judges all by all."""
    variant = VARIANTS[name]
    quick = {"only": MOVES if name in SLOW else ENOUGH, "settle_timeout": 20.0}
    with variant.start() as url:
        verdict = judge(url, folder, **{**quick, **variant.options})
    assert not [finding for row in verdict.record["results"] for finding in row["findings"]], verdict.text
    assert verdict.code == 0, verdict.text


def test_every_variant_says_what_is_different() -> None:
    """There are at least fifteen variants, and each says in one line what is different in it."""
    assert len(VARIANTS) >= 15
    assert all(variant.says for variant in VARIANTS.values())


def _heads_are_put_off() -> Change:
    """Every second HEAD gets 503 with Retry-After: 0."""
    heads: Counter[str] = Counter()
    busy = Answer(503, b"", (("Content-Type", "application/json"), ("Retry-After", "0")))

    def answer(call: Call, forward: Forward) -> Answer:
        heads[call.method] += 1
        return busy if call.method == "HEAD" and heads["HEAD"] % 2 else forward(call)

    return answer


def test_what_is_put_off_is_asked_again(folder: Path) -> None:
    """HEAD on a connection of its own, too: 503 with Retry-After is no reason to judge less."""
    server = Fault("heads-are-put-off", "Every second HEAD is put off.", frozenset(), _heads_are_put_off)
    with server.start() as url:
        verdict = judge(url, folder, only=("bodiless",))
    assert verdict.verdict("http.head") == "passed", verdict.text
