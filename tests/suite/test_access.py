"""Who is let in, and which refusal comes first: servers that ask for credentials, and servers that do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract_tests.running.target import Credentials
from tests.suite.judging import EXAMPLE, HOST, VACANT, judge

GUARDED = (EXAMPLE, EXAMPLE.with_name("users.yaml"))
CHECKS = ("credentials", "uninvited-writes", "other-organization", "missing-first", "credentials-first")
ANN = Credentials("ann", "s3cret: ü")
KEY = Credentials(app_key="robot-key")
BOTH = Credentials("admin", "admin", "admin-key")
PASSED, LEFT_OUT = "passed", "not-applicable"


@pytest.mark.parametrize(
    "credentials, expected",
    [
        (ANN, {"auth.basic": PASSED, "auth.basic-encodings": PASSED, "auth.application-key": LEFT_OUT}),
        (KEY, {"auth.basic": LEFT_OUT, "auth.basic-encodings": LEFT_OUT, "auth.application-key": PASSED}),
        (BOTH, {"auth.basic": PASSED, "auth.basic-encodings": LEFT_OUT, "auth.application-key": PASSED}),
    ],
    ids=["user", "key", "both"],
)
def test_what_is_given_is_judged(
    credentials: Credentials, expected: dict[str, str], serve: Callable[..., str], folder: Path
) -> None:
    """Each kind of credentials that was given is judged alone; the encodings, where they make a difference."""
    verdict = judge(serve(seeds=GUARDED), folder, only=CHECKS, credentials=credentials)
    assert verdict.code == 0, verdict.text
    assert {rule: verdict.verdict(rule) for rule in expected} == expected
    for rule in ("auth.refused", "auth.challenge", "refused.others", "errors.order"):
        assert verdict.verdict(rule) == PASSED
    assert verdict.verdict("auth.open-takes-credentials") == LEFT_OUT


@pytest.mark.parametrize(
    "settings, options, verdict, reason",
    [
        (GUARDED, {"credentials": ANN, "foreign": "Acme"}, PASSED, ""),
        (GUARDED, {"credentials": ANN}, "not-run", "needs --foreign ORG"),
        ((EXAMPLE,), {"foreign": "Acme"}, LEFT_OUT, "the server is open"),
    ],
    ids=["named", "not named", "open"],
)
def test_another_organization_is_judged_when_it_is_named(
    settings: tuple[Path, ...],
    options: dict[str, Any],
    verdict: str,
    reason: str,
    serve: Callable[..., str],
    folder: Path,
) -> None:
    """With --foreign the 403 is looked for; without it, and on an open server, the reason says why not."""
    judged = judge(serve(seeds=settings), folder, only=CHECKS, **options)
    assert judged.code == 0, judged.text
    row = judged.record["requirements"]["auth.other-organization"]
    assert row["verdict"] == verdict
    assert row["reason"].startswith(reason)


def test_an_open_server_takes_whatever_it_is_shown(serve: Callable[..., str], folder: Path) -> None:
    """Without credentials to ask for, nothing about them is judged but that they are ignored."""
    verdict = judge(serve(), folder, only=CHECKS)
    assert verdict.code == 0, verdict.text
    assert verdict.verdict("auth.open-takes-credentials") == PASSED
    assert verdict.verdict("auth.refused") == LEFT_OUT


def test_secrets_are_in_no_file(serve: Callable[..., str], folder: Path) -> None:
    """Neither the password nor its encodings nor a key is written down, byte by byte or otherwise."""
    judge(serve(seeds=GUARDED), folder, only=(*CHECKS, "framing", "leftovers"), credentials=BOTH)
    written = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert "[redacted]" in written
    for secret in ("YWRtaW46YWRtaW4", "admin-key"):
        assert secret not in written


def test_two_hosts_are_kept_apart(serve: Callable[..., str], folder: Path) -> None:
    """Every operation on the one leaves the other as it was, and the other way round."""
    verdict = judge(serve(), folder, only=("two-hosts",), hosts=(HOST, VACANT))
    assert verdict.code == 0, verdict.text
    assert verdict.verdict("isolation.other-hosts") == PASSED
    assert verdict.verdict("identity.distinct") == PASSED
