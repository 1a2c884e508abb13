"""Has the contract suite send 1,000 generated examples, or so many, to every operation of an emulator.

Exit code: that of `contract-tests run`; 1 when the emulator does not start, or has anything to say on standard error.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
EXAMPLES = 1000
HOSTS = ("Guardis Test/Test Environment/web-1", "Guardis Test/Test Environment/test-host-on-Hyp3")
REPORTS = Path(os.path.relpath(Path(__file__).resolve().parents[1] / "reports" / "fuzz"))


def main() -> int:
    """Judge an emulator with instant timing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="for each operation")
    examples = parser.parse_args().examples
    REPORTS.mkdir(parents=True, exist_ok=True)
    errors = REPORTS / "emulator.log"
    command = [str(BIN / "hypervisor-emulator"), "serve", "--port", "0", "--log-format", "none", "--stop-with-parent"]
    with errors.open("w") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as emulator:
        try:
            ready, _, url = next(iter(emulator.stdout or ()), "").strip().partition(" ")
            code = judge(url, examples) if ready == "Ready." else 1
        finally:
            emulator.terminate()
    said = errors.read_text("utf-8")
    if said:
        print(f"fuzz: the emulator had something to say:\n{said[:4000]}", file=sys.stderr)
    return code or int(bool(said) or emulator.returncode != 0)


def judge(url: str, examples: int) -> int:
    """Run the suite against an emulator; its exit code."""
    hosts = [argument for host in HOSTS for argument in ("--host", host)]
    options = ["--max-examples", str(examples), "--report-dir", str(REPORTS / "contract")]
    return subprocess.run([str(BIN / "contract-tests"), "run", url, *hosts, *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
