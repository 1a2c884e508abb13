"""The certificates in docs/reports: whatever has become of the suite since, they agree with themselves."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from contract_tests.certifying.certificate import of_certificate
from contract_tests.certifying.conclusion import Conclusion, conclusion
from contract_tests.certifying.keys import public_key
from contract_tests.certifying.verifying import of_form, verify
from contract_tests.running.suite import suite
from tests.certificate.folders import CONTRACT, record_in
from tests.patience import PATIENCE
from tests.suite.judging import ROOT

KEPT = ROOT / "docs" / "reports"
EXAMPLES = {"emulator": Conclusion.CONFORMANT, "faulty": Conclusion.NON_CONFORMANT}


def test_the_page_is_about_what_is_there() -> None:
    """docs/reports/README.md names each archive with its digest, and has the Reproduce section."""
    page = (KEPT / "README.md").read_text("utf-8")
    assert {path.name for path in KEPT.glob("*.tar.gz")} == {f"{name}.tar.gz" for name in EXAMPLES}
    for name in EXAMPLES:
        assert hashlib.sha256((KEPT / f"{name}.tar.gz").read_bytes()).hexdigest() in page
    assert "\n## Reproduce\n" in page


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_says_what_it_is(name: str, tmp_path: Path) -> None:
    """It is of its form and has the verdict that the page shows; the suite that made it agrees, another one says so."""
    subprocess.run(["tar", "-xzf", KEPT / f"{name}.tar.gz", "-C", tmp_path], check=True, timeout=PATIENCE)
    folder, key = tmp_path / name, KEPT / "vendor.pub"
    assert list(of_form(folder)) == []
    if record_in(folder)["contract"]["sha256"] == CONTRACT.digest:
        assert conclusion(record_in(folder), CONTRACT) is EXAMPLES[name]
    made_by, here = record_in(folder)["suite"], suite()
    if made_by["sha256"] == here["sha256"]:
        assert list(of_certificate(folder, CONTRACT, {key: public_key(key)})) == []
        if made_by["libraries"] == here["libraries"]:  # others may draw otherwise
            assert verify(folder, CONTRACT) == []
    else:
        assert "another build of the suite" in verify(folder, CONTRACT)[0]
