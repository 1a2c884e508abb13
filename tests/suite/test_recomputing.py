"""A run that is over is judged again from its exchanges: what it says of itself must be what they make of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract import load_contract
from contract_tests.certifying.recomputing import recompute
from contract_tests.certifying.verifying import verify
from contract_tests.running.selection import Choice
from contract_tests.running.target import Credentials
from tests.faulty_servers.faults import Fault, pass_on
from tests.faulty_servers.proving import FAULTY
from tests.lawful_servers.catalogue import VARIANTS
from tests.patience import PATIENCE
from tests.suite.judging import HOST, ROOT, VACANT, judge
from tests.suite.serving import emulator

CONTRACT = load_contract()
SOME = Choice(
    only=("legal", "refused", "pending", "bodies", "race[RUNNING]", "burst", "histories", "two-hosts", "framing")
)
"""Every way of sending, and every kind of drawing."""

LITTLE = ("refused", "quiet", "credentials")


@pytest.fixture(scope="module")
def over(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little run that is over."""
    folder = tmp_path_factory.mktemp("over")
    with Fault("emulator", "No fault at all.", frozenset(), lambda: pass_on).start() as url:
        assert judge(url, folder, only=LITTLE).code == 0
    assert recompute(folder, CONTRACT) == []
    return folder


@contextmanager
def _copy(folder: Path, beside: str) -> Iterator[Path]:
    copy = folder.with_name(f"{folder.name}-{beside}")
    shutil.copytree(folder, copy)
    try:
        yield copy
    finally:
        shutil.rmtree(copy)


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "exchanges.ndjson").read_text("utf-8").splitlines()]


def _write(folder: Path, rows: list[dict[str, Any]]) -> None:
    (folder / "exchanges.ndjson").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "two-starts-both-win",
        "streaming-stranger",
    ],
)
def test_every_kind_of_check_can_be_judged_again(name: str, folder: Path) -> None:
    """What a whole run on two hosts came to, races, raw lines and drawn bodies and all, follows from its exchanges."""
    server = VARIANTS[name] if name in VARIANTS else FAULTY[name]
    with server.start() as url:
        judge(url, folder, hosts=(HOST, VACANT), settle_timeout=20.0, choice=SOME)
    assert recompute(folder, CONTRACT) == []


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials("ann", "s3cret: ü"),
        Credentials("admin", "admin", "admin-key"),
        Credentials(app_key="admin-key"),
    ],
)
def test_credentials_are_not_needed(credentials: Credentials, folder: Path) -> None:
    """The record knows what kind of credentials there were, and that is enough."""
    users = ROOT / "fixtures" / "users.yaml"
    options = ("--seed", str(ROOT / "fixtures" / "documentation-example.yaml"), "--seed", str(users))
    only = ("credentials", "uninvited-writes", "other-organization", "credentials-first", "framing")
    with emulator(*options) as url:
        verdict = judge(url, folder, only=only, credentials=credentials, foreign="Acme")
    assert verdict.record["results"]
    assert recompute(folder, CONTRACT) == []


def test_a_server_that_dies_dies_again(serve: Callable[..., str], folder: Path) -> None:
    """A run that ended because nothing answered any more is judged again up to there, and ends there again."""
    calls: list[str] = []

    def around(application: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            calls.append(environ["PATH_INFO"])
            if len(calls) > 300:
                raise OSError("gone")
            return application(environ, start_response)

        return answer

    judge(serve(around=around), folder)
    assert recompute(folder, CONTRACT) == []


def test_a_run_that_was_stopped_is_judged_up_to_there(folder: Path) -> None:
    """SIGTERM in the middle: the check that it met did not end, and all before it follows from the exchanges."""
    with emulator() as url:
        command = [sys.executable, "-m", "contract_tests", "run", url, "--host", VACANT, "--report-dir", str(folder)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        exchanges = folder / "exchanges.ndjson"
        while not exchanges.exists() or exchanges.read_bytes().count(b"\n") < 200:
            assert process.poll() is None
        process.terminate()
        assert process.wait(PATIENCE) == 4
    assert json.loads((folder / "record.json").read_text("utf-8"))["run"]["interrupted"]
    assert recompute(folder, CONTRACT) == []


# ---- what does not agree is named


def test_an_answer_that_was_changed_is_named(over: Path) -> None:
    """A refusal that becomes an acceptance changes what the check came to."""
    with _copy(over, "answer") as copy:
        rows = _rows(copy)
        row = next(row for row in rows if row["check"].startswith("refused[") and row["response"]["status"] == 409)
        row["response"] |= {"status": 202, "body": None, "headers": {}}
        _write(copy, rows)
        found = recompute(copy, CONTRACT)
    assert found
    assert row["check"] in found[0] or f"exchange {row['number'] + 1}" in found[0], found


def test_a_verdict_that_was_changed_is_named(over: Path) -> None:
    """A verdict and its summary that were changed together do not follow from the exchanges."""
    with _copy(over, "verdict") as copy:
        path = copy / "record.json"
        record = json.loads(path.read_text("utf-8"))
        record["results"][5] |= {"verdict": "failed"}
        record["summary"] |= {"exitCode": 1, "sentence": "the contract is broken: 1 MUST failed"}
        path.write_text(json.dumps(record), "utf-8")
        found = recompute(copy, CONTRACT)
    assert len(found) == 3
    assert f'results[{record["results"][5]["id"]}].verdict is "failed", and the exchanges make it "passed"' in found[0]


def test_an_exchange_that_was_left_out_is_named(over: Path) -> None:
    """A missing line, one too many, and two that changed places are told by their numbers."""
    rows = _rows(over)
    swapped = [*rows[:20], rows[21], rows[20], *rows[22:]]
    for number, changed in {
        10: [*rows[:9], *rows[10:]],
        21: swapped,
        len(rows): rows[:-1],
        len(rows) + 1: [*rows, {**rows[-1], "number": len(rows) + 1}],
    }.items():
        with _copy(over, "line") as copy:
            _write(copy, changed)
            (found,) = recompute(copy, CONTRACT)
        assert f"exchange {number} " in found


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all plain values."""
    if isinstance(value, dict | list) and value:
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _leaves(value[key], (*path, key))
    else:
        yield path


def _changed(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value}x" if isinstance(value, str) else ["x"]


FREE = {"seed", "replay", "maxExamples"}
"""Members of a result that say how it was made, or where."""


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_member_of_a_record_can_be_changed(over: Path, data: st.DataObject) -> None:
    """Whatever is changed in what follows from the exchanges, it is named."""
    record = json.loads((over / "record.json").read_text("utf-8"))
    part = data.draw(st.sampled_from(["results", "requirements", "summary", "operations", "statesSeen", "resources"]))
    places = [path for path in _leaves(record[part]) if not FREE.intersection(path)]
    *way, last = data.draw(st.sampled_from(places))
    inner = record[part]
    for step in way:
        inner = inner[step]
    inner[last] = _changed(inner[last])
    with _copy(over, "member") as copy:
        (copy / "record.json").write_text(json.dumps(record), "utf-8")
        found = verify(copy, CONTRACT)
    assert found
    assert re.search(rf"record.json(: |\.){part}", found[0]), found


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_member_of_a_request_can_be_changed(over: Path, data: st.DataObject) -> None:
    """Whatever is changed in what was asked, the exchange is named."""
    rows = _rows(over)
    row = data.draw(st.sampled_from(rows))
    *way, last = data.draw(
        st.sampled_from([path for path in _leaves(row) if path[0] in ("check", "request", "number")])
    )
    inner = row
    for step in way:
        inner = inner[step]
    inner[last] = _changed(inner[last])
    with _copy(over, "request") as copy:
        _write(copy, rows)
        found = recompute(copy, CONTRACT)
    assert len(found) == 1
    assert found[0].startswith("exchanges.ndjson: exchange ")
