"""Certifies the emulator, and a server that is wrong, and has both certificates verified as a customer would.

Everything goes to reports/certificates. With --keep both are put into docs/reports, packed, with a page about them.
Exit code 0 only when the emulator conforms, the other one does not, and both certificates agree with themselves.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from tests.faulty_servers.catalogue import FAULTS
from tests.suite.serving import emulator

ROOT = Path(__file__).resolve().parents[1]
MADE = Path(os.path.relpath(ROOT / "reports" / "certificates"))
KEPT = ROOT / "docs" / "reports"
BIN = Path(sys.executable).parent
HOSTS = ("Guardis Test/Test Environment/web-1", "Guardis Test/Test Environment/test-host-on-Hyp3")
SEED = "1"
FAULT = "pause-is-accepted-in-STOPPED"


@dataclass(frozen=True, slots=True)
class Example:
    """A server to certify: what stands on its certificate, and the exit code that `certify` must have."""

    name: str
    product: str
    says: str
    code: int

    @contextmanager
    def serve(self) -> Iterator[str]:
        """The server, until the block ends; its URL."""
        with emulator() if self.code == 0 else FAULTS[FAULT].start() as url:
            yield url


EXAMPLES = (
    Example("emulator", "hypervisor-emulator", "The emulator of this project, on instant timing.", 0),
    Example("faulty", "hypervisor-emulator with a fault", f"The emulator with one change: {FAULTS[FAULT].says}", 1),
)


def main() -> int:
    """0 when everything came out as it must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="put them into docs/reports")
    arguments = parser.parse_args()
    shutil.rmtree(MADE, ignore_errors=True)
    MADE.mkdir(parents=True)
    _contract_tests("keygen", MADE / "vendor", code=0)
    for example in EXAMPLES:
        with example.serve() as url:
            _contract_tests("certify", url, *_options(example), code=example.code)
        _contract_tests("verify", MADE / example.name, "--key", MADE / "vendor.pub", code=0)
    (MADE / "vendor").unlink()  # whoever signs in the open has a key for one day
    if arguments.keep:
        _keep()
    return 0


def _options(example: Example) -> list[str | Path]:
    said = [
        "--vendor",
        "the hypervisor-emulator contributors",
        "--product",
        example.product,
        "--product-version",
        "0.1.0",
    ]
    hosts = [word for host in HOSTS for word in ("--host", host)]
    return [*hosts, *said, "--random-seed", SEED, "--sign", MADE / "vendor", "--report-dir", MADE / example.name]


def _contract_tests(*arguments: str | Path, code: int) -> None:
    """Run a command, as a person does. SystemExit when it does not end with this code."""
    print(f"$ contract-tests {' '.join(map(str, arguments))}", flush=True)
    done = subprocess.run([BIN / "contract-tests", *arguments], check=False)
    if done.returncode != code:
        raise SystemExit(f"certificates: expected the exit code {code}, got {done.returncode}")


def _keep() -> None:
    """Pack both, with their badges, the public key, and a page."""
    KEPT.mkdir(parents=True, exist_ok=True)
    shutil.copy(MADE / "vendor.pub", KEPT / "vendor.pub")
    rows = []
    for example in EXAMPLES:
        folder, packed = MADE / example.name, KEPT / f"{example.name}.tar.gz"
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(folder, example.name, filter=_nobodys)
        shutil.copy(folder / "badge.svg", KEPT / f"{example.name}.svg")
        rows.append(
            {"example": example, "sha256": hashlib.sha256(packed.read_bytes()).hexdigest(), "says": _page(folder)}
        )
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=False)  # noqa: S701 - Markdown
    environment.keep_trailing_newline = True
    page = environment.get_template("certificates.md.jinja").render(rows=rows)
    (KEPT / "README.md").write_text(page, "utf-8")


def _page(folder: Path) -> str:
    """What the README of a certificate says before it says how to check it, a level of headings lower."""
    told = (folder / "README.md").read_text("utf-8").partition("\n## Check it")[0]
    told = told.partition("](badge.svg)\n")[2].replace("](report.html)", "](#have-a-look)")
    return re.sub(r"^#", "##", told, flags=re.MULTILINE).strip()


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """A file of the archive, without a word of who made it where."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    sys.exit(main())
