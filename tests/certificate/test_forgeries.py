"""Who changes a verdict and all that follows from it, and signs again, is found out by the exchanges."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract import load_contract
from contract_tests.certifying.certificate import of_certificate
from contract_tests.certifying.keys import make_keys, public_key, signer_of
from contract_tests.certifying.verifying import verify
from contract_tests.running.plan import plan_for
from contract_tests.running.record import plan_digest
from tests.certificate.folders import CONTRACT, certified, copy_of, exchanges_in, put, record_in
from tests.faulty_servers.catalogue import FAULTS
from tests.suite.judging import ROOT, command_line
from tests.suite.serving import emulator

Record = dict[str, Any]
Exchanges = list[dict[str, Any]]
BROKEN = "lifecycle.pause-refused"


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certified folder of a server that is wrong, signed by its vendor, and honest."""
    made = tmp_path_factory.mktemp("certified") / "folder"
    make_keys(made.with_name("vendor"))
    with FAULTS["pause-is-accepted-in-STOPPED"].start() as url:
        certified(made, url, [signer_of(made.with_name("vendor"))])
    assert verify(made, CONTRACT) == []
    assert record_in(made)["requirements"][BROKEN]["verdict"] == "failed"
    return made


def _verdict(record: Record, exchanges: Exchanges) -> str:
    """The verdict, its reason, its findings, the counts and the sentence, all as if nothing had been wrong."""
    del exchanges
    row = next(row for row in record["results"] if row["findings"])
    row |= {"verdict": "passed", "reason": "", "findings": []}
    row["requirements"][BROKEN] = {"verdict": "passed", "reason": ""}
    record["requirements"][BROKEN] |= {"verdict": "passed", "reason": ""}
    del record["summary"]["counts"]["failed"]
    record["summary"]["counts"]["passed"] += 1
    record["summary"] |= {"exitCode": 0, "sentence": "every MUST that was judged holds"}
    return f"results[{row['id']}]"


def _answer(record: Record, exchanges: Exchanges) -> str:
    """Besides, the answer that shows it."""
    place = _verdict(record, exchanges)
    row = next(row for row in exchanges if f"results[{row['check']}]" == place and row["response"]["status"] == 202)
    row["response"] |= {"status": 409, "body": '{"error": ["no"]}', "headers": {"content-type": "application/json"}}
    return ""  # what comes after it does not fit any more, wherever that shows first


def _swapped(record: Record, exchanges: Exchanges) -> str:
    """Two exchanges in each other's place, with numbers and times as they should be."""
    del record
    one = next(place for place, row in enumerate(exchanges[:-1]) if row["request"] != exchanges[place + 1]["request"])
    first, second = exchanges[one : one + 2]
    exchanges[one : one + 2] = [
        {**second, "number": first["number"], "at": first["at"]},
        {**first, "number": second["number"], "at": second["at"]},
    ]
    return f"exchange {first['number']}:"


def _dropped(record: Record, exchanges: Exchanges) -> str:
    """An exchange is gone, and those after it are numbered anew."""
    del record, exchanges[40]
    for number, row in enumerate(exchanges, 1):
        row["number"] = number
    return "exchange "


def _added(record: Record, exchanges: Exchanges) -> str:
    """An exchange too many at the end."""
    del record
    exchanges.append({**exchanges[-1], "number": len(exchanges) + 1})
    return f"exchange {len(exchanges)} is one more than the plan asks"


def _left_out(record: Record, exchanges: Exchanges) -> str:
    """The test that failed was never planned."""
    place = _verdict(record, exchanges)
    name = place.partition("[")[2][:-1]
    record["results"] = [row for row in record["results"] if row["id"] != name]
    record["plan"]["tests"].remove(name)
    checks = {check.id: check for check in plan_for(CONTRACT)}
    record["plan"]["sha256"] = plan_digest([checks[test] for test in record["plan"]["tests"]])
    return ""


def _skipped(record: Record, exchanges: Exchanges) -> str:
    """The test that failed was left out on demand."""
    name = _verdict(record, exchanges).partition("[")[2][:-1]
    record["run"]["skip"] = [name]
    return ""


def _excused(record: Record, exchanges: Exchanges) -> str:
    """What failed was known, so that it did not count."""
    del exchanges
    record["run"]["baseline"] = [{"id": BROKEN, "reason": "known", "expires": "2099-12-31"}]
    record["summary"] |= {"exitCode": 0, "sentence": "every MUST that was judged holds"}
    return "summary."


def _proof(record: Record, exchanges: Exchanges) -> str:
    """A better proof of the suite than there is."""
    del exchanges
    record["suite"]["proof"] = {**(record["suite"]["proof"] or {}), "faulty": 9999, "caught": 9999}
    record["suite"]["proof"] |= dict.fromkeys(("lawful", "green", "seeds"), 9)
    record["suite"]["proof"]["catalogueSha256"] = "0" * 64
    return "suite.proof"


def _suite(record: Record, exchanges: Exchanges) -> str:
    """Another suite, which may have looked away."""
    del exchanges
    record["suite"]["sha256"] = "0" * 64
    return "made by another build of the suite"


def _times(record: Record, exchanges: Exchanges) -> str:
    """A run that took no time."""
    exchanges[-1]["at"] += 10
    record["run"]["endedAt"] = record["run"]["startedAt"]
    return "record.json: run.endedAt is 0 s after run.startedAt"


@pytest.mark.parametrize(
    "forge",
    [_verdict, _answer, _swapped, _dropped, _added, _left_out, _skipped, _excused, _proof, _suite, _times],
)
def test_a_forgery_is_found(forge: Callable[[Record, Exchanges], str], failing: Path) -> None:
    """Signed anew by somebody else: the exchanges do not make it so, and the vendor's key says no."""
    with copy_of(failing) as forged:
        record, exchanges = copy.deepcopy(record_in(forged)), exchanges_in(forged)
        place = forge(record, exchanges)
        put(forged, record, exchanges)
        found = verify(forged, CONTRACT)
        assert found
        assert any(place in sentence for sentence in found), found
        vendor, forger = failing.with_name("vendor.pub"), forged.with_name(f"{forged.name}-forger.pub")
        by_vendor = list(of_certificate(forged, CONTRACT, {vendor: public_key(vendor)}))
        assert any("not signed with" in sentence for sentence in by_vendor)
        by_forger = list(of_certificate(forged, CONTRACT, {forger: public_key(forger)}))
        assert not any("not signed with" in sentence for sentence in by_forger)


def test_a_record_with_more_in_it_is_none(failing: Path) -> None:
    """What the published form does not know cannot stand in a record."""
    with copy_of(failing) as forged:
        record = record_in(forged)
        record["summary"]["grade"] = "A+"
        (forged / "record.json").write_text(json.dumps(record), "utf-8")
        found = verify(forged, CONTRACT)
    assert len(found) == 1
    assert "record.json.summary: " in found[0]


def test_another_contract_is_named(tmp_path: Path) -> None:
    """A certificate by a contract that was patched is none by the contract that everybody knows."""
    patched = tmp_path / "patched.yaml"
    text = (ROOT / "openapi.yaml").read_text("utf-8")
    patched.write_text(text.replace("title: Instance", "title: Instance, more or less", 1), "utf-8")
    assert patched.read_text("utf-8") != text
    rules, folder = load_contract(patched), tmp_path / "folder"
    with emulator() as url:
        certified(folder, url, contract=patched)
    put(folder, contract=rules)
    ended = command_line("verify", str(folder))
    assert ended.returncode == 1
    assert "judged by another contract, Instance, more or less 1.0.0" in ended.stdout
    assert command_line("verify", str(folder), "--contract", str(patched)).returncode == 0
    stated = json.loads((folder / "record.json").read_text("utf-8"))
    assert stated["contract"]["sha256"] == rules.digest != CONTRACT.digest
